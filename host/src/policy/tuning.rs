//! The wasmtime settings, shared to the letter by `build.rs`, which compiles the
//! built-in policy with them, and by the host, which loads it.

use wasmtime::Config;

/// Bytes of a policy's own stack.
pub(crate) const STACK: usize = 512 << 10;

/// Settings of every policy: bounded in time by epochs and in stack by [`STACK`],
/// without proposals that no policy needs.
pub(crate) fn config() -> Config {
    let mut config = Config::new();
    config.epoch_interruption(true);
    config.max_wasm_stack(STACK);
    config.wasm_backtrace_max_frames(None);
    config.generate_address_map(false);
    config.native_unwind_info(false);
    config
}

/// Reserves no more addresses than a policy needs.
pub(crate) fn narrow(config: &mut Config) -> &mut Config {
    config.memory_reservation(64 << 20).memory_guard_size(64 << 10)
}

/// Settings of the built-in one, which must run wherever paude does: also under a limit on
/// addresses.
pub(crate) fn builtin() -> Config {
    let mut config = config();
    narrow(&mut config);
    // Its data are a few pages: to copy them takes less than to make a file in memory.
    config.memory_init_cow(false);
    config
}

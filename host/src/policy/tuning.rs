//! The wasmtime settings. `build.rs` includes this file too: the machine code of the built-in
//! policy loads only into an engine with the settings it was compiled with.

use wasmtime::Config;

/// Bytes of the WebAssembly stack.
pub(crate) const STACK: usize = 512 << 10;

/// The settings common to all policies: epochs can end a call, and the stack is limited to
/// [`STACK`].
pub(crate) fn config() -> Config {
    let mut config = Config::new();
    config.epoch_interruption(true);
    config.max_wasm_stack(STACK);
    config.wasm_backtrace_max_frames(None);
    config.generate_address_map(false);
    config.native_unwind_info(false);
    config
}

/// Reserves little address space for each memory.
pub(crate) fn reserve_little(config: &mut Config) -> &mut Config {
    config.memory_reservation(64 << 20).memory_guard_size(64 << 10)
}

/// The settings of the built-in policy, which must also run under a limit on address space.
pub(crate) fn builtin() -> Config {
    let mut config = config();
    reserve_little(&mut config);
    // Copying its few pages of data is faster than creating a memory file for them.
    config.memory_init_cow(false);
    config
}

//! The built-in policy: the machine code that was made of it when paude was built.

use wasmtime::component::Component;
use wasmtime::{Engine, Result};

use super::tuning;
use crate::unsafe_calls::{BUILTIN_COMPILED, builtin_policy};

/// The component: what any other WASI host can run as well.
pub fn builtin() -> &'static [u8] {
    include_bytes!(concat!(env!("OUT_DIR"), "/policy.wasm"))
}

/// An engine for it. Its compiler is not started where the machine code is at hand.
pub(super) fn engine() -> Result<Engine> {
    let mut settings = tuning::builtin();
    settings.enable_compiler(!BUILTIN_COMPILED);
    Engine::new(&settings)
}

/// The policy, for that engine.
pub(super) fn component(engine: &Engine) -> Result<Component> {
    match BUILTIN_COMPILED {
        true => builtin_policy(engine),
        false => Component::from_binary(engine, builtin()),
    }
}

//! The built-in policy: the machine code that was made of it when paude was built.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use wasmtime::component::Component;
use wasmtime::{CustomCodeMemory, Engine, Result};

use super::tuning;
use crate::unsafe_calls::{BUILTIN_COMPILED, BUILTIN_EXECUTABLE, builtin_policy};

/// The component: what any other WASI host can run as well.
pub fn builtin() -> &'static [u8] {
    include_bytes!(concat!(env!("OUT_DIR"), "/policy.wasm"))
}

/// The policy, and the engine that it is for. Its compiler is not started where the machine
/// code is at hand.
pub(super) fn load() -> Result<(Engine, Component)> {
    /// Whether the machine code is run where it lies already. wasmtime takes code at one
    /// address only once in a process: whoever comes second gets a copy.
    static TAKEN: AtomicBool = AtomicBool::new(false);

    let mut settings = tuning::builtin();
    settings.enable_compiler(!BUILTIN_COMPILED);
    let in_place = BUILTIN_EXECUTABLE && !TAKEN.swap(true, Ordering::Relaxed);
    if in_place {
        settings.with_custom_code_memory(Some(Arc::new(Executable)));
    }
    let engine = Engine::new(&settings)?;
    let component = match BUILTIN_COMPILED {
        true => builtin_policy(&engine, in_place)?,
        false => Component::from_binary(&engine, builtin())?,
    };
    Ok((engine, component))
}

/// Code that needs nothing to be executed: it is a part of this program's own.
struct Executable;

impl CustomCodeMemory for Executable {
    fn required_alignment(&self) -> usize {
        1
    }

    fn publish_executable(&self, _: *const u8, _: usize) -> Result<()> {
        Ok(())
    }

    fn unpublish_executable(&self, _: *const u8, _: usize) -> Result<()> {
        Ok(())
    }
}

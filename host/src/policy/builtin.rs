//! The built-in policies: one component, held as its bytes and as the machine code that `build.rs`
//! made of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use wasmtime::component::Component;
use wasmtime::{CustomCodeMemory, Engine, Result};

use super::tuning;
use crate::config::BuiltinPolicy;
use crate::unsafe_calls::{BUILTIN_COMPILED, BUILTIN_EXECUTABLE, builtin_policy};

/// The bytes of the component, which any other WASI host can run as well. It is a policy like any
/// other, `python`; the other ones are further exports, each with a `detect` of the same type.
pub(crate) fn builtin() -> &'static [u8] {
    include_bytes!(concat!(env!("OUT_DIR"), "/policy.wasm"))
}

/// The instance in which a policy exports `detect`; `node` and `rust` have instances of their own.
pub(super) const DETECTION: &str = "paude:isolation/detection@0.1.0";

/// The instance of the component that exports the `detect` of a policy.
pub(super) fn export(policy: BuiltinPolicy) -> &'static str {
    match policy {
        BuiltinPolicy::Python => DETECTION,
        BuiltinPolicy::Node | BuiltinPolicy::Rust => policy.name(),
    }
}

/// Loads the component into an engine of its own, which has a compiler only if the program
/// contains no machine code for this target.
pub(super) fn load() -> Result<(Engine, Component)> {
    /// Whether the machine code in the program is in use: wasmtime registers code at one
    /// address only once in a process, so that every later caller needs a copy.
    static IN_USE: AtomicBool = AtomicBool::new(false);

    let mut settings = tuning::builtin();
    settings.enable_compiler(!BUILTIN_COMPILED);
    let in_place = BUILTIN_EXECUTABLE && !IN_USE.swap(true, Ordering::Relaxed);
    if in_place {
        settings.with_custom_code_memory(Some(Arc::new(ExecutableMemory)));
    }
    let engine = Engine::new(&settings)?;
    let component = match BUILTIN_COMPILED {
        true => builtin_policy(&engine, in_place)?,
        false => Component::from_binary(&engine, builtin())?,
    };
    Ok((engine, component))
}

/// Memory whose protection never changes: the code lies in the program's own text segment.
struct ExecutableMemory;

impl CustomCodeMemory for ExecutableMemory {
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

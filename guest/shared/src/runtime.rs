//! What a component needs in place of `std`: memory, and an end for a panic.

#![expect(unsafe_code, reason = "the canonical ABI and libc are met by symbol name")]

use alloc::alloc::{Layout, alloc, realloc};
use core::arch::wasm32::unreachable;

/// It hands out what it had the memory grow by; libc's heap, if anything linked it, would
/// do the same beside it.
#[global_allocator]
static HEAP: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

/// A panic is a trap: there is no terminal to explain it on.
#[cfg(not(test))]
#[panic_handler]
fn trap(_: &core::panic::PanicInfo<'_>) -> ! {
    unreachable()
}

// `core` compares slices with `memcmp`, which this target takes from libc.
#[link(name = "c")]
unsafe extern "C" {}

/// The function by which the host makes room for its arguments and answers.
///
/// On this target `wit-bindgen` leaves it to libc, whose heap is not ours:
/// what the host allocated there would be freed here. If nobody defines it, the
/// component is still built, with one that never reuses a byte.
///
/// # Safety
///
/// The host calls it as the canonical ABI says: `old` is null with `old_len` 0,
/// or was returned by this function for `old_len` and `align`, a power of two.
#[unsafe(export_name = "cabi_realloc")]
unsafe extern "C" fn cabi_realloc(
    old: *mut u8,
    old_len: usize,
    align: usize,
    new_len: usize,
) -> *mut u8 {
    if new_len == 0 {
        return core::ptr::without_provenance_mut(align);
    }
    let size = if old_len == 0 { new_len } else { old_len };
    let Ok(layout) = Layout::from_size_align(size, align) else { unreachable() };
    let new = if old_len == 0 {
        // SAFETY: the size is not zero.
        unsafe { alloc(layout) }
    } else {
        // SAFETY: `old` came from here with this layout, by the contract above.
        unsafe { realloc(old, layout, new_len) }
    };
    if new.is_null() { unreachable() } else { new }
}

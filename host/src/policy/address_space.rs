//! What a limit of address space (`ulimit -v`) leaves for reading and compiling a component.
//!
//! Where an allocation or the stack meets that limit, the process is aborted. So each gets a part
//! of what is left, and the watchdog ends the policy before either is used up.

use rustix::process::{Resource, getrlimit};

use super::limits::Allowed;
use super::watchdog::status_bytes;

/// Bytes of the stack for a custom component. wasmtime's reader recurses as deep as the types are
/// nested, without a limit: the watchdog ([`Allowed::growth`]) must end it before it overflows
/// the stack, which would abort paude.
const READER_STACK: usize = 1 << 30;

/// By how much a component may grow in the time until the watchdog notices, in bytes.
const MARGIN: usize = 64 << 20;

/// The parts of the address space that is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AddressSpace {
    /// Whether there is a limit at all.
    pub(super) is_limited: bool,
    /// Bytes of the stack on which a component is read.
    pub(super) stack: usize,
    /// The highest value of [`Allowed::growth`] for which neither part is used up.
    pub(super) growth: usize,
}

impl AddressSpace {
    /// Divides what is left to this process.
    pub(super) fn divide() -> Self {
        let limit = getrlimit(Resource::As).current;
        let used = status_bytes("VmSize:").unwrap_or_default();
        let limit = limit.map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
        Self::of(limit.map(|limit| limit.saturating_sub(used)))
    }

    /// Halves what is left: the stack is reserved whole, the rest is allocated as needed.
    fn of(left: Option<usize>) -> Self {
        let Some(left) = left else {
            return Self { is_limited: false, stack: READER_STACK, growth: usize::MAX };
        };
        let stack = (left / 2).min(READER_STACK);
        let growth = stack - MARGIN.min(stack / 2);
        Self { is_limited: true, stack, growth }
    }
}

impl Allowed {
    /// The same with no more growth than the address space has room for.
    pub(super) fn within(self, space: AddressSpace) -> Self {
        Self { growth: self.growth.min(space.growth), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    #[test]
    fn the_watchdog_ends_a_component_before_its_part_is_used_up() {
        for left in [0, 1, MIB, 100 * MIB, 300 * MIB, 512 * MIB, 1024 * MIB, usize::MAX] {
            let AddressSpace { stack, growth, .. } = AddressSpace::of(Some(left));
            assert!(stack <= left / 2 && growth <= stack, "{left}");
            assert!(stack - growth >= MARGIN.min(stack / 2), "{left}");
        }
        // Under a gigabyte, as batch systems limit it, nothing is taken from the growth.
        let allowed = Allowed::DEFAULT.within(AddressSpace::of(Some(900 * MIB)));
        assert_eq!(allowed.growth, Allowed::DEFAULT.growth);
        let allowed = Allowed::DEFAULT.within(AddressSpace::of(None));
        assert_eq!(allowed.growth, Allowed::DEFAULT.growth);
    }
}

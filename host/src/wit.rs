//! The bindings of `paude:isolation`. Their types are for `policy` and `plan`.

wasmtime::component::bindgen!({
    path: "../wit",
    world: "policy",
    additional_derives: [Clone, PartialEq],
});

pub(crate) use self::exports::paude::isolation::{detection, planning};
pub(crate) use self::paude::isolation::types::*;

/// A policy's answer, with the layout that it was told. Nobody has checked it.
#[derive(Clone, Debug)]
pub struct RawPlan {
    /// What was found.
    pub(crate) findings: Findings,
    /// How it is to be mounted.
    pub(crate) plan: Plan,
    /// What the policy was told about the container.
    pub(crate) layout: Layout,
}

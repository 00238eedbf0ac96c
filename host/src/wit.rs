//! The bindings of `paude:isolation`. Only `policy` and `plan` use their types.

use std::collections::BTreeMap;

wasmtime::component::bindgen!({
    path: "wit",
    world: "policy",
    additional_derives: [Clone, PartialEq],
});

pub(crate) use self::exports::paude::isolation::planning;
pub(crate) use self::paude::isolation::types::*;

/// The untrusted result of the policies, with the layout they were given.
#[derive(Clone, Debug)]
pub struct RawPlan {
    /// The result of `detect`, of all policies together.
    pub(crate) findings: Findings,
    /// The result of `plan`.
    pub(crate) plan: Plan,
    /// The argument of `plan`, which the result has to match.
    pub(crate) layout: Layout,
    /// What the user wants findings to be stored in, by their paths; `layout.backing` of the others.
    pub(crate) backings: BTreeMap<String, Backing>,
}

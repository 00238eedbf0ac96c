//! The bindings of `paude:isolation`. Their types are for `policy` and `plan`.

wasmtime::component::bindgen!({
    path: "../wit",
    world: "policy",
    additional_derives: [Clone, PartialEq],
});

pub(crate) use self::exports::paude::isolation::{detection, planning};
pub(crate) use self::paude::isolation::types::*;

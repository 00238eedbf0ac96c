//! Checks the imports and exports of a component against what this host can run, and collects
//! every fault before any of the component's code runs.

use wasmtime::Engine;
use wasmtime::component::types::{self, ComponentFunc, ComponentItem};
use wasmtime::component::{Component, ComponentNamedList, InstancePre, Lift, Lower};

use super::INTERFACE;
use super::sandbox::{self, PolicyState};
use crate::escape::brief;
use crate::wit::{Findings, Layout, Plan, Query, Refusal};

/// A reason why this host cannot run a component.
#[derive(Debug)]
pub(super) struct ComponentFault {
    /// A clause whose subject is the component, as `it`.
    pub(super) what: String,
    /// What the author of the policy can do.
    pub(super) hint: &'static str,
}

impl ComponentFault {
    fn new(what: impl Into<String>, hint: &'static str) -> Self {
        Self { what: what.into(), hint }
    }

    /// A fault that only wasmtime found, with its error message.
    pub(super) fn other(what: &str, error: &wasmtime::Error) -> Self {
        Self::new(format!("{what}: {}", brief(&format!("{error:#}"))), REBUILD)
    }
}

const REBUILD: &str =
    "rebuild it against the interface of this paude, which `paude policy new` writes";
const CREATE: &str = "a policy is a WebAssembly component; `paude policy new` creates one";
const WRAP: &str = "build it for wasm32-wasip2, or convert it with `wasm-tools component new`";
const EXPORT: &str =
    "a policy exports `paude:isolation/detection@0.1.0`; `paude policy new` creates one that does";
const VERSION: &str = "build it against the interface of this paude, which `paude policy new` \
     writes, or use a paude that supports its version";
const IMPORT: &str = "a policy may import wasi:cli, wasi:clocks, wasi:filesystem, wasi:io and \
     wasi:random, version 0.2";

/// Checks the first bytes of a file: whether it has the header of a component.
pub(super) fn check_header(bytes: &[u8]) -> Result<(), ComponentFault> {
    let fault = match bytes {
        [] => ComponentFault::new("it is empty", CREATE),
        [b'\0', b'a', b's', b'm', 1, 0, 0, 0, ..] => {
            ComponentFault::new("it is a core module, not a component", WRAP)
        }
        [b'\0', b'a', b's', b'm', ..] => return Ok(()),
        _ => {
            let start = String::from_utf8_lossy(&bytes[..bytes.len().min(16)]);
            let what = format!("it is not WebAssembly: it begins with `{}`", brief(&start));
            ComponentFault::new(what, CREATE)
        }
    };
    Err(fault)
}

/// The exports, imports and faults of a component.
#[derive(Debug, Default)]
pub(super) struct Inspection {
    pub(super) exports: Vec<String>,
    /// Each name, and whether a call of it ends the policy.
    pub(super) imports: Vec<(String, bool)>,
    pub(super) faults: Vec<ComponentFault>,
}

impl From<ComponentFault> for Inspection {
    fn from(fault: ComponentFault) -> Self {
        Self { faults: vec![fault], ..Self::default() }
    }
}

impl Inspection {
    /// Checks the types of a component and links its imports. The error is the inspection of
    /// a component with at least one fault.
    pub(super) fn check(
        engine: &Engine,
        component: &Component,
    ) -> Result<(Self, InstancePre<PolicyState>), Self> {
        let ty = component.component_type();
        let mut inspection = Self::default();
        for (name, _) in ty.exports(engine) {
            inspection.exports.push(brief(name));
        }
        for (name, item) in ty.imports(engine) {
            inspection.imports.push((brief(name), sandbox::is_tolerated(name)));
            if is_needed(engine, &item.ty) && !sandbox::is_known(name) {
                let what =
                    format!("it imports `{}`, which is not available to policies", brief(name));
                inspection.faults.push(ComponentFault::new(what, IMPORT));
            }
        }
        let linked = match inspection.faults.is_empty() {
            true => sandbox::link(engine, component)
                .inspect_err(|error| {
                    let what = "it imports an interface in a form that this host does not provide";
                    inspection.faults.push(ComponentFault::other(what, error));
                })
                .ok(),
            false => None,
        };
        inspection.check_exports(engine, &ty);
        match linked {
            Some(pre) if inspection.faults.is_empty() => Ok((inspection, pre)),
            _ => Err(inspection),
        }
    }

    fn check_exports(&mut self, engine: &Engine, component: &types::Component) {
        let is_paude = |name: &&String| name.starts_with("paude:isolation/");
        let exported: Vec<_> = self.exports.iter().filter(is_paude).cloned().collect();
        if exported.is_empty() {
            let others: Vec<_> =
                self.exports.iter().take(3).map(|name| format!("`{name}`")).collect();
            let others = match others.as_slice() {
                [] => "nothing".to_owned(),
                _ => format!("{} and no policy interface", others.join(", ")),
            };
            self.faults.push(ComponentFault::new(format!("it exports {others}"), EXPORT));
            return;
        }
        let mut detects = false;
        for name in exported {
            let Some(ExpectedExport { function, has_type }) = expected_export(&name) else {
                let what = format!("it exports `{name}`, but this paude supports {INTERFACE}");
                self.faults.push(ComponentFault::new(what, VERSION));
                detects |= name.starts_with("paude:isolation/detection@");
                continue;
            };
            detects |= function == "detect";
            match find_function(engine, component, &name, function) {
                None => {
                    let what = format!("its `{name}` has no function `{function}`");
                    self.faults.push(ComponentFault::new(what, REBUILD));
                }
                Some(found) if !has_type(&found, component) => {
                    let what = format!(
                        "its function `{function}` has a different type than in {INTERFACE}"
                    );
                    self.faults.push(ComponentFault::new(what, REBUILD));
                }
                Some(_) => {}
            }
        }
        if !detects {
            let what = "it exports no `paude:isolation/detection@0.1.0`";
            self.faults.push(ComponentFault::new(what, EXPORT));
        }
    }
}

/// The function that an exported interface must contain.
struct ExpectedExport {
    function: &'static str,
    /// Whether a function has the type that the WIT package gives it.
    has_type: fn(&ComponentFunc, &types::Component) -> bool,
}

/// What an export with this name must contain; `None` unless it is an interface of a policy in
/// a version that is compatible with 0.1.0.
fn expected_export(name: &str) -> Option<ExpectedExport> {
    let (interface, version) = name.split_once('@')?;
    let expected = match interface {
        "paude:isolation/detection" => ExpectedExport {
            function: "detect",
            has_type: has_type::<(Query,), (Result<Findings, Refusal>,)>,
        },
        "paude:isolation/planning" => ExpectedExport {
            function: "plan",
            has_type: has_type::<(Findings, Layout), (Result<Plan, Refusal>,)>,
        },
        _ => return None,
    };
    let patch = version.strip_prefix("0.1.")?;
    patch.bytes().all(|b| b.is_ascii_digit()).then_some(expected)
}

/// Checks a function's type as the generated bindings do, but without an instance.
/// (`typecheck` is public for those bindings, and absent from wasmtime's documentation.)
fn has_type<Params, Return>(found: &ComponentFunc, component: &types::Component) -> bool
where
    Params: ComponentNamedList + Lower,
    Return: ComponentNamedList + Lift,
{
    !found.async_() && found.typecheck::<Params, Return>(&component.instance_type()).is_ok()
}

/// Whether the host has to provide an import: one with nothing but types needs no code.
fn is_needed(engine: &Engine, item: &ComponentItem) -> bool {
    match item {
        ComponentItem::ComponentInstance(instance) => {
            instance.exports(engine).any(|(_, item)| !matches!(item.ty, ComponentItem::Type(_)))
        }
        ComponentItem::Type(_) => false,
        _ => true,
    }
}

fn find_function(
    engine: &Engine,
    component: &types::Component,
    interface: &str,
    name: &str,
) -> Option<ComponentFunc> {
    let export = component.get_export(engine, interface)?;
    let ComponentItem::ComponentInstance(instance) = export.ty else { return None };
    match instance.get_export(engine, name)?.ty {
        ComponentItem::ComponentFunc(function) => Some(function),
        _ => None,
    }
}

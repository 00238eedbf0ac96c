//! What a component says of itself, held against what this host can run: every fault at
//! once, before any of its code runs.

use wasmtime::Engine;
use wasmtime::component::types::{self, ComponentFunc, ComponentItem};
use wasmtime::component::{Component, ComponentNamedList, InstancePre, Lift, Lower};

use super::SPOKEN;
use super::sandbox::{self, State};
use crate::escape::brief;
use crate::wit::{Findings, Layout, Plan, Query, Refusal};

/// Something for which this host cannot run a component.
#[derive(Debug)]
pub(super) struct Fault {
    /// What is wrong with `it`.
    pub(super) what: String,
    /// What to do.
    pub(super) hint: &'static str,
}

impl Fault {
    fn new(what: impl Into<String>, hint: &'static str) -> Self {
        Self { what: what.into(), hint }
    }

    /// What nobody here foresaw, in wasmtime's words.
    pub(super) fn other(what: &str, error: &wasmtime::Error) -> Self {
        Self::new(format!("{what}: {}", brief(&format!("{error:#}"))), AGAIN)
    }
}

const AGAIN: &str =
    "build it again, against the interface of this paude, which `paude policy new` writes";
const MAKE: &str = "a policy is a WebAssembly component; `paude policy new` makes one";
const WRAP: &str =
    "build it for wasm32-wasip2, or make a component of it with `wasm-tools component new`";
const EXPORT: &str =
    "a policy exports `paude:isolation/detection@0.1.0`; `paude policy new` makes one that does";
const VERSION: &str = "build it against the interface of this paude, which `paude policy new` writes, or use a paude \
     that speaks its version";
const IMPORT: &str = "a policy may import wasi:cli, wasi:clocks, wasi:filesystem, wasi:io and wasi:random, \
     version 0.2";

/// What is wrong with a file that is no component at all.
pub(super) fn not_a_component(bytes: &[u8]) -> Option<Fault> {
    match bytes {
        [] => Some(Fault::new("it is empty", MAKE)),
        [b'\0', b'a', b's', b'm', 1, 0, 0, 0, ..] => {
            Some(Fault::new("it is a core module, not a component", WRAP))
        }
        [b'\0', b'a', b's', b'm', ..] => None,
        _ => {
            let start = String::from_utf8_lossy(&bytes[..bytes.len().min(16)]);
            Some(Fault::new(format!("it is not WebAssembly, but begins `{}`", brief(&start)), MAKE))
        }
    }
}

/// What a component exports and imports, and what of it is wrong.
#[derive(Debug, Default)]
pub(super) struct Inspection {
    pub(super) exports: Vec<String>,
    /// Each with whether a call of it ends the policy.
    pub(super) imports: Vec<(String, bool)>,
    pub(super) faults: Vec<Fault>,
}

impl From<Fault> for Inspection {
    fn from(fault: Fault) -> Self {
        Self { faults: vec![fault], ..Self::default() }
    }
}

impl Inspection {
    /// Looks at the types of a component, and links what it imports. What cannot be run is
    /// the error.
    pub(super) fn of(
        engine: &Engine,
        component: &Component,
    ) -> Result<(Self, InstancePre<State>), Self> {
        let ty = component.component_type();
        let mut inspection = Self::default();
        for (name, _) in ty.exports(engine) {
            inspection.exports.push(brief(name));
        }
        for (name, item) in ty.imports(engine) {
            inspection.imports.push((brief(name), sandbox::is_tolerated(name)));
            if is_needed(engine, &item.ty) && !sandbox::is_known(name) {
                let what = format!("it imports `{}`, which no policy gets", brief(name));
                inspection.faults.push(Fault::new(what, IMPORT));
            }
        }
        let linked = match inspection.faults.is_empty() {
            true => sandbox::link(engine, component)
                .inspect_err(|error| {
                    let what = "it imports something in another form than it is given";
                    inspection.faults.push(Fault::other(what, error));
                })
                .ok(),
            false => None,
        };
        inspection.exports_fit(engine, &ty);
        match linked {
            Some(pre) if inspection.faults.is_empty() => Ok((inspection, pre)),
            _ => Err(inspection),
        }
    }

    fn exports_fit(&mut self, engine: &Engine, component: &types::Component) {
        let of_paude = |name: &&String| name.starts_with("paude:isolation/");
        let exported: Vec<_> = self.exports.iter().filter(of_paude).cloned().collect();
        if exported.is_empty() {
            let others: Vec<_> =
                self.exports.iter().take(3).map(|name| format!("`{name}`")).collect();
            let others = match others.as_slice() {
                [] => "nothing".to_owned(),
                _ => format!("{} and no policy", others.join(", ")),
            };
            self.faults.push(Fault::new(format!("it exports {others}"), EXPORT));
            return;
        }
        let mut detects = false;
        for name in exported {
            let Some(Spoken { function, fits }) = spoken(&name) else {
                let what = format!("it exports `{name}`, and this paude speaks {SPOKEN}");
                self.faults.push(Fault::new(what, VERSION));
                detects |= name.starts_with("paude:isolation/detection@");
                continue;
            };
            detects |= function == "detect";
            match self::function(engine, component, &name, function) {
                None => {
                    let what = format!("its `{name}` has no function `{function}`");
                    self.faults.push(Fault::new(what, AGAIN));
                }
                Some(found) if !fits(&found, component) => {
                    let what =
                        format!("its function `{function}` has another type than in {SPOKEN}");
                    self.faults.push(Fault::new(what, AGAIN));
                }
                Some(_) => {}
            }
        }
        if !detects {
            self.faults.push(Fault::new("it exports no `paude:isolation/detection@0.1.0`", EXPORT));
        }
    }
}

/// The one function of an interface that is exported.
struct Spoken {
    function: &'static str,
    /// Whether one of that name has its type.
    fits: fn(&ComponentFunc, &types::Component) -> bool,
}

/// What an export has to be, if it is in a version that fits 0.1.0.
fn spoken(name: &str) -> Option<Spoken> {
    let (interface, version) = name.split_once('@')?;
    let spoken = match interface {
        "paude:isolation/detection" => {
            Spoken { function: "detect", fits: fits::<(Query,), (Result<Findings, Refusal>,)> }
        }
        "paude:isolation/planning" => {
            Spoken { function: "plan", fits: fits::<(Findings, Layout), (Result<Plan, Refusal>,)> }
        }
        _ => return None,
    };
    let patch = version.strip_prefix("0.1.")?;
    patch.bytes().all(|b| b.is_ascii_digit()).then_some(spoken)
}

/// wasmtime's own check of a type. What is generated from the interface makes it too, but
/// not before there is an instance. (`typecheck` is public for that generated code, and not
/// in wasmtime's documentation.)
fn fits<Params, Return>(found: &ComponentFunc, component: &types::Component) -> bool
where
    Params: ComponentNamedList + Lower,
    Return: ComponentNamedList + Lift,
{
    !found.async_() && found.typecheck::<Params, Return>(&component.instance_type()).is_ok()
}

/// Whether the host has to bring something: types alone are only names.
fn is_needed(engine: &Engine, item: &ComponentItem) -> bool {
    match item {
        ComponentItem::ComponentInstance(instance) => {
            instance.exports(engine).any(|(_, item)| !matches!(item.ty, ComponentItem::Type(_)))
        }
        ComponentItem::Type(_) => false,
        _ => true,
    }
}

fn function(
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

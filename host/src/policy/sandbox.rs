//! What a policy gets: the workspace read-only, clocks, and nothing else.

use std::collections::BTreeMap;
use std::fs::File;

use cap_std::fs::Dir;
use wasmtime::component::types::{ComponentExtern, ComponentItem};
use wasmtime::component::{
    Component, HasSelf, InstancePre, Linker, Resource, ResourceTable, ResourceType,
};
use wasmtime::{Engine, ResourceLimiter, Result, Store};
use wasmtime_wasi::cli::{WasiCli, WasiCliView as _};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView as _};
use wasmtime_wasi::filesystem::Descriptor;
use wasmtime_wasi::p2::bindings::{cli, clocks, filesystem, io, random, sync};
use wasmtime_wasi::random::{WasiRandom, WasiRandomView as _};
use wasmtime_wasi::{Deterministic, WasiCtx, WasiCtxView, WasiView};

use super::filesystem::ReadOnly;
use super::limits::{self, Limit};

/// Packages that common guest toolchains import without need: linked, and every
/// call of them traps.
const TOLERATED: [&str; 2] = ["wasi:http/", "wasi:sockets/"];

/// An interface, and what links it.
type Interface = (&'static str, fn(&mut Linker<State>) -> Result<()>);

/// What a policy may import, in any version 0.2: what std needs on wasip2, and no more.
const LINKED: [Interface; 20] = [
    ("wasi:filesystem/preopens", |l| {
        filesystem::preopens::add_to_linker::<_, HasSelf<State>>(l, |state| state)
    }),
    ("wasi:filesystem/types", |l| {
        sync::filesystem::types::add_to_linker::<_, Files>(l, State::files)
    }),
    ("wasi:io/error", |l| io::error::add_to_linker::<_, Io>(l, State::table)),
    ("wasi:io/poll", |l| sync::io::poll::add_to_linker::<_, Io>(l, State::table)),
    ("wasi:io/streams", |l| sync::io::streams::add_to_linker::<_, Io>(l, State::table)),
    ("wasi:clocks/wall-clock", |l| {
        clocks::wall_clock::add_to_linker::<_, WasiClocks>(l, State::clocks)
    }),
    ("wasi:clocks/monotonic-clock", |l| {
        clocks::monotonic_clock::add_to_linker::<_, WasiClocks>(l, State::clocks)
    }),
    ("wasi:cli/environment", |l| cli::environment::add_to_linker::<_, WasiCli>(l, State::cli)),
    ("wasi:cli/exit", |l| cli::exit::add_to_linker::<_, WasiCli>(l, State::cli)),
    ("wasi:cli/stdin", |l| cli::stdin::add_to_linker::<_, WasiCli>(l, State::cli)),
    ("wasi:cli/stdout", |l| cli::stdout::add_to_linker::<_, WasiCli>(l, State::cli)),
    ("wasi:cli/stderr", |l| cli::stderr::add_to_linker::<_, WasiCli>(l, State::cli)),
    ("wasi:cli/terminal-input", |l| {
        cli::terminal_input::add_to_linker::<_, WasiCli>(l, State::cli)
    }),
    ("wasi:cli/terminal-output", |l| {
        cli::terminal_output::add_to_linker::<_, WasiCli>(l, State::cli)
    }),
    ("wasi:cli/terminal-stdin", |l| {
        cli::terminal_stdin::add_to_linker::<_, WasiCli>(l, State::cli)
    }),
    ("wasi:cli/terminal-stdout", |l| {
        cli::terminal_stdout::add_to_linker::<_, WasiCli>(l, State::cli)
    }),
    ("wasi:cli/terminal-stderr", |l| {
        cli::terminal_stderr::add_to_linker::<_, WasiCli>(l, State::cli)
    }),
    ("wasi:random/random", |l| random::random::add_to_linker::<_, WasiRandom>(l, State::random)),
    ("wasi:random/insecure", |l| {
        random::insecure::add_to_linker::<_, WasiRandom>(l, State::random)
    }),
    ("wasi:random/insecure-seed", |l| {
        random::insecure_seed::add_to_linker::<_, WasiRandom>(l, State::random)
    }),
];

/// Whether an import is linked, so that every call of it traps.
pub(super) fn is_tolerated(import: &str) -> bool {
    TOLERATED.iter().any(|package| import.starts_with(package))
}

/// What links an import, by its name.
fn linked(import: &str) -> Option<Interface> {
    let (name, version) = import.split_once('@')?;
    let interface = LINKED.into_iter().find(|(linked, _)| *linked == name);
    interface.filter(|_| version.starts_with("0.2."))
}

/// Whether an import is linked, by its name.
pub(super) fn is_known(import: &str) -> bool {
    is_tolerated(import) || linked(import).is_some()
}

/// The state of one policy's store.
pub(super) struct State {
    /// Made when a policy first asks for it, which the built-in one never does: to make it
    /// seeds random generators, though others take their place.
    wasi: Option<WasiCtx>,
    table: ResourceTable,
    root: Option<File>,
    /// Bytes of all its memories, and elements of all its tables.
    pub(super) memory: usize,
    elements: usize,
    /// Which limit ended the policy, if one did.
    pub(super) exceeded: Option<Limit>,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: self.wasi.get_or_insert_with(closed), table: &mut self.table }
    }
}

/// The preopen is the handle that the workspace holds. `WasiCtxBuilder` would open
/// the path a second time, and could meet another directory there.
impl filesystem::preopens::Host for State {
    fn get_directories(&mut self) -> Result<Vec<(Resource<Descriptor>, String)>> {
        let Some(root) = &self.root else { return Ok(Vec::new()) };
        let dir = Dir::from_std_file(root.try_clone()?);
        let handle = self.files().preopen(dir).map_err(wasmtime::Error::from)?;
        Ok(vec![(handle, super::ROOT.to_owned())])
    }
}

impl ResourceLimiter for State {
    fn memory_growing(&mut self, now: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        self.memory = self.memory.saturating_add(desired.saturating_sub(now));
        self.within(self.memory <= limits::MEMORY, Limit::Memory)
    }

    fn table_growing(&mut self, now: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        self.elements = self.elements.saturating_add(desired.saturating_sub(now));
        self.within(self.elements <= limits::TABLE_ELEMENTS, Limit::Table)
    }

    fn instances(&self) -> usize {
        limits::INSTANCES
    }

    fn tables(&self) -> usize {
        limits::INSTANCES
    }

    fn memories(&self) -> usize {
        limits::INSTANCES
    }
}

impl State {
    fn files(&mut self) -> ReadOnly<'_> {
        ReadOnly { table: &mut self.table }
    }

    fn table(&mut self) -> &mut ResourceTable {
        &mut self.table
    }

    /// Growth past a limit traps, so that it is named; a guest could survive a
    /// mere failure and go on with a wrong answer.
    fn within(&mut self, fits: bool, limit: Limit) -> Result<bool> {
        if fits {
            return Ok(true);
        }
        self.exceeded = Some(limit);
        Err(wasmtime::Error::msg("limit exceeded"))
    }
}

/// No arguments, no environment, closed stdin, output that goes nowhere: as the builder
/// starts. The random bytes are fixed, so that no answer varies.
fn closed() -> WasiCtx {
    let fixed = || Deterministic::new(vec![7, 5, 3, 2]);
    WasiCtx::builder()
        .secure_random(fixed())
        .insecure_random(fixed())
        .insecure_random_seed(0)
        .max_random_size(limits::RANDOM_BYTES)
        .build()
}

/// A store with every limit set. `root` is the workspace, if the policy may look.
pub(super) fn store(engine: &Engine, root: Option<File>) -> Store<State> {
    let mut table = ResourceTable::new();
    table.set_max_capacity(limits::OPEN_FILES);
    let state = State { wasi: None, table, root, memory: 0, elements: 0, exceeded: None };
    let mut store = Store::new(engine, state);
    store.limiter(|state| state);
    store.set_hostcall_fuel(limits::ANSWER_BYTES);
    // Whoever waits advances the epoch once, when the time is up.
    store.set_epoch_deadline(1);
    store
}

/// Links what a component imports and may have, each interface by its name.
pub(super) fn link(engine: &Engine, component: &Component) -> Result<InstancePre<State>> {
    let mut linker = Linker::new(engine);
    // Two imports may be one interface, in two versions that fit each other.
    let imports = component.component_type();
    let found: BTreeMap<_, _> =
        imports.imports(engine).filter_map(|(name, _)| linked(name)).collect();
    for add_to_linker in found.into_values() {
        add_to_linker(&mut linker)?;
    }
    tolerate(engine, &mut linker, component)?;
    linker.instantiate_pre(component)
}

/// Makes calls of tolerated imports trap. Only those: wasmtime's own way would also
/// put traps in place of what is linked in another patch version, such as what
/// componentize-py imports. Whatever else is unknown refuses the component by name.
fn tolerate(engine: &Engine, linker: &mut Linker<State>, component: &Component) -> Result<()> {
    let ty = component.component_type();
    let (tolerated, others): (Vec<_>, Vec<_>) = ty
        .imports(engine)
        .filter_map(|(name, item)| match item.ty {
            ComponentItem::ComponentInstance(instance) => Some((name, instance)),
            _ => None,
        })
        .partition(|(name, _)| is_tolerated(name));
    let of_others: Vec<_> =
        others.iter().flat_map(|(_, of)| of.exports(engine)).filter_map(resource).collect();
    for (name, instance) in &tolerated {
        let mut traps = linker.instance(name)?;
        for (export, item) in instance.exports(engine) {
            match item.ty {
                ComponentItem::ComponentFunc(_) => {
                    let what = format!("it called `{name}#{export}`, which no policy may");
                    traps.func_new(export, move |_, _, _, _| {
                        Err(wasmtime::Error::msg(what.clone()))
                    })?;
                }
                // A stream, say, that another interface defines is that one's.
                ComponentItem::Resource(ty) if !of_others.contains(&ty) => {
                    traps.resource(export, ResourceType::host::<()>(), |_, _| Ok(()))?;
                }
                _ => {}
            }
        }
    }
    Ok(())
}

fn resource((_, item): (&str, ComponentExtern<'_>)) -> Option<ResourceType> {
    match item.ty {
        ComponentItem::Resource(ty) => Some(ty),
        _ => None,
    }
}

struct Files;

impl wasmtime::component::HasData for Files {
    type Data<'a> = ReadOnly<'a>;
}

struct Io;

impl wasmtime::component::HasData for Io {
    type Data<'a> = &'a mut ResourceTable;
}

//! The sandbox of a policy: it can read the workspace and the clocks, and nothing else.

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

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

use super::filesystem::ReadOnlyFiles;
use super::limits::{self, Limit};

/// Packages that common guest toolchains import without using them: they are linked, and every
/// call of them traps.
const TOLERATED: [&str; 2] = ["wasi:http/", "wasi:sockets/"];

/// The name of an interface, and the function that links it.
type LinkedInterface = (&'static str, fn(&mut Linker<PolicyState>) -> Result<()>);

/// What a policy may import, in any version 0.2: exactly what `std` needs on wasm32-wasip2.
const LINKED: [LinkedInterface; 20] = [
    ("wasi:filesystem/preopens", |l| {
        filesystem::preopens::add_to_linker::<_, HasSelf<PolicyState>>(l, |state| state)
    }),
    ("wasi:filesystem/types", |l| {
        sync::filesystem::types::add_to_linker::<_, FilesView>(l, PolicyState::files)
    }),
    ("wasi:io/error", |l| io::error::add_to_linker::<_, TableView>(l, PolicyState::table)),
    ("wasi:io/poll", |l| sync::io::poll::add_to_linker::<_, TableView>(l, PolicyState::table)),
    ("wasi:io/streams", |l| {
        sync::io::streams::add_to_linker::<_, TableView>(l, PolicyState::table)
    }),
    ("wasi:clocks/wall-clock", |l| {
        clocks::wall_clock::add_to_linker::<_, WasiClocks>(l, PolicyState::clocks)
    }),
    ("wasi:clocks/monotonic-clock", |l| {
        clocks::monotonic_clock::add_to_linker::<_, WasiClocks>(l, PolicyState::clocks)
    }),
    ("wasi:cli/environment", |l| {
        cli::environment::add_to_linker::<_, WasiCli>(l, PolicyState::cli)
    }),
    ("wasi:cli/exit", |l| cli::exit::add_to_linker::<_, WasiCli>(l, PolicyState::cli)),
    ("wasi:cli/stdin", |l| cli::stdin::add_to_linker::<_, WasiCli>(l, PolicyState::cli)),
    ("wasi:cli/stdout", |l| cli::stdout::add_to_linker::<_, WasiCli>(l, PolicyState::cli)),
    ("wasi:cli/stderr", |l| cli::stderr::add_to_linker::<_, WasiCli>(l, PolicyState::cli)),
    ("wasi:cli/terminal-input", |l| {
        cli::terminal_input::add_to_linker::<_, WasiCli>(l, PolicyState::cli)
    }),
    ("wasi:cli/terminal-output", |l| {
        cli::terminal_output::add_to_linker::<_, WasiCli>(l, PolicyState::cli)
    }),
    ("wasi:cli/terminal-stdin", |l| {
        cli::terminal_stdin::add_to_linker::<_, WasiCli>(l, PolicyState::cli)
    }),
    ("wasi:cli/terminal-stdout", |l| {
        cli::terminal_stdout::add_to_linker::<_, WasiCli>(l, PolicyState::cli)
    }),
    ("wasi:cli/terminal-stderr", |l| {
        cli::terminal_stderr::add_to_linker::<_, WasiCli>(l, PolicyState::cli)
    }),
    ("wasi:random/random", |l| {
        random::random::add_to_linker::<_, WasiRandom>(l, PolicyState::random)
    }),
    ("wasi:random/insecure", |l| {
        random::insecure::add_to_linker::<_, WasiRandom>(l, PolicyState::random)
    }),
    ("wasi:random/insecure-seed", |l| {
        random::insecure_seed::add_to_linker::<_, WasiRandom>(l, PolicyState::random)
    }),
];

/// Whether an import is linked only so that every call of it traps.
pub(super) fn is_tolerated(import: &str) -> bool {
    TOLERATED.iter().any(|package| import.starts_with(package))
}

/// The interface that an import's name and version select.
fn find_interface(import: &str) -> Option<LinkedInterface> {
    let (name, version) = import.split_once('@')?;
    let interface = LINKED.into_iter().find(|(known, _)| *known == name);
    interface.filter(|_| version.starts_with("0.2."))
}

/// Whether an import can be linked, judged by its name.
pub(super) fn is_known(import: &str) -> bool {
    is_tolerated(import) || find_interface(import).is_some()
}

/// The state of one policy's store.
pub(super) struct PolicyState {
    /// Created on first use, because creation seeds random generators even if they are replaced,
    /// and the built-in policy never needs any of it.
    wasi: Option<WasiCtx>,
    table: ResourceTable,
    root: Option<File>,
    /// How many directories the policy has listed.
    pub(super) listed: Arc<AtomicU64>,
    /// Bytes of all its memories together.
    pub(super) memory: usize,
    /// Elements of all its tables together.
    elements: usize,
    /// The limit that ended the policy, if one did.
    pub(super) exceeded: Option<Limit>,
}

impl WasiView for PolicyState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: self.wasi.get_or_insert_with(closed_ctx), table: &mut self.table }
    }
}

/// The preopen is a copy of the handle in [`crate::workspace::Workspace`]. `WasiCtxBuilder`
/// would open the path again, where another directory may be by now.
impl filesystem::preopens::Host for PolicyState {
    fn get_directories(&mut self) -> Result<Vec<(Resource<Descriptor>, String)>> {
        let Some(root) = &self.root else { return Ok(Vec::new()) };
        let dir = Dir::from_std_file(root.try_clone()?);
        let handle = self.files().preopen(dir).map_err(wasmtime::Error::from)?;
        Ok(vec![(handle, super::ROOT.to_owned())])
    }
}

impl ResourceLimiter for PolicyState {
    fn memory_growing(&mut self, now: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        self.memory = self.memory.saturating_add(desired.saturating_sub(now));
        self.enforce(self.memory <= limits::MEMORY, Limit::Memory)
    }

    fn table_growing(&mut self, now: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        self.elements = self.elements.saturating_add(desired.saturating_sub(now));
        self.enforce(self.elements <= limits::TABLE_ELEMENTS, Limit::Table)
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

impl PolicyState {
    fn files(&mut self) -> ReadOnlyFiles<'_> {
        ReadOnlyFiles { table: &mut self.table, listed: &self.listed }
    }

    fn table(&mut self) -> &mut ResourceTable {
        &mut self.table
    }

    /// Traps if a limit is exceeded. A guest could ignore a mere failure to grow, and return a
    /// wrong result.
    fn enforce(&mut self, fits: bool, limit: Limit) -> Result<bool> {
        if fits {
            return Ok(true);
        }
        self.exceeded = Some(limit);
        Err(wasmtime::Error::msg("limit exceeded"))
    }
}

/// The defaults of the builder: no arguments, no environment, closed stdin, discarded output.
/// The random bytes are fixed, so that a policy returns the same result every time.
fn closed_ctx() -> WasiCtx {
    let fixed = || Deterministic::new(vec![7, 5, 3, 2]);
    WasiCtx::builder()
        .secure_random(fixed())
        .insecure_random(fixed())
        .insecure_random_seed(0)
        .max_random_size(limits::RANDOM_BYTES)
        .build()
}

/// Creates a store with every limit set. `root` is the workspace, if the policy may read it.
pub(super) fn create_store(
    engine: &Engine,
    root: Option<File>,
    listed: Arc<AtomicU64>,
) -> Store<PolicyState> {
    let mut table = ResourceTable::new();
    table.set_max_capacity(limits::OPEN_FILES);
    let state =
        PolicyState { wasi: None, table, root, listed, memory: 0, elements: 0, exceeded: None };
    let mut store = Store::new(engine, state);
    store.limiter(|state| state);
    store.set_hostcall_fuel(limits::CALL_BYTES);
    // The waiting thread increments the epoch once, when the time is over.
    store.set_epoch_deadline(1);
    store
}

/// Links the interfaces that a component imports, and no other.
pub(super) fn link(engine: &Engine, component: &Component) -> Result<InstancePre<PolicyState>> {
    let mut linker = Linker::new(engine);
    // A component may import one interface in two compatible versions; linking it twice fails.
    let imports = component.component_type();
    let interfaces: BTreeMap<_, _> =
        imports.imports(engine).filter_map(|(name, _)| find_interface(name)).collect();
    for add_to_linker in interfaces.into_values() {
        add_to_linker(&mut linker)?;
    }
    link_traps(engine, &mut linker, component)?;
    linker.instantiate_pre(component)
}

/// Makes calls of tolerated imports trap. `Linker::define_unknown_imports_as_traps` would also
/// replace interfaces that are linked in another patch version, as componentize-py imports
/// them. Any other unknown import makes the component invalid.
fn link_traps(
    engine: &Engine,
    linker: &mut Linker<PolicyState>,
    component: &Component,
) -> Result<()> {
    let ty = component.component_type();
    let (tolerated, others): (Vec<_>, Vec<_>) = ty
        .imports(engine)
        .filter_map(|(name, item)| match item.ty {
            ComponentItem::ComponentInstance(instance) => Some((name, instance)),
            _ => None,
        })
        .partition(|(name, _)| is_tolerated(name));
    let linked_resources: Vec<_> = others
        .iter()
        .flat_map(|(_, instance)| instance.exports(engine))
        .filter_map(resource_type)
        .collect();
    for (name, instance) in &tolerated {
        let mut traps = linker.instance(name)?;
        for (export, item) in instance.exports(engine) {
            match item.ty {
                ComponentItem::ComponentFunc(_) => {
                    let what = format!("it called `{name}#{export}`, which policies may not call");
                    traps.func_new(export, move |_, _, _, _| {
                        Err(wasmtime::Error::msg(what.clone()))
                    })?;
                }
                // A resource of another interface, such as a stream, is defined there.
                ComponentItem::Resource(ty) if !linked_resources.contains(&ty) => {
                    traps.resource(export, ResourceType::host::<()>(), |_, _| Ok(()))?;
                }
                _ => {}
            }
        }
    }
    Ok(())
}

fn resource_type((_, item): (&str, ComponentExtern<'_>)) -> Option<ResourceType> {
    match item.ty {
        ComponentItem::Resource(ty) => Some(ty),
        _ => None,
    }
}

struct FilesView;

impl wasmtime::component::HasData for FilesView {
    type Data<'a> = ReadOnlyFiles<'a>;
}

struct TableView;

impl wasmtime::component::HasData for TableView {
    type Data<'a> = &'a mut ResourceTable;
}

//! Runs a policy on a thread of its own.
//!
//! Epochs interrupt WebAssembly code, but neither a host call that blocks (a sleep, a slow disk)
//! nor a compilation. When the time is over, the caller therefore stops waiting and leaves the
//! thread behind, which ends with the process.

#[cfg(test)]
mod tests;

use std::fs::File;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use wasmtime::component::{Component, TypedFunc};
use wasmtime::{Engine, Result, Store};

use super::address_space::AddressSpace;
use super::builtin::{self, DETECTION};
use super::cache::Cache;
use super::failure::{PolicyFailure, classify_error};
use super::inspect::{self, ComponentFault, Inspection};
use super::limits::{Allowed, Limit};
use super::sandbox::{self, PolicyState};
use super::spinner::Spinner;
use super::tuning;
use super::watchdog::Watchdog;
use crate::config::BuiltinPolicy;
use crate::deadline::Deadline;
use crate::wit;

/// A component that is not built in and has to be compiled.
pub(super) struct CustomComponent {
    /// The content of its file.
    pub(super) bytes: Vec<u8>,
    /// The cache for its machine code, if it is to be cached.
    pub(super) cache: Option<Cache>,
    /// Shown while it is compiled.
    pub(super) spinner: Spinner,
}

/// Where the code of a policy comes from.
pub(super) enum CodeSource {
    /// From this program, compiled.
    Builtin(BuiltinPolicy),
    /// From a component, which is to be compiled.
    Custom(CustomComponent),
}

/// The code of a policy, before its thread starts.
enum ThreadCode {
    Compiled(Component),
    /// The bytes of a component, and the cache for its machine code.
    Binary(Vec<u8>, Option<Cache>),
}

/// The resources that a policy used, with its start and without its compilation.
#[derive(Clone, Copy, Debug)]
pub(super) struct PolicyUsage {
    /// Wall time.
    pub(super) time: Duration,
    /// The limit of the wall time.
    pub(super) allowed: Duration,
    /// Bytes of all its memories together.
    pub(super) memory: usize,
}

/// Bytes of the thread's stack; untouched pages take no memory.
const STACK: usize = 8 << 20;

/// What a policy's thread is started with.
struct ThreadInput {
    engine: Engine,
    code: ThreadCode,
    /// The instance that exports `detect`.
    detection: &'static str,
    /// Bytes of the thread's stack.
    stack: usize,
    /// Shown while the code is compiled, if it is.
    spinner: Option<Spinner>,
}

impl ThreadInput {
    /// Chooses the engine's settings and the stack.
    fn prepare(
        source: CodeSource,
        space: AddressSpace,
    ) -> std::result::Result<Self, PolicyFailure> {
        let unable = |error| PolicyFailure::Host(format!("no policy can run here: {error:#}"));
        let CustomComponent { bytes, cache, spinner } = match source {
            CodeSource::Custom(component) => component,
            CodeSource::Builtin(policy) => {
                let (engine, component) = builtin::load().map_err(unable)?;
                let code = ThreadCode::Compiled(component);
                let detection = builtin::export(policy);
                return Ok(Self { engine, code, detection, stack: STACK, spinner: None });
            }
        };
        let mut settings = tuning::config();
        match space.is_limited {
            // Large reservations make bounds checks unnecessary: compiling takes a third less
            // time, and less memory.
            false => settings.memory_reservation(4 << 30).memory_guard_size(32 << 20),
            true => tuning::reserve_little(&mut settings),
        };
        let engine = Engine::new(&settings).map_err(unable)?;
        let code = ThreadCode::Binary(bytes, cache);
        let stack = space.stack;
        Ok(Self { engine, code, detection: DETECTION, stack, spinner: Some(spinner) })
    }
}

/// The instance of a policy, used by its thread.
pub(super) struct Guest {
    store: Store<PolicyState>,
    detect: TypedFunc<(wit::Query,), (std::result::Result<wit::Findings, wit::Refusal>,)>,
    planning: Option<wit::planning::Guest>,
}

impl Guest {
    fn memory(&self) -> usize {
        self.store.data().memory
    }

    /// Calls `detect`.
    pub(super) fn detect(
        &mut self,
        query: &wit::Query,
    ) -> Result<Result<wit::Findings, wit::Refusal>> {
        let (result,) = self.detect.call(&mut self.store, (query.clone(),))?;
        Ok(result)
    }

    /// Calls `planning.plan`, which the policy must export.
    pub(super) fn plan(
        &mut self,
        findings: &wit::Findings,
        layout: &wit::Layout,
    ) -> Result<Result<wit::Plan, wit::Refusal>> {
        let planning = self.planning.as_ref().expect("called only if the policy plans");
        planning.call_plan(&mut self.store, findings, layout)
    }
}

/// A call for the policy's thread to make.
type Call = Box<dyn FnOnce(&mut Guest) + Send>;

/// The caller's side of a started policy. Its thread ends when this is dropped.
pub(super) struct PolicyThread {
    engine: Engine,
    calls: mpsc::Sender<Call>,
    watchdog: Watchdog,
    /// How many directories the policy has listed.
    listed: Arc<AtomicU64>,
    /// The wall time that the policy may use.
    time: Duration,
    /// [`Allowed::shares_time`]
    shares_time: bool,
    usage: PolicyUsage,
    /// Whether the policy exports `planning`.
    pub(super) plans: bool,
    /// The exports and imports of the component.
    pub(super) inspection: Inspection,
}

impl PolicyThread {
    /// Compiles, if necessary, and instantiates a policy that can read `root`. The deadline is postponed by the time that compiling takes.
    pub(super) fn start(
        source: CodeSource,
        root: Option<File>,
        allowed: Allowed,
        deadline: &mut Deadline,
    ) -> std::result::Result<Self, PolicyFailure> {
        let space = AddressSpace::divide();
        let (growth, file_bytes) = match &source {
            // It is not compiled. If paude grows all the same, the thread of an earlier policy has
            // not ended yet.
            CodeSource::Builtin(_) => (usize::MAX, 0),
            CodeSource::Custom(component) => (allowed.within(space).growth, component.bytes.len()),
        };
        let watchdog = Watchdog::new(Allowed { growth, ..allowed }, file_bytes);
        let ThreadInput { engine, code, detection, stack, spinner } =
            ThreadInput::prepare(source, space)?;

        let (compiled, when_compiled) = mpsc::channel();
        let (started, when_started) = mpsc::channel();
        let (calls, next_calls) = mpsc::channel::<Call>();
        let thread_engine = engine.clone();
        let listed = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&listed);
        std::thread::Builder::new()
            .name("policy".to_owned())
            .stack_size(stack)
            .spawn(move || {
                let component = code.compile(&thread_engine);
                let _ = compiled.send(());
                let instance = component
                    .and_then(|code| instantiate(&thread_engine, &code, detection, root, counter));
                match instance {
                    Ok((mut guest, inspection)) => {
                        let plans = guest.planning.is_some();
                        let _ = started.send(Ok((plans, guest.memory(), inspection)));
                        next_calls.into_iter().for_each(|call| call(&mut guest));
                    }
                    Err(failure) => drop(started.send(Err(failure))),
                }
            })
            .map_err(|error| PolicyFailure::Host(format!("cannot start a thread: {error}")))?;

        let Allowed { time, shares_time, compile_time, .. } = allowed;
        if let Some(mut spinner) = spinner {
            let limit = Limit::CompileTime(compile_time);
            let compiled = deadline.exclude(|| {
                watchdog.wait(&when_compiled, compile_time, limit, || spinner.update())
            });
            compiled.map_err(PolicyFailure::Limit)?;
        }
        let usage = PolicyUsage { time: Duration::ZERO, allowed: time, memory: 0 };
        let inspection = Inspection::default();
        let plans = false;
        let mut thread =
            Self { engine, calls, watchdog, listed, time, shares_time, usage, plans, inspection };
        let (plans, memory, inspection) = thread.wait(&when_started, *deadline, || ())??;
        thread.usage.memory = memory;
        Ok(Self { plans, inspection, ..thread })
    }

    /// A counter of the directories that the policy lists.
    pub(super) fn listed(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.listed)
    }

    /// Makes a call in the time that the policy and the deadline leave, and calls `tick` every few milliseconds meanwhile.
    pub(super) fn call<R: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Guest) -> Result<R> + Send + 'static,
        deadline: Deadline,
        tick: impl FnMut(),
    ) -> std::result::Result<R, PolicyFailure> {
        self.watchdog.resume();
        let (results, when_returned) = mpsc::channel();
        let _ = self.calls.send(Box::new(move |guest| {
            let result = work(guest).map_err(|error| classify_error(&guest.store, &error));
            let _ = results.send(result.map(|value| (value, guest.memory())));
        }));
        let (value, memory) = self.wait(&when_returned, deadline, tick)??;
        self.watchdog.pause();
        self.usage.memory = memory;
        Ok(value)
    }

    /// The resources used so far.
    pub(super) fn usage(&self) -> PolicyUsage {
        self.usage
    }

    fn wait<T>(
        &mut self,
        receiver: &mpsc::Receiver<T>,
        deadline: Deadline,
        tick: impl FnMut(),
    ) -> std::result::Result<T, PolicyFailure> {
        let start = Instant::now();
        let (own, total) = (self.time.saturating_sub(self.usage.time), deadline.left());
        let limit = match self.shares_time && total < own {
            true => Limit::TotalTime(deadline.time()),
            false => Limit::Time(self.time),
        };
        let received = self.watchdog.wait(receiver, own.min(total), limit, tick);
        self.usage.time += start.elapsed();
        match received {
            Ok(Some(value)) => Ok(value),
            Ok(None) => Err(PolicyFailure::Host("this is a bug in paude".to_owned())),
            Err(limit) => {
                // Running WebAssembly code traps now; a thread in a host call is left behind.
                self.engine.increment_epoch();
                Err(PolicyFailure::Limit(limit))
            }
        }
    }
}

impl ThreadCode {
    fn compile(self, engine: &Engine) -> std::result::Result<Component, PolicyFailure> {
        let (bytes, cache) = match self {
            Self::Compiled(component) => return Ok(component),
            Self::Binary(bytes, cache) => (bytes, cache),
        };
        inspect::check_header(&bytes)?;
        let invalid = |error| {
            PolicyFailure::from(ComponentFault::other("it is not a valid component", &error))
        };
        // Never `deserialize`, which would execute the bytes of the file unchecked.
        match cache {
            Some(cache) => cache.compile(engine, &bytes),
            None => Component::from_binary(engine, &bytes),
        }
        .map_err(invalid)
    }
}

fn instantiate(
    engine: &Engine,
    component: &Component,
    detection: &str,
    root: Option<File>,
    listed: Arc<AtomicU64>,
) -> std::result::Result<(Guest, Inspection), PolicyFailure> {
    let (inspection, pre) = Inspection::check(engine, component).map_err(PolicyFailure::Invalid)?;
    let invalid = |error| PolicyFailure::from(ComponentFault::other("it cannot be linked", &error));
    let instance = component.get_export_index(None, detection);
    let detect = instance.and_then(|it| component.get_export_index(Some(&it), "detect"));
    let detect = detect.expect("the inspection has found it");
    // `planning` is optional, but must have the right type if it is there.
    let planning = component
        .get_export_index(None, "paude:isolation/planning@0.1.0")
        .map(|_| wit::planning::GuestIndices::new(&pre))
        .transpose()
        .map_err(invalid)?;

    let mut store = sandbox::create_store(engine, root, listed);
    let instance = match pre.instantiate(&mut store) {
        Ok(instance) => instance,
        Err(error) => return Err(classify_error(&store, &error)),
    };
    let planning = planning.map(|indices| indices.load(&mut store, &instance)).transpose();
    let planning = planning.map_err(invalid)?;
    let detect = instance.get_typed_func(&mut store, detect).map_err(invalid)?;
    Ok((Guest { store, detect, planning }, inspection))
}

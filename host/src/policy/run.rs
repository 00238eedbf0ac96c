//! Running a policy where the caller can stop waiting for it.
//!
//! Epochs end WebAssembly code, but neither a host call that blocks (a sleep,
//! a slow disk) nor a compilation. So a policy runs on a thread of its own, and
//! the caller walks away when time is up; the thread ends with the process.

use std::fs::File;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};
use wasmtime::component::Component;
use wasmtime::{Cache, Engine, Result, Store, Trap};

use super::builtin;
use super::inspect::{self, Fault, Inspection};
use super::limits::{Allowed, Limit};
use super::sandbox::{self, State};
use super::spinner::Spinner;
use super::tuning;
use super::watch::Watch;
use crate::wit;

/// A component that is not built in, to be compiled.
pub(super) struct Foreign {
    /// Its file.
    pub(super) bytes: Vec<u8>,
    /// Where machine code is kept.
    pub(super) cache: Option<Cache>,
    /// Turns meanwhile.
    pub(super) spinner: Spinner,
}

/// What a policy's thread starts from.
enum Code {
    Compiled(Component),
    Binary(Vec<u8>),
}

/// How a policy ended without an answer.
pub(super) enum Ended {
    /// It went past a limit.
    Limit(Limit),
    /// It is not a component that this host can run: at least one fault.
    Invalid(Inspection),
    /// It trapped or exited.
    Trap(String),
    /// This machine cannot run any, or paude has a fault.
    Host(String),
}

impl From<Fault> for Ended {
    fn from(fault: Fault) -> Self {
        Self::Invalid(fault.into())
    }
}

/// What a policy took, start-up included and compiling not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Used {
    /// Wall time.
    pub(super) time: Duration,
    /// Bytes of all its memories.
    pub(super) memory: usize,
}

/// Bytes of the thread's stack, used only as they are needed.
const STACK: usize = 8 << 20;
/// The same where a component is read that is not built in. That recurses as deep as its
/// types are nested, and nothing bounds that: it must meet the watch ([`Allowed::growth`])
/// before the end of the stack, which would be the end of paude.
const READING_STACK: usize = 1 << 30;

/// A policy's instance, on its thread.
pub(super) struct Guest {
    store: Store<State>,
    detection: wit::detection::Guest,
    planning: Option<wit::planning::Guest>,
}

impl Guest {
    fn memory(&self) -> usize {
        self.store.data().memory
    }

    /// Calls `detection.detect`.
    pub(super) fn detect(
        &mut self,
        query: &wit::Query,
    ) -> Result<Result<wit::Findings, wit::Refusal>> {
        self.detection.call_detect(&mut self.store, query)
    }

    /// Calls `planning.plan`, which the policy has.
    pub(super) fn plan(
        &mut self,
        findings: &wit::Findings,
        layout: &wit::Layout,
    ) -> Result<Result<wit::Plan, wit::Refusal>> {
        let planning = self.planning.as_ref().expect("asked only if it plans");
        planning.call_plan(&mut self.store, findings, layout)
    }
}

/// A call, to be made on the policy's thread.
type Call = Box<dyn FnOnce(&mut Guest) + Send>;

/// A policy that has been started, seen from the caller. Dropped, its thread ends.
pub(super) struct Running {
    engine: Engine,
    calls: mpsc::Sender<Call>,
    watch: Watch,
    /// What it may take, and what it took so far.
    time: Duration,
    used: Used,
    /// Whether it plans.
    pub(super) plans: bool,
    /// What it exports and imports.
    pub(super) inspection: Inspection,
}

impl Running {
    /// Compiles the component (`None` is the built-in one), and starts it over `root`, all
    /// within the limits.
    pub(super) fn start(
        code: Option<Foreign>,
        root: Option<File>,
        allowed: Allowed,
    ) -> std::result::Result<Self, Ended> {
        // The built-in policy costs nothing to compile. What paude still grows by meanwhile
        // is another one's: its thread may not have ended yet.
        let growth = if code.is_none() { usize::MAX } else { allowed.growth };
        let file = code.as_ref().map_or(0, |foreign| foreign.bytes.len());
        let watch = Watch::new(Allowed { growth, ..allowed }, file);
        let unable = |error| Ended::Host(format!("no policy can run here: {error:#}"));
        let (engine, code, stack, spinner) = match code {
            None => {
                let (engine, component) = builtin::load().map_err(unable)?;
                (engine, Code::Compiled(component), STACK, None)
            }
            Some(foreign) => {
                let room = getrlimit(Resource::As).current;
                let mut settings = tuning::config();
                match room {
                    // What is compiled here may be large: without bounds checks it takes two
                    // thirds of the time, and less memory.
                    None => settings.memory_reservation(4 << 30).memory_guard_size(32 << 20),
                    Some(_) => tuning::narrow(&mut settings),
                };
                let part = room.and_then(|room| usize::try_from(room / 4).ok());
                let stack = part.map_or(READING_STACK, |part| part.min(READING_STACK));
                let engine = Engine::new(settings.cache(foreign.cache));
                let engine = engine.map_err(unable)?;
                (engine, Code::Binary(foreign.bytes), stack, Some(foreign.spinner))
            }
        };
        let (compiled, when_compiled) = mpsc::channel();
        let (started, when_started) = mpsc::channel();
        let (calls, to_do) = mpsc::channel::<Call>();
        let thread_engine = engine.clone();
        std::thread::Builder::new()
            .name("policy".to_owned())
            .stack_size(stack)
            .spawn(move || {
                let component = code.compile(&thread_engine);
                let _ = compiled.send(());
                match component.and_then(|component| start(&thread_engine, &component, root)) {
                    Ok((mut guest, inspection)) => {
                        let plans = guest.planning.is_some();
                        let _ = started.send(Ok((plans, guest.memory(), inspection)));
                        to_do.into_iter().for_each(|call| call(&mut guest));
                    }
                    Err(ended) => drop(started.send(Err(ended))),
                }
            })
            .map_err(|error| Ended::Host(format!("cannot start a thread: {error}")))?;

        let (time, compile_time) = (allowed.time, allowed.compile_time);
        if let Some(mut spinner) = spinner {
            let late = Limit::CompileTime(compile_time);
            let compiled = watch.wait(&when_compiled, compile_time, late, || spinner.turn());
            compiled.map_err(Ended::Limit)?;
        }
        let used = Used { time: Duration::ZERO, memory: 0 };
        let inspection = Inspection::default();
        let mut running = Self { engine, calls, watch, time, used, plans: false, inspection };
        let (plans, memory, inspection) = running.wait(&when_started)??;
        running.used.memory = memory;
        Ok(Self { plans, inspection, ..running })
    }

    /// Makes a call, within what is left of the time.
    pub(super) fn call<R: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Guest) -> Result<R> + Send + 'static,
    ) -> std::result::Result<R, Ended> {
        self.watch.resume();
        let (answer, when_answered) = mpsc::channel();
        let _ = self.calls.send(Box::new(move |guest| {
            let answered = work(guest).map_err(|error| ended(&guest.store, &error));
            let _ = answer.send(answered.map(|answered| (answered, guest.memory())));
        }));
        let (answered, memory) = self.wait(&when_answered)??;
        self.watch.pause();
        self.used.memory = memory;
        Ok(answered)
    }

    /// What it took so far.
    pub(super) fn used(&self) -> Used {
        self.used
    }

    fn wait<T>(&mut self, receiver: &mpsc::Receiver<T>) -> std::result::Result<T, Ended> {
        let began = Instant::now();
        let left = self.time.saturating_sub(self.used.time);
        let waited = self.watch.wait(receiver, left, Limit::Time(self.time), || ());
        self.used.time += began.elapsed();
        match waited {
            Ok(Some(value)) => Ok(value),
            Ok(None) => Err(Ended::Host("this is a fault of paude's own".to_owned())),
            Err(limit) => {
                // Running code traps now; a thread inside a host call is left behind.
                self.engine.increment_epoch();
                Err(Ended::Limit(limit))
            }
        }
    }
}

impl Code {
    fn compile(self, engine: &Engine) -> std::result::Result<Component, Ended> {
        let bytes = match self {
            Self::Compiled(component) => return Ok(component),
            Self::Binary(bytes) => bytes,
        };
        if let Some(fault) = inspect::not_a_component(&bytes) {
            return Err(fault.into());
        }
        let invalid = |error| Ended::from(Fault::other("it is not a valid component", &error));
        // Never deserialised by paude: compiled, if not by an earlier run.
        Component::from_binary(engine, &bytes).map_err(invalid)
    }
}

fn start(
    engine: &Engine,
    component: &Component,
    root: Option<File>,
) -> std::result::Result<(Guest, Inspection), Ended> {
    let (inspection, pre) = Inspection::of(engine, component).map_err(Ended::Invalid)?;
    let invalid = |error| Ended::from(Fault::other("it cannot be linked", &error));
    let detection = wit::detection::GuestIndices::new(&pre).map_err(invalid)?;
    // Absent is fine; present in another shape is not.
    let planning = component
        .get_export_index(None, "paude:isolation/planning@0.1.0")
        .map(|_| wit::planning::GuestIndices::new(&pre))
        .transpose()
        .map_err(invalid)?;

    let mut store = sandbox::store(engine, root);
    let instance = match pre.instantiate(&mut store) {
        Ok(instance) => instance,
        Err(error) => return Err(ended(&store, &error)),
    };
    let planning = planning.map(|indices| indices.load(&mut store, &instance)).transpose();
    let planning = planning.map_err(invalid)?;
    let detection = detection.load(&mut store, &instance).map_err(invalid)?;
    Ok((Guest { store, detection, planning }, inspection))
}

/// Why a policy's code came to an end.
fn ended(store: &Store<State>, error: &wasmtime::Error) -> Ended {
    match store.data().exceeded.or_else(|| exceeded(error)) {
        Some(limit) => Ended::Limit(limit),
        // The trap alone, where there is one: what is around it are numbers of functions.
        None => match error.downcast_ref::<Trap>() {
            Some(trap) => Ended::Trap(trap.to_string()),
            None if error.chain().any(is_shortage) => Ended::Host(format!("{error:#}")),
            None => Ended::Trap(format!("{error:#}")),
        },
    }
}

/// Whether the machine, or the person's limits on it, have no more to give.
fn is_shortage(cause: &(dyn std::error::Error + 'static)) -> bool {
    let number = match cause.downcast_ref::<Errno>() {
        Some(number) => Some(*number),
        None => cause.downcast_ref().and_then(Errno::from_io_error),
    };
    matches!(number, Some(Errno::NOMEM | Errno::MFILE | Errno::NFILE | Errno::AGAIN))
}

/// Which limit speaks out of an error, if one does.
fn exceeded(error: &wasmtime::Error) -> Option<Limit> {
    if let Some(Trap::StackOverflow) = error.downcast_ref() {
        return Some(Limit::Stack);
    }
    // These have no type that can be seen from here.
    error.chain().map(ToString::to_string).find_map(|cause| {
        if cause.contains("fuel allocated for hostcalls has been exhausted") {
            Some(Limit::Answer)
        } else if cause.contains("resource table has no free keys") {
            Some(Limit::OpenFiles)
        } else if cause.starts_with("resource limit exceeded") {
            Some(Limit::Instances)
        } else {
            None
        }
    })
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    /// A component with a function of so many blocks: some seconds of compiling.
    fn slow(blocks: usize) -> Vec<u8> {
        let block =
            "(block (br_if 0 (local.get 0)) (local.set 0 (i32.add (local.get 0) (i32.const 1))))";
        let text = format!("(component (core module (func (param i32) {})))", block.repeat(blocks));
        wat::parse_str(text).unwrap()
    }

    fn ended(bytes: Vec<u8>, allowed: Allowed) -> String {
        let spinner = Spinner::new(String::new(), false);
        match Running::start(Some(Foreign { bytes, cache: None, spinner }), None, allowed) {
            Ok(_) => "it runs".to_owned(),
            Err(Ended::Limit(limit)) => limit.to_string(),
            Err(Ended::Invalid(inspection)) => inspection.faults[0].what.clone(),
            Err(Ended::Trap(what) | Ended::Host(what)) => what,
        }
    }

    #[test]
    fn compiling_is_bounded_in_time() {
        // The other test's compilation may still go on in this process.
        let (compile_time, growth) = (Duration::from_secs(1), usize::MAX);
        let allowed = Allowed { compile_time, growth, ..Allowed::DEFAULT };
        let bytes = slow(40_000);
        let start = Instant::now();
        assert_eq!(ended(bytes, allowed), "takes more than 1 s to compile");
        assert!(start.elapsed() < Duration::from_millis(1500), "{:?}", start.elapsed());
    }

    #[test]
    fn compiling_is_bounded_in_memory() {
        let allowed = Allowed { growth: 16 << 20, ..Allowed::DEFAULT };
        assert_eq!(
            ended(slow(40_000), allowed),
            "made paude itself use more than 16 MiB of memory"
        );
    }
}

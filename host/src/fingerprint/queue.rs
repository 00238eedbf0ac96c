//! Work that makes more work, shared out among threads.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// What is still to be done, and by how many it is being done.
pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    tasks: Vec<T>,
    busy: usize,
}

impl<T: Send> Queue<T> {
    /// Does these tasks, and those that come of them, on all processors. The last one
    /// made is done first: few handles are open at a time, however wide a tree is.
    pub(super) fn work<R: Send>(
        tasks: Vec<T>,
        work: impl Fn(T, &mut Vec<R>) -> Vec<T> + Sync,
    ) -> Vec<R> {
        let queue = Self { state: Mutex::new(State { tasks, busy: 0 }), changed: Condvar::new() };
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(8);
        let worker = || {
            let mut results = Vec::new();
            while let Some(task) = queue.take() {
                let more = work(task, &mut results);
                queue.done(more);
            }
            results
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = (1..threads).map(|_| scope.spawn(worker)).collect();
            let mut results = worker();
            for thread in threads {
                results.extend(thread.join().expect("no task panics"));
            }
            results
        })
    }

    /// The next task; `None` when all is done.
    fn take(&self) -> Option<T> {
        let mut state = self.lock();
        loop {
            if let Some(task) = state.tasks.pop() {
                state.busy += 1;
                return Some(task);
            }
            if state.busy == 0 {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// One task is done, and these came of it.
    fn done(&self, more: Vec<T>) {
        let mut state = self.lock();
        state.tasks.extend(more);
        state.busy -= 1;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

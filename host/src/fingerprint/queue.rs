//! A queue of tasks that create further tasks, worked on by several threads.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

const MAX_THREADS: usize = 8;

/// The tasks to do, and the number of threads that do one.
pub(super) struct Queue<T> {
    state: Mutex<QueueState<T>>,
    changed: Condvar,
}

struct QueueState<T> {
    tasks: Vec<T>,
    busy: usize,
}

impl<T: Send> Queue<T> {
    /// Does these tasks and those that they return, on all processors. Returns all results, in no
    /// order. The newest task is done first, so that few handles are open at a time in a wide
    /// tree.
    pub(super) fn run<R: Send>(
        tasks: Vec<T>,
        do_task: impl Fn(T, &mut Vec<R>) -> Vec<T> + Sync,
    ) -> Vec<R> {
        let state = Mutex::new(QueueState { tasks, busy: 0 });
        let queue = Self { state, changed: Condvar::new() };
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
        let worker = || {
            let mut results = Vec::new();
            while let Some(task) = queue.take() {
                let new_tasks = do_task(task, &mut results);
                queue.finish(new_tasks);
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

    /// Takes the next task, waiting for one if some are being done; `None` when all are done.
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

    /// Adds the tasks that a finished one returned.
    fn finish(&self, new_tasks: Vec<T>) {
        let mut state = self.lock();
        state.tasks.extend(new_tasks);
        state.busy -= 1;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, QueueState<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! One limit on the wall time of running the policies and of checking their result.

use std::time::{Duration, Instant};

/// The end of the time that the policies and the check of their result have together.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    time: Duration,
    end: Instant,
}

impl Deadline {
    /// A deadline in `time` from now.
    pub fn after(time: Duration) -> Self {
        Self { time, end: Instant::now() + time }
    }

    /// The whole time, of which a part may be over.
    pub(crate) fn time(self) -> Duration {
        self.time
    }

    /// The time that is left.
    pub(crate) fn left(self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    /// Whether no time is left.
    pub(crate) fn is_over(self) -> bool {
        self.left().is_zero()
    }

    /// Does work that has a limit of its own, and postpones the end by the time it takes.
    pub(crate) fn exclude<R>(&mut self, work: impl FnOnce() -> R) -> R {
        let start = Instant::now();
        let result = work();
        self.end += start.elapsed();
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excluded_work_takes_no_time() {
        let mut deadline = Deadline::after(Duration::from_secs(3600));
        let before = deadline.left();
        let pause = Duration::from_millis(20);
        deadline.exclude(|| std::thread::sleep(pause));
        assert!(before.saturating_sub(deadline.left()) < pause, "{deadline:?}");
        assert!(!deadline.is_over());
        assert!(Deadline::after(Duration::ZERO).is_over());
    }
}

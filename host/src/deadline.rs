//! One limit on the wall time of running the policies, of checking their result and of preparing
//! the mount points.

use std::time::{Duration, Instant};

/// The end of the time that the policies and the work on their result have together.
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

    /// Stops the time, for work that it does not limit.
    pub(crate) fn pause(self) -> PausedDeadline {
        PausedDeadline { time: self.time, left: self.left() }
    }

    /// Does work that has a limit of its own, and postpones the end by the time it takes.
    pub(crate) fn exclude<R>(&mut self, work: impl FnOnce() -> R) -> R {
        let start = Instant::now();
        let result = work();
        self.end += start.elapsed();
        result
    }
}

/// A deadline that does not come closer: the time that was left when it was paused.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PausedDeadline {
    time: Duration,
    left: Duration,
}

impl PausedDeadline {
    /// The deadline with as much time left as when it was paused.
    pub(crate) fn resume(self) -> Deadline {
        Deadline { time: self.time, end: Instant::now() + self.left }
    }

    /// The same with no time left.
    #[cfg(test)]
    pub(crate) fn expired(self) -> Self {
        Self { left: Duration::ZERO, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excluded_work_takes_no_time() {
        let mut deadline = Deadline::after(Duration::from_secs(3600));
        let end = deadline.end;
        let pause = Duration::from_millis(20);
        deadline.exclude(|| std::thread::sleep(pause));
        assert!(deadline.end >= end + pause, "{deadline:?}");
        assert!(!deadline.is_over());
        assert!(Deadline::after(Duration::ZERO).is_over());
    }

    #[test]
    fn a_paused_deadline_keeps_the_time_that_was_left() {
        let hour = Duration::from_secs(3600);
        let paused = Deadline { time: 2 * hour, end: Instant::now() + hour }.pause();
        assert!(paused.left <= hour, "{paused:?}");
        let later = Instant::now();
        let resumed = paused.resume();
        assert!(resumed.end >= later + paused.left, "{resumed:?}");
        assert_eq!(resumed.time(), 2 * hour);
        assert!(paused.expired().resume().is_over());
    }
}

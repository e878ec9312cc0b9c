//! Time is passed in. This is the only file that reads the system's clocks.
//!
//! A scenario moves a [`ManualClock`] in one jump; nothing runs in between (PRODUCT.md "Time, chance, network"). For
//! hands-on work it runs as well.
//! Network time-outs stay on real time.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};

/// Where a component reads the time.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The time now, in UTC.
    fn now(&self) -> Timestamp;
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the system's clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that is moved by hand. In between it stands still, or runs as the system's does. Clones show the same time.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Mutex<Hand>>);

#[derive(Clone, Copy, Debug)]
enum Hand {
    /// It shows this time.
    Still(Timestamp),
    /// It shows a time so much later than the system's.
    Running(SignedDuration),
}

impl ManualClock {
    /// A clock that stands at `now`.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(Hand::Still(now))))
    }

    /// A clock that shows the system's time until it is moved, and runs on from wherever it is moved to.
    #[must_use]
    pub fn running() -> Self {
        Self(Arc::new(Mutex::new(Hand::Running(SignedDuration::ZERO))))
    }

    /// Jumps to a time, forwards or backwards.
    pub fn set(&self, now: Timestamp) {
        let mut hand = self.hand();
        *hand = hand.moved_to(now);
    }

    /// Jumps by a duration and returns the new time; saturates at the ends of the calendar.
    pub fn advance(&self, by: SignedDuration) -> Timestamp {
        let mut hand = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = hand.shows();
        let now = before.saturating_add(by).unwrap_or(before);
        *hand = hand.moved_to(now);
        now
    }

    /// Back to where it started: `start` if it stands still, the system's time if it runs.
    pub fn restore(&self, start: Timestamp) {
        let mut hand = self.hand();
        *hand = match *hand {
            Hand::Still(_) => Hand::Still(start),
            Hand::Running(_) => Hand::Running(SignedDuration::ZERO),
        };
    }

    fn hand(&self) -> MutexGuard<'_, Hand> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hand {
    fn shows(self) -> Timestamp {
        match self {
            Self::Still(now) => now,
            Self::Running(later) => {
                let now = SystemClock.now();
                now.saturating_add(later).unwrap_or(now)
            }
        }
    }

    fn moved_to(self, now: Timestamp) -> Self {
        match self {
            Self::Still(_) => Self::Still(now),
            Self::Running(_) => Self::Running(now.duration_since(SystemClock.now())),
        }
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.hand().shows()
    }
}

/// A clock that goes wrong by a constant: what another shows, and a skew that can be changed. Clones share it.
#[derive(Clone, Debug)]
pub struct SkewedClock {
    right: Arc<dyn Clock>,
    skew: Arc<Mutex<SignedDuration>>,
}

impl SkewedClock {
    /// A clock that shows the same as another.
    #[must_use]
    pub fn of(right: Arc<dyn Clock>) -> Self {
        Self { right, skew: Arc::default() }
    }

    /// Moves this clock alone.
    pub fn advance(&self, by: SignedDuration) {
        let mut skew = self.skew.lock().unwrap_or_else(PoisonError::into_inner);
        *skew = skew.saturating_add(by);
    }
}

impl Clock for SkewedClock {
    fn now(&self) -> Timestamp {
        let skew = *self.skew.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.right.now();
        now.saturating_add(skew).unwrap_or(now)
    }
}

/// Measures how long something took in real time, for reports only.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts measuring.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "durations in reports are real time")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Real time since the start.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_of_a_manual_clock_move_together() {
        let clock = ManualClock::at(Timestamp::UNIX_EPOCH);
        let other = clock.clone();
        clock.advance(SignedDuration::from_hours(24));
        assert_eq!(other.now().as_second(), 86_400);
        other.set(Timestamp::UNIX_EPOCH);
        assert_eq!(clock.now(), Timestamp::UNIX_EPOCH);
        let skewed = SkewedClock::of(Arc::new(clock.clone()));
        skewed.clone().advance(SignedDuration::from_secs(-5));
        clock.advance(SignedDuration::from_secs(60));
        assert_eq!((skewed.now().as_second(), clock.now().as_second()), (55, 60));
    }

    #[test]
    fn a_running_clock_goes_on_from_where_it_was_moved_to() {
        let clock = ManualClock::running();
        let (before, hour) = (SystemClock.now(), SignedDuration::from_hours(1));
        let moved = clock.clone().advance(hour);
        assert!(moved >= before.checked_add(hour).unwrap() && clock.now() >= moved);
        clock.set(Timestamp::UNIX_EPOCH);
        let after = clock.now();
        assert!(after >= Timestamp::UNIX_EPOCH && after.as_second() < 3_600, "{after}");
        clock.restore(Timestamp::UNIX_EPOCH);
        assert!(clock.now() >= before);
        let still = ManualClock::at(before);
        still.restore(Timestamp::UNIX_EPOCH);
        assert_eq!(still.now(), Timestamp::UNIX_EPOCH);
    }
}

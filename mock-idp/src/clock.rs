//! Time is passed in, and can be moved. This is the only file that reads the system's clock.
//!
//! TLS stays on real time and is not harmed by a moved clock.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::{SignedDuration, Timestamp};

/// Where the provider reads the time.
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

/// A clock that stands still until it is moved. Clones show the same time.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Mutex<Timestamp>>);

impl ManualClock {
    /// A clock that stands at `now`.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(now)))
    }

    /// Jumps to a time, forwards or backwards.
    pub fn set(&self, now: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}

impl ManualClock {
    /// Jumps by a duration and returns the new time; stays where it is at the ends of the calendar.
    pub fn advance(&self, by: SignedDuration) -> Timestamp {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.saturating_add(by).unwrap_or(*now);
        *now
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The clock that a provider is given.
#[derive(Clone, Debug)]
pub enum IdpClock {
    /// One that its owner and the control wire move.
    Manual(ManualClock),
    /// The system's; the control wire moves this provider's view of it.
    System,
}

/// A running provider's clock: the one it was given, moved as the control wire asked.
#[derive(Debug)]
pub(crate) struct RunningClock {
    base: IdpClock,
    /// Of a manual clock, for the way back.
    start: Timestamp,
    /// Of the system's clock.
    view: Mutex<View>,
}

/// How the system's clock is seen.
#[derive(Clone, Copy, Debug)]
enum View {
    /// So much later.
    Moved(SignedDuration),
    /// It stands still.
    Frozen(Timestamp),
}

impl RunningClock {
    pub(crate) fn new(base: IdpClock) -> Self {
        let start = match &base {
            IdpClock::Manual(clock) => clock.now(),
            IdpClock::System => SystemClock.now(),
        };
        Self { base, start, view: Mutex::new(View::Moved(SignedDuration::ZERO)) }
    }

    /// Jumps to a time and answers the time then.
    pub(crate) fn set(&self, now: Timestamp) -> Timestamp {
        match &self.base {
            IdpClock::Manual(clock) => clock.set(now),
            IdpClock::System => {
                let mut view = self.view();
                *view = match *view {
                    View::Moved(_) => View::Moved(now.duration_since(SystemClock.now())),
                    View::Frozen(_) => View::Frozen(now),
                };
            }
        }
        self.now()
    }

    /// Stands still from now on, or goes on from where it stands. False where a manual clock should go on: it does
    /// nothing but stand still.
    pub(crate) fn freeze(&self, freeze: bool) -> bool {
        let now = self.now();
        if matches!(self.base, IdpClock::Manual(_)) {
            return freeze;
        }
        *self.view() =
            if freeze { View::Frozen(now) } else { View::Moved(now.duration_since(SystemClock.now())) };
        true
    }

    pub(crate) fn is_frozen(&self) -> bool {
        matches!(*self.view(), View::Frozen(_))
    }

    fn view(&self) -> MutexGuard<'_, View> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Jumps by a duration and answers the time then; nothing if that is outside the calendar.
    pub(crate) fn advance(&self, by: SignedDuration) -> Option<Timestamp> {
        Some(self.set(self.now().checked_add(by).ok()?))
    }

    /// Back to the time of the start; the system's clock to its own time.
    pub(crate) fn reset(&self) {
        match &self.base {
            IdpClock::Manual(clock) => clock.set(self.start),
            IdpClock::System => *self.view() = View::Moved(SignedDuration::ZERO),
        }
    }
}

impl Clock for RunningClock {
    fn now(&self) -> Timestamp {
        match &self.base {
            IdpClock::Manual(clock) => clock.now(),
            IdpClock::System => match *self.view() {
                View::Moved(by) => SystemClock.now().saturating_add(by).unwrap_or(Timestamp::MAX),
                View::Frozen(now) => now,
            },
        }
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7).
pub(crate) fn http_date(now: Timestamp) -> String {
    now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_systems_clock_stands_still_and_goes_on() {
        let clock = RunningClock::new(IdpClock::System);
        assert!(clock.freeze(true) && clock.is_frozen());
        let frozen = clock.now();
        assert_eq!(clock.now(), frozen);
        let hour = SignedDuration::from_hours(1);
        assert_eq!(clock.advance(hour), frozen.checked_add(hour).ok());
        assert!(clock.freeze(false) && !clock.is_frozen());
        let later = clock.now().duration_since(frozen);
        assert!(later >= hour && later < SignedDuration::from_hours(2));
        let manual = RunningClock::new(IdpClock::Manual(ManualClock::at(Timestamp::UNIX_EPOCH)));
        assert!(manual.freeze(true) && !manual.freeze(false));
    }

    #[test]
    fn both_clocks_move_and_come_back() {
        let manual = ManualClock::at(Timestamp::UNIX_EPOCH);
        let clock = RunningClock::new(IdpClock::Manual(manual.clone()));
        clock.advance(SignedDuration::from_hours(24));
        assert_eq!(manual.now().as_second(), 86_400);
        clock.reset();
        assert_eq!(manual.now(), Timestamp::UNIX_EPOCH);

        let clock = RunningClock::new(IdpClock::System);
        let before = clock.now();
        let after = clock.advance(SignedDuration::from_hours(24)).unwrap();
        assert!(after.duration_since(before) >= SignedDuration::from_hours(24));
        assert_eq!(clock.advance(SignedDuration::MAX), None);
        clock.reset();
        assert!(clock.now() < after);
    }
}

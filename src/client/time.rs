//! CL-CLOCK: the time that counts. It never falls below the highest time seen, whatever the machine's clock says.
//!
//! A contact sets the highest time to the Manager's, which may lower it: a clock that jumped ahead and returned ruins
//! nothing for ever. Between contacts it only rises. While the machine's clock is behind, what passes on it is added:
//! were time to stand still until the clock has caught up, setting it back would lengthen every period. A clock that
//! is put right again has caught up, and nothing is added for that.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use crate::{
    clock::Clock,
    model::rule::{Rule, Rules},
};

/// The time of one client.
#[derive(Debug)]
pub(super) struct Time {
    clock: Arc<dyn Clock>,
    rules: Rules,
    seen: Mutex<Seen>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    highest: Timestamp,
    /// What the clock said when it was last looked at.
    reading: Timestamp,
}

impl Time {
    /// Starts with what the clock says.
    pub(super) fn new(clock: Arc<dyn Clock>, rules: Rules) -> Self {
        let reading = clock.now();
        Self { clock, rules, seen: Mutex::new(Seen { highest: reading, reading }) }
    }

    /// The time that counts.
    pub(super) fn now(&self) -> Timestamp {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let reading = self.clock.now();
        if reading >= seen.highest {
            seen.highest = reading;
        } else if reading > seen.reading {
            let passed = reading.duration_since(seen.reading);
            seen.highest = seen.highest.saturating_add(passed).unwrap_or(seen.highest);
        }
        seen.reading = reading;
        if self.rules.hold(Rule::ClClock) { seen.highest } else { reading }
    }

    /// Somebody saw a higher time: this client before a restart, or another on the same cache.
    pub(super) fn saw(&self, time: Timestamp) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.highest = seen.highest.max(time);
    }

    /// A contact: the Manager's time, the later of `issued_at` and its `Date`, takes the place of the highest.
    pub(super) fn contact(&self, managers: Timestamp) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        *seen = Seen { highest: managers, reading: self.clock.now() };
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::clock::ManualClock;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(1_000_000 + minutes)
    }

    fn started(rules: Rules) -> (ManualClock, Time) {
        let clock = ManualClock::at(at(0));
        let time = Time::new(Arc::new(clock.clone()), rules);
        (clock, time)
    }

    #[test]
    fn time_only_rises_between_contacts() {
        let (clock, time) = started(Rules::ALL);
        for (clocks, counts) in
            [(0, 0), (10, 10), (-60, 10), (-60, 10), (-50, 20), (-40, 30), (30, 30), (200, 200)]
        {
            clock.set(at(clocks));
            assert_eq!(time.now(), at(counts), "the clock says {clocks}");
        }
        time.saw(at(150));
        assert_eq!(time.now(), at(200));
        time.saw(at(250));
        assert_eq!(time.now(), at(250));
    }

    #[test]
    fn a_contact_lowers_it_down_to_the_clock() {
        let (clock, time) = started(Rules::ALL);
        clock.set(at(1_000));
        assert_eq!(time.now(), at(1_000));
        clock.set(at(5));
        assert_eq!(time.now(), at(1_000), "ahead and back");
        time.contact(at(6));
        assert_eq!(time.now(), at(6), "the Manager's time");
        clock.set(at(-60));
        assert_eq!(time.now(), at(6));
        clock.set(at(-58));
        assert_eq!(time.now(), at(8), "what passes on a late clock counts");
        clock.set(at(7));
        time.contact(at(3));
        assert_eq!(time.now(), at(7), "the clock's own time is the least");
    }

    #[test]
    fn broken_it_is_the_clocks() {
        let (clock, time) = started(Rules::without(Rule::ClClock));
        clock.set(at(10));
        assert_eq!(time.now(), at(10));
        clock.set(at(-60));
        assert_eq!(time.now(), at(-60));
        time.contact(at(6));
        assert_eq!(time.now(), at(-60));
    }

    #[test]
    fn the_ends_of_the_calendar_are_no_panic() {
        let (clock, time) = started(Rules::ALL);
        clock.set(Timestamp::MAX);
        assert_eq!(time.now(), Timestamp::MAX);
        clock.set(Timestamp::MIN);
        assert_eq!(time.now(), Timestamp::MAX);
        clock.set(at(0));
        assert_eq!(time.now(), Timestamp::MAX);
    }
}

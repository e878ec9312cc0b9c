//! How the clocks of a platform go: standing still for scenarios, running for hands-on work.

use jiff::Timestamp;

use crate::clock::ManualClock;

/// Where the clock of every case starts: a Monday morning.
const START: &str = "2026-06-01T08:00:00Z";

/// How the clocks go.
#[derive(Clone, Copy, Debug)]
pub(in crate::target) enum Pace {
    /// They stand still at this time until they are moved.
    Still(Timestamp),
    /// They run as the system's does, from wherever they are moved to.
    Running,
}

impl Pace {
    /// That of a case.
    pub(in crate::target) fn still() -> Result<Self, jiff::Error> {
        START.parse().map(Self::Still)
    }

    /// A clock of a component's own.
    pub(in crate::target) fn clock(self) -> ManualClock {
        match self {
            Self::Still(start) => ManualClock::at(start),
            Self::Running => ManualClock::running(),
        }
    }

    /// As a report names it.
    pub(in crate::target) const fn name(self) -> &'static str {
        match self {
            Self::Still(_) => "manual",
            Self::Running => "running",
        }
    }
}

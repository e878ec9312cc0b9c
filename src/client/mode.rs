//! The client's mode, from what it holds and when it last had contact: the table of PLATFORM.md §5, in its order. Pure.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::policy::Degraded;
use crate::model::{
    directives::DegradedPolicy,
    rule::{Rule, Rules},
};

/// How much longer than the refresh interval a contact counts as recent.
const ALLOWANCE: SignedDuration = SignedDuration::from_secs(10);

/// The state a client is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// No envelope was ever verified.
    Unenrolled,
    /// The envelope has ended, and there is no contact.
    Expired,
    /// There was a contact recently.
    Online,
    /// The grace period runs.
    Grace,
    /// The grace is over; the policy is `warn`.
    DegradedWarn,
    /// The grace is over; the policy is `block_new`.
    DegradedBlock,
}

/// What a mode follows from, of a client that holds an envelope.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) now: Timestamp,
    pub(super) not_after: Timestamp,
    pub(super) refresh_interval: SignedDuration,
    pub(super) last_contact: Timestamp,
    /// When this client was started.
    pub(super) started: Timestamp,
    pub(super) degraded: Degraded,
    pub(super) rules: Rules,
}

impl Mode {
    /// The mode of a client with an envelope.
    pub(super) fn of(facts: &Facts) -> Self {
        let Facts { now, rules, .. } = *facts;
        // CL-EXPIRED: before everything else, however recent the contact. Whoever polls in time holds an envelope that
        // lasts.
        if now >= facts.end() {
            return Self::Expired;
        }
        if facts.is_recent() {
            return Self::Online;
        }
        // CL-GRACE
        let since = if rules.hold(Rule::ClGrace) { facts.last_contact } else { facts.started };
        if now.duration_since(since) < facts.degraded.grace {
            return Self::Grace;
        }
        match facts.degraded.policy {
            DegradedPolicy::Warn => Self::DegradedWarn,
            DegradedPolicy::BlockNew => Self::DegradedBlock,
        }
    }

    /// Without contact, after there was one.
    #[must_use]
    pub const fn is_away(self) -> bool {
        matches!(self, Self::Expired | Self::Grace | Self::DegradedWarn | Self::DegradedBlock)
    }

    /// As it is written: `degraded-block`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unenrolled => "unenrolled",
            Self::Expired => "expired",
            Self::Online => "online",
            Self::Grace => "grace",
            Self::DegradedWarn => "degraded-warn",
            Self::DegradedBlock => "degraded-block",
        }
    }

    /// The rule that the mode is a matter of.
    pub(super) const fn rule(self) -> Rule {
        match self {
            Self::Unenrolled => Rule::ClUnenrolled,
            Self::Expired => Rule::ClExpired,
            Self::Online => Rule::ClOnline,
            Self::Grace => Rule::ClGrace,
            Self::DegradedWarn => Rule::ClDegradedWarn,
            Self::DegradedBlock => Rule::ClDegradedBlock,
        }
    }
}

impl Facts {
    /// CL-ONLINE: the last contact is younger than the refresh interval plus 10 s, and what it brought has not ended.
    pub(super) fn is_recent(&self) -> bool {
        !self.rules.hold(Rule::ClOnline) || self.now < self.recent_until()
    }

    /// When the last contact stops being recent.
    pub(super) fn recent_until(&self) -> Timestamp {
        let length = self.refresh_interval.saturating_add(ALLOWANCE);
        self.last_contact.saturating_add(length).unwrap_or(Timestamp::MAX).min(self.end())
    }

    /// When the envelope ends.
    fn end(&self) -> Timestamp {
        if self.rules.hold(Rule::ClExpired) { self.not_after } else { Timestamp::MAX }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::fixture::start;

    fn facts(policy: DegradedPolicy, grace_hours: i64, age: SignedDuration, rules: Rules) -> Facts {
        Facts {
            now: start() + age,
            not_after: start() + SignedDuration::from_hours(24),
            refresh_interval: SignedDuration::from_mins(5),
            last_contact: start(),
            started: start() + age - SignedDuration::from_secs(1),
            degraded: Degraded { policy, grace: SignedDuration::from_hours(grace_hours), message: None },
            rules,
        }
    }

    #[test]
    fn the_table_in_its_order() {
        use DegradedPolicy::{BlockNew, Warn};
        let second = SignedDuration::from_secs(1);
        let (fresh, hour) = (SignedDuration::from_secs(310), SignedDuration::from_hours(1));
        for (policy, grace, age, expected) in [
            (Warn, 1, SignedDuration::ZERO, Mode::Online),
            (Warn, 1, fresh - second, Mode::Online),
            (Warn, 1, fresh, Mode::Grace),
            (Warn, 0, fresh, Mode::DegradedWarn),
            (BlockNew, 0, fresh, Mode::DegradedBlock),
            (BlockNew, 1, hour - second, Mode::Grace),
            (BlockNew, 1, hour, Mode::DegradedBlock),
            (Warn, 1, hour, Mode::DegradedWarn),
            (Warn, 24, hour * 24 - second, Mode::Grace),
            (Warn, 24, hour * 24, Mode::Expired),
            (BlockNew, 48, hour * 24, Mode::Expired),
            (Warn, 48, hour * 100, Mode::Expired),
        ] {
            assert_eq!(
                Mode::of(&facts(policy, grace, age, Rules::ALL)),
                expected,
                "{policy:?} {grace} {age:?}"
            );
        }
    }

    #[test]
    fn online_ends_with_the_envelope_whatever_the_refresh_interval() {
        for interval in [SignedDuration::from_mins(5), SignedDuration::from_hours(100), SignedDuration::MAX] {
            let (minute, second) = (SignedDuration::from_mins(1), SignedDuration::from_secs(1));
            let mut facts = facts(DegradedPolicy::Warn, 1, minute - second, Rules::ALL);
            (facts.not_after, facts.refresh_interval) = (start() + minute, interval);
            assert_eq!((Mode::of(&facts), facts.is_recent()), (Mode::Online, true), "{interval:?}");
            facts.now = facts.not_after;
            assert_eq!((Mode::of(&facts), facts.is_recent()), (Mode::Expired, false), "{interval:?}");
            assert_eq!(facts.recent_until(), facts.not_after, "the next poll is no later");
            facts.rules = Rules::without(Rule::ClExpired);
            assert_eq!((Mode::of(&facts), facts.is_recent()), (Mode::Online, true), "{interval:?}");
        }
    }

    #[test]
    fn each_broken_rule_changes_its_mode() {
        let hours = SignedDuration::from_hours;
        for (rule, age, held, broken) in [
            (Rule::ClExpired, hours(25), Mode::Expired, Mode::DegradedBlock),
            (Rule::ClOnline, hours(2), Mode::DegradedBlock, Mode::Online),
            (Rule::ClOnline, hours(25), Mode::Expired, Mode::Expired),
            (Rule::ClGrace, hours(2), Mode::DegradedBlock, Mode::Grace),
        ] {
            let mode = |rules| Mode::of(&facts(DegradedPolicy::BlockNew, 1, age, rules));
            assert_eq!((mode(Rules::ALL), mode(Rules::without(rule))), (held, broken), "{}", rule.id());
        }
    }

    #[test]
    fn a_mode_is_written_as_its_word() {
        for mode in [
            Mode::Unenrolled,
            Mode::Expired,
            Mode::Online,
            Mode::Grace,
            Mode::DegradedWarn,
            Mode::DegradedBlock,
        ] {
            assert_eq!(serde_json::json!(mode), mode.word());
            assert_eq!(mode.is_away(), !matches!(mode, Mode::Unenrolled | Mode::Online));
        }
    }
}

//! The order of the cases: what depends on its neighbours shows itself in another one.

use std::{fmt, str::FromStr};

use crate::{
    chance::{self, Chance, Seed},
    runner::CasePlan,
};

/// An order that is not that of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Drawn from a number, and from nothing else.
    Drawn(u64),
    /// The last first.
    Reversed,
}

const REVERSED: &str = "reversed";

impl FromStr for Order {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == REVERSED {
            return Ok(Self::Reversed);
        }
        text.parse().map(Self::Drawn).map_err(|_| format!("write a number, or `{REVERSED}`"))
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Drawn(seed) => seed.fmt(f),
            Self::Reversed => f.write_str(REVERSED),
        }
    }
}

impl Order {
    pub(super) fn apply(self, plans: &mut [CasePlan]) {
        let Self::Drawn(seed) = self else { return plans.reverse() };
        let mut chance = Chance::from_seed(chance::derive(&Seed::default(), &format!("order {seed}")));
        // Fisher and Yates: every order is as likely.
        for last in (1..plans.len()).rev() {
            let most = u32::try_from(last).unwrap_or(u32::MAX);
            plans.swap(last, usize::try_from(chance.up_to(most)).unwrap_or(last));
        }
    }
}

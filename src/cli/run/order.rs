//! The order of the cases.

use crate::{
    chance::{self, Chance, Seed},
    runner::CasePlan,
};

/// Puts the cases into an order that only the seed decides: what depends on its neighbours shows itself.
pub(super) fn shuffle(plans: &mut [CasePlan], seed: u64) {
    let mut chance = Chance::from_seed(chance::derive(&Seed::default(), &format!("order {seed}")));
    // Fisher and Yates: every order is as likely.
    for last in (1..plans.len()).rev() {
        let most = u32::try_from(last).unwrap_or(u32::MAX);
        plans.swap(last, usize::try_from(chance.up_to(most)).unwrap_or(last));
    }
}

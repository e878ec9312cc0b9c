//! `GET|DELETE /control/journal`.

use super::answer::{Answer, Problem, document};
use crate::provider::Provider;

pub(super) fn read(provider: &Provider) -> Result<Answer, Problem> {
    let entries = provider.state().journal.entries();
    document(&entries)
}

pub(super) fn clear(provider: &Provider) -> Answer {
    provider.state().journal.clear();
    Answer::Nothing
}

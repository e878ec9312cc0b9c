//! What the runner says while it works, for progress and for logs.

use serde::Serialize;

use super::{CaseResult, Summary};
use crate::model::identifier::CaseId;

/// Emitted in the order in which things happen; cases run side by side, so theirs interleave.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// Before the first case.
    RunStarted {
        /// How many cases will run.
        cases: usize,
    },
    /// A case begins.
    CaseStarted {
        /// Which.
        case: CaseId,
    },
    /// A case has ended.
    CaseFinished {
        /// Everything about it.
        result: Box<CaseResult>,
    },
    /// After the last case; also after an interruption.
    RunFinished {
        /// The totals.
        summary: Summary,
    },
}

//! What happened, as data: the events that the runner emits and the results that every report shares.
//!
//! Pure. A report is a function of [`Report`]; verdicts are made here, once, by [`verdict`].

pub mod event;
pub mod exit;
pub mod merge;
pub mod redact;
pub mod result;
pub mod trim;
pub mod verdict;

pub use event::Event;
pub use exit::ExitCode;
pub use result::{
    Capability, CaseResult, Cause, Caution, Check, CheckStatus, ComponentLog, DivergenceRow, Exchange,
    HttpRequest, HttpResponse, Location, Observation, Report, RequirementRow, Selection, ShardOf, StepResult,
    SuiteIdentity, Summary, TargetIdentity, TokenShown,
};

//! Results as plain data; the shape of the JSON report. A change here is a change of its published schema.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ExitCode, verdict::Terms};
use crate::model::{
    divergence::Reading,
    identifier::{CaseId, Component, DivergenceId, RequirementId, ScenarioId},
    requirement::{Level, Provenance},
};

/// The status of a check, and of a case: the worst of its checks. Only `pass` is green.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "status", content = "reason", rename_all = "kebab-case")]
pub enum CheckStatus {
    /// As expected, seen at the component, beside its control.
    Pass,
    /// Observed, and otherwise than expected.
    Fail,
    /// Conformant, but somebody should know.
    Warn(String),
    /// Left out on purpose.
    Skipped(String),
    /// The target cannot do what the case needs, or lacks the component.
    NotApplicable(String),
    /// The case ran, but what the check is about did not happen.
    NotExercised(String),
    /// No verdict: the component was not reached, the control is not green, the harness failed.
    Error(String),
    /// Failed, as the baseline says it would.
    ExpectedFail(String),
    /// Passed, though the baseline says it would not.
    UnexpectedPass(String),
}

/// Who has to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// Whoever set up the IdP or the platform's values.
    Configuration,
    /// Whoever wrote the component.
    Implementation,
    /// Whoever runs the machine or the network.
    Environment,
    /// This project, or the author of the scenario.
    Harness,
}

/// What a target can do; a scenario names what it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Capability {
    /// The clock of every component can be moved.
    ClockControl,
    /// Components can be made unreachable, slow or wrong.
    FaultInjection,
    /// The IdP's keys can be rotated.
    KeyRotation,
    /// Tokens with any header and claim can be minted under the IdP's keys.
    Minting,
    /// The requests that the IdP and the components received can be read.
    Journal,
    /// The Manager's policy can be changed.
    PolicyChange,
    /// Components can be really gone: paused, stopped, killed, cut off from the network.
    Outage,
}

impl Capability {
    /// The word for it, in scenarios and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClockControl => "clock-control",
            Self::FaultInjection => "fault-injection",
            Self::KeyRotation => "key-rotation",
            Self::Minting => "minting",
            Self::Journal => "journal",
            Self::PolicyChange => "policy-change",
            Self::Outage => "outage",
        }
    }
}

/// A line of a scenario file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Location {
    /// The file, as the user named it.
    pub file: String,
    /// From 1.
    pub line: usize,
}

/// One expectation and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// What is checked: "enterprise-manager refuses `foreign`".
    pub what: String,
    /// The requirement at stake, where one is.
    pub requirement: Option<RequirementId>,
    /// What became of it.
    #[serde(flatten)]
    pub status: CheckStatus,
    /// What was expected.
    pub expected: String,
    /// What was observed; redacted.
    pub observed: String,
    /// Further words: "reason not observed", the control.
    pub note: Option<String>,
    /// Who has to act, on a failure or an error.
    pub cause: Option<Cause>,
}

/// One request and its answer, redacted at capture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Exchange {
    /// To which component.
    pub component: Component,
    /// The request.
    pub request: HttpRequest,
    /// The answer, unless there was none.
    pub response: Option<HttpResponse>,
    /// Why there was none.
    pub error: Option<String>,
    /// Real time, in milliseconds.
    pub duration_ms: f64,
}

/// A request, redacted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HttpRequest {
    /// `GET`.
    pub method: String,
    /// Absolute.
    pub url: String,
    /// In the order sent; names in lower case.
    pub headers: Vec<(String, String)>,
    /// At most 16 KiB of it; in a report 2 KiB, if the case passed.
    pub body: Option<String>,
}

/// An answer, redacted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// In the order received; names in lower case.
    pub headers: Vec<(String, String)>,
    /// At most 16 KiB of it; in a report 2 KiB, if the case passed.
    pub body: Option<String>,
}

/// A token of a case, decoded, its signature cut.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TokenShown {
    /// The name it has in the scenario.
    pub name: String,
    /// The header, if it is a JWT.
    pub header: Option<serde_json::Value>,
    /// The claims, if it is a JWT.
    pub claims: Option<serde_json::Value>,
    /// What it is otherwise: "opaque, 43 characters".
    pub form: String,
}

/// One step of a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StepResult {
    /// The step's key: `refuse`.
    pub kind: String,
    /// The step in words: "enterprise-manager refuses `foreign` (TOK-AUD)".
    pub title: String,
    /// Where it is written.
    pub location: Location,
    /// Its checks; a step may have none.
    pub checks: Vec<Check>,
    /// What went over the wire.
    pub exchanges: Vec<Exchange>,
}

/// One case: a scenario, or one cell of its matrix.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CaseResult {
    /// The case.
    pub id: CaseId,
    /// The scenario that it comes from.
    pub scenario: ScenarioId,
    /// The scenario's title, variables filled in.
    pub title: String,
    /// Why it matters.
    pub why: String,
    /// The requirements that it is about.
    pub requirements: Vec<RequirementId>,
    /// The scenario's tags.
    pub tags: Vec<String>,
    /// The matrix cell.
    pub matrix: BTreeMap<String, String>,
    /// The worst of its checks.
    #[serde(flatten)]
    pub status: CheckStatus,
    /// Who has to act, when it is not green.
    pub cause: Option<Cause>,
    /// The steps that ran.
    pub steps: Vec<StepResult>,
    /// How many did not, because nothing makes sense after the last that did.
    pub steps_not_taken: usize,
    /// The tokens that were made or received.
    pub tokens: Vec<TokenShown>,
    /// Things worth knowing that are no check: "a signing key was generated".
    pub notes: Vec<String>,
    /// What the platform was set up to do and its readers must know: "nobody is asked for a token".
    pub cautions: Vec<String>,
    /// What was observed of divergences.
    pub observations: Vec<Observation>,
    /// What the components said, where they have logs and the case is not green.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<ComponentLog>,
    /// Real time, in milliseconds.
    pub duration_ms: f64,
}

/// What a component said during a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ComponentLog {
    /// Who.
    pub component: Component,
    /// Its lines, redacted.
    pub text: String,
}

/// The suite that was run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SuiteIdentity {
    /// The product's version.
    pub version: String,
    /// SHA-256 over the names and contents of all files of the suite, in hexadecimal.
    pub digest: String,
    /// The requirement set's revision.
    pub set: String,
}

/// The target that it ran against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TargetIdentity {
    /// `embedded`.
    pub name: String,
    /// One line about it.
    pub description: String,
    /// What it can do.
    pub capabilities: Vec<Capability>,
    /// `manual` or `system`.
    pub clock: String,
}

/// Which part of the suite ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Selection {
    /// Cases selected.
    pub selected: usize,
    /// Cases in the suite.
    pub total: usize,
    /// The filter, if there was one.
    pub filter: Option<String>,
    /// Which shard of what was selected this is, if it is one: `selected` are its own cases then.
    pub shard: Option<ShardOf>,
}

/// A shard, and what it is a part of: only shards that agree in all but the index are parts of one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShardOf {
    /// Which, from 1.
    pub index: usize,
    /// Of how many.
    pub count: usize,
    /// Cases selected, of all shards together.
    pub selected: usize,
    /// SHA-256 over the ids of these, over their values, tenants and manifests, over the variables and the signing key's
    /// thumbprint, in hexadecimal.
    pub digest: String,
    /// SHA-256 over their ids alone, in order, in hexadecimal.
    pub cases: String,
}

/// The totals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// One sentence that a manager understands.
    pub verdict: String,
    /// The exit code's name.
    pub exit: ExitCode,
    /// Status → number of cases; every status is there.
    pub cases: BTreeMap<String, usize>,
    /// Status → number of checks; every status is there.
    pub checks: BTreeMap<String, usize>,
}

/// A requirement and what the run says about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RequirementRow {
    /// The requirement.
    pub id: RequirementId,
    /// Its statement.
    pub statement: String,
    /// MUST, SHOULD, MAY.
    pub level: Level,
    /// Where it comes from.
    pub provenance: Vec<Provenance>,
    /// The place.
    pub source: String,
    /// It belongs to the chosen set.
    pub in_set: bool,
    /// It was not tested, and whoever ran the suite accepted that beforehand.
    pub accepted: bool,
    /// The worst that a case says of it by the checks that are about it; where none says anything, `not-exercised` or
    /// what kept them from it, with the reason.
    #[serde(flatten)]
    pub status: CheckStatus,
    /// Case → status, of every case that lists it, whether or not a check of it is about the rule.
    pub cases: BTreeMap<CaseId, String>,
}

/// What a case observed of a divergence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Observation {
    /// Which.
    pub divergence: DivergenceId,
    /// One of its observations.
    pub observed: String,
}

/// A divergence, and what the run says about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DivergenceRow {
    /// The divergence.
    pub id: DivergenceId,
    /// What it is about.
    pub about: String,
    /// What each side says; who is silent is not there.
    pub sides: BTreeMap<Reading, String>,
    /// Everything that can be observed, in words.
    pub observations: BTreeMap<String, String>,
    /// The observations that the chosen reading accepts.
    pub accepted: Vec<String>,
    /// What was observed, and by which cases.
    pub observed: BTreeMap<String, Vec<CaseId>>,
    /// `pass` if the reading accepts all of it, `fail` if not, `not-exercised` where nobody observed anything.
    #[serde(flatten)]
    pub status: CheckStatus,
}

/// What stands above everything else: a set-up that some platform of this run had and nobody should overlook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Caution {
    /// In words.
    pub text: String,
    /// The cases with such a platform.
    pub cases: Vec<CaseId>,
}

/// A whole run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The schema's name: `touchstone-report/1`.
    pub schema: String,
    /// The suite.
    pub suite: SuiteIdentity,
    /// The target.
    pub target: TargetIdentity,
    /// The seed, in hexadecimal.
    pub seed: String,
    /// The requirement that was broken on purpose, if one was. Such a run says nothing about any platform.
    pub sabotaged: Option<RequirementId>,
    /// Which part ran.
    pub selection: Selection,
    /// The terms on which it was judged.
    pub terms: Terms,
    /// The totals.
    pub summary: Summary,
    /// What nobody should overlook.
    pub cautions: Vec<Caution>,
    /// Whom the run believed where documents, code and standards disagree.
    pub reading: Reading,
    /// Where they do, the whole catalogue.
    pub divergences: Vec<DivergenceRow>,
    /// The requirement matrix, the whole catalogue.
    pub requirements: Vec<RequirementRow>,
    /// The cases, ordered by id.
    pub cases: Vec<CaseResult>,
    /// Real time of the whole run, in milliseconds; of shards that were joined, the longest.
    pub duration_ms: f64,
}

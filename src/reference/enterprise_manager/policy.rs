//! EM-RELOAD and EM-DIRECTIVES-LOAD: the policy in force, and the file that it is read from anew when its content
//! changes.
//!
//! Nothing watches in the background: whoever needs the policy has the file looked at. What directives mean is
//! `model::directives`' matter.

use std::{
    collections::VecDeque,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use serde::de::IgnoredAny;
use spanned_yaml::{Diagnostics, Entry, Node, Severity, Source, Value};

use crate::{
    clock::Clock,
    model::{
        directives::Directives,
        rule::{Rule, Rules},
    },
};

mod file;

pub(super) use file::MAX_FILE;

/// How many mistakes are told.
const TOLD: usize = 10;

/// The most lines of the log that are kept; then the oldest goes.
const KEPT_LINES: usize = 1_000;

/// A policy file cannot be used: its mistakes with file, line and column, and no line of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PolicyError(String);

/// The policy in force.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    pub(super) directives: Arc<Directives>,
    pub(super) loaded_at: Timestamp,
    /// Why a newer policy is not in force (EM-RELOAD).
    pub(super) refused: Option<String>,
}

/// Where the policy comes from: the values file, and a policy file where there is one.
#[derive(Debug)]
pub(super) struct Policies {
    rules: Rules,
    clock: Arc<dyn Clock>,
    file: Option<PathBuf>,
    /// The directives of the values file.
    values: Arc<Directives>,
    /// What the policy file held at the start.
    start: Option<Vec<u8>>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    policy: Policy,
    /// A digest of what the file was when it was last looked at; none while there has been none.
    seen: Option<Vec<u8>>,
    /// The control wire has written the file.
    written: bool,
    /// What became of the files that were read, a line each, the oldest first.
    log: VecDeque<String>,
}

impl Policies {
    /// The policy of the values file, unless there is a policy file. One that is there and cannot be used is an error:
    /// there is no older policy to keep.
    pub(super) fn new(
        values: Directives,
        file: Option<PathBuf>,
        rules: Rules,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, PolicyError> {
        let values = Arc::new(values);
        // What cannot be read now is told below.
        let start = file.as_deref().and_then(|path| file::read(path).ok().flatten());
        let state = Mutex::new(State::of(&values, clock.now()));
        let policies = Self { rules, clock, file, values, start, state };
        match policies.now().refused {
            None => Ok(policies),
            Some(reason) => Err(PolicyError(reason)),
        }
    }

    /// The policy in force now.
    pub(super) fn now(&self) -> Policy {
        let mut state = self.state();
        self.look(&mut state);
        state.policy.clone()
    }

    /// Puts another policy in force; an equal one changes nothing.
    pub(super) fn set(&self, directives: Directives) {
        self.state().put(directives, self.clock.now());
    }

    /// Says why a newer policy is not in force.
    pub(super) fn refuse(&self, reason: String) {
        self.state().policy.refused = Some(reason);
    }

    /// There is, or may be, a policy file.
    pub(super) fn has_file(&self) -> bool {
        self.file.is_some()
    }

    /// What the policy file holds; none while there is none.
    pub(super) fn read(&self) -> Result<Option<Vec<u8>>, PolicyError> {
        self.file.as_deref().map_or(Ok(None), file::read)
    }

    /// Writes the policy file, whole or not at all. Whether it can be used shows at the next request.
    pub(super) fn write(&self, text: &[u8]) -> io::Result<()> {
        let path = self.file.as_deref().ok_or(io::ErrorKind::Unsupported)?;
        let mut state = self.state();
        state.written = true;
        file::write(path, text)
    }

    /// Back to the policy and the file of the start.
    pub(super) fn reset(&self) -> io::Result<()> {
        let mut state = self.state();
        if let (true, Some(path)) = (state.written, &self.file) {
            match &self.start {
                Some(start) => file::write(path, start)?,
                None => file::remove(path)?,
            }
        }
        *state = State::of(&self.values, self.clock.now());
        Ok(())
    }

    /// Reads the file again if it is another one than when it was last looked at.
    fn look(&self, state: &mut State) {
        let Some(path) = self.file.as_deref() else { return };
        let content = match file::read(path) {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) if state.seen.is_none() => return,
            Ok(None) => Err(PolicyError(format!("`{}` is gone", name(path)))),
            Err(error) => Err(error),
        };
        let fingerprint = match &content {
            Ok(bytes) => digest(&SHA256, bytes),
            Err(PolicyError(reason)) => digest(&SHA256, reason.as_bytes()),
        };
        if state.seen.as_deref() == Some(fingerprint.as_ref()) {
            return;
        }
        state.seen = Some(fingerprint.as_ref().to_vec());
        let now = self.clock.now();
        match content.and_then(|bytes| load(&name(path), bytes, self.rules)) {
            Ok(directives) => {
                state.note(now, "info", "the policy file is in force");
                state.put(directives, now);
            }
            Err(_) if !self.rules.hold(Rule::EmReload) => state.put(Directives::default(), now),
            Err(PolicyError(reason)) => {
                let since = state.policy.loaded_at;
                state.note(now, "error", &format!("the policy of {since} stays in force: {reason}"));
                state.policy.refused = Some(reason);
            }
        }
    }

    /// EM-RELOAD: what became of the files that were read.
    pub(super) fn log(&self) -> Vec<String> {
        let mut state = self.state();
        self.look(&mut state);
        state.log.iter().cloned().collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn of(directives: &Arc<Directives>, loaded_at: Timestamp) -> Self {
        let policy = Policy { directives: Arc::clone(directives), loaded_at, refused: None };
        Self { policy, seen: None, written: false, log: VecDeque::new() }
    }

    fn note(&mut self, now: Timestamp, level: &str, words: &str) {
        self.log.push_back(format!("{now} {level}: {words}"));
        if self.log.len() > KEPT_LINES {
            self.log.pop_front();
        }
    }

    fn put(&mut self, directives: Directives, now: Timestamp) {
        self.policy.refused = None;
        if *self.policy.directives != directives {
            self.policy.directives = Arc::new(directives);
            self.policy.loaded_at = now;
        }
    }
}

/// A policy file: one JSON object of directives.
fn load(name: &str, bytes: Vec<u8>, rules: Rules) -> Result<Directives, PolicyError> {
    let source = Source::from_bytes(name, bytes).map_err(|error| PolicyError(error.to_string()))?;
    if let Err(error) = serde_json::from_str::<IgnoredAny>(source.text()) {
        let (line, column, message) = (error.line(), error.column(), error.to_string());
        let message = message.split(" at line ").next().unwrap_or_default();
        return Err(PolicyError(format!("{name}:{line}:{column}: no JSON: {message}")));
    }
    let mut findings = Diagnostics::new(source.clone());
    let node = spanned_yaml::parse(&mut findings);
    let directives = node.as_ref().and_then(|node| Directives::read(node, &mut findings));
    match (directives, node) {
        (Some(directives), _) if !findings.has_errors() => Ok(directives),
        (_, Some(node)) if !rules.hold(Rule::EmDirectivesLoad) => {
            let mut findings_of_the_rest = Diagnostics::new(source);
            let rest = without_mistakes(node, &findings);
            Directives::read(&rest, &mut findings_of_the_rest).ok_or_else(|| told(&findings))
        }
        _ => Err(told(&findings)),
    }
}

/// EM-DIRECTIVES-LOAD broken: the document without the directives that have a mistake.
fn without_mistakes(node: Node, findings: &Diagnostics) -> Node {
    let mistaken = |entry: &Entry| {
        let span = entry.key_span.start..=entry.value.span.end;
        findings.iter().any(|found| found.severity == Severity::Error && span.contains(&found.span.start))
    };
    let value = match node.value {
        Value::Mapping(entries) => {
            Value::Mapping(entries.into_iter().filter(|entry| !mistaken(entry)).collect())
        }
        other => other,
    };
    Node { value, ..node }
}

/// The mistakes, one behind the other. No line of the file is shown: it may hold a telemetry header.
fn told(findings: &Diagnostics) -> PolicyError {
    let source = findings.source();
    let errors = findings.iter().filter(|found| found.severity == Severity::Error).take(TOLD);
    let told = errors.map(|found| {
        let (line, column) = source.position(found.span);
        format!("{}:{line}:{column}: {}", source.name(), found.message)
    });
    PolicyError(told.collect::<Vec<_>>().join("; "))
}

/// The file's name, for messages that strangers may read.
fn name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const BROKEN: &str = "{\n  \"playground\": {\"value\": true, \"enforcement\": \"enforced\"},\n  \"help_menu\": {\"value\": 7, \"enforcement\": \"enforced\"}\n}";

    fn load(text: &str, rules: Rules) -> Result<serde_json::Value, String> {
        super::load("enterprise-config.json", text.as_bytes().to_vec(), rules)
            .map(|directives| json!(directives.config()))
            .map_err(|PolicyError(reason)| reason)
    }

    #[test]
    fn a_json_file_of_directives() {
        let text = "{\n\t\"playground\": {\"value\": true, \"enforcement\": \"enforced\"},\n\t\"x\\/\\u00e9\": [1.5, null]\r\n}\n";
        let expected =
            json!({ "playground": { "value": true, "enforcement": "enforced" }, "x/é": [1.5, null] });
        assert_eq!(load(text, Rules::ALL), Ok(expected));
        assert_eq!(load("{}", Rules::ALL), Ok(json!({})));
    }

    #[test]
    fn mistakes_are_told_with_their_places() {
        for (text, expected) in [
            ("", "enterprise-config.json:1:0: no JSON: EOF while parsing a value"),
            ("{\n  \"a\": }", "enterprise-config.json:2:8: no JSON: expected value"),
            ("playground: {}", "enterprise-config.json:1:1: no JSON: expected value"),
            ("[]", "enterprise-config.json:1:1: expected"),
            (BROKEN, "enterprise-config.json:3:26: `enterpriseConfig.help_menu.value`: expected"),
            ("{\"a\": 1,\n \"a\": 2}", "enterprise-config.json:2:2: "),
            ("\u{0}", "cannot read `enterprise-config.json`: not a text file"),
        ] {
            let error = load(text, Rules::ALL).expect_err(text);
            assert!(error.starts_with(expected), "{text}: {error}");
        }
    }

    #[test]
    fn no_header_of_the_telemetry_is_told() {
        let text = r#"{"telemetry": {"enforcement": "enforced", "value": {"otel_endpoint": "x",
            "sampling_rate": 7, "headers": {"Authorization": "Bearer of-the-collector", "n": 7}}}}"#;
        let error = load(text, Rules::ALL).expect_err(text);
        assert!(!error.contains("of-the-collector"), "{error}");
    }

    #[test]
    fn a_directive_with_a_mistake_is_dropped_under_the_sabotage() {
        let rest = json!({ "playground": { "value": true, "enforcement": "enforced" } });
        assert_eq!(load(BROKEN, Rules::without(Rule::EmDirectivesLoad)), Ok(rest));
        assert!(load("{", Rules::without(Rule::EmDirectivesLoad)).is_err());
        assert!(load(BROKEN, Rules::without(Rule::EmReload)).is_err());
    }
}

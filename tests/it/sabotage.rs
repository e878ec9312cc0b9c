//! The suite proves its teeth: every requirement with a scenario can be broken, and the suite notices.
//!
//! `tests/golden/sabotage.txt` says which scenarios each sabotage turns red. It is reviewed, not believed: a line
//! that goes away is a tooth lost, a line that appears is a case that depends on more than it says.
//! A rule is broken over the scenarios that name it, or a rule that it implies, so a scenario has to go red for what it
//! says that it is about; [`STEADY`] has the few of which that cannot be asked. `TOUCHSTONE_BINARY` may name a release
//! binary, as `.ci/run` does. `UPDATE_EXPECT=1 cargo test sabotage` writes the golden file anew.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
};

use expect_test::expect_file;
use serde::Deserialize;
use spanned_yaml::{Diagnostics, Node, Source};
use touchstone::model::rule::Rule;

/// Scenarios that hold that nothing changes, where the rule they are about would have to be broken the other way. They
/// go red under this rule: without an envelope they reach nothing.
const STEADY: (&str, [&str; 13]) = (
    "EM-ENVELOPE",
    [
        "cache/deleted",
        "cache/restart",
        "cache/truncated",
        "client/bootstrap-refused",
        "client/poll-interval",
        "contact/certificate",
        "contact/refused",
        "contact/slow",
        "contact/truncated",
        "contact/unreachable",
        "degraded/grace-lasts",
        "degraded/no-grace",
        "envelope/newer",
    ],
);

const GOLDEN: &str = include_str!("../golden/sabotage.txt");

/// The release binary that CI names.
#[expect(clippy::disallowed_methods, reason = "CI names the binary in the environment")]
fn release() -> Option<std::ffi::OsString> {
    std::env::var_os("TOUCHSTONE_BINARY")
}

/// Of a report what is looked at here.
#[derive(Deserialize)]
struct Report {
    sabotaged: Option<String>,
    requirements: Vec<Row>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    status: String,
}

#[derive(Deserialize)]
struct Case {
    scenario: String,
    status: String,
}

impl Report {
    fn status(&self, rule: &str) -> &str {
        &self.requirements.iter().find(|row| row.id == rule).unwrap().status
    }

    /// Scenario → (red cases, all cases), of those that have a red one.
    fn red(&self) -> Reds {
        let mut scenarios = Reds::new();
        for case in &self.cases {
            let entry = scenarios.entry(case.scenario.clone()).or_default();
            entry.0 += usize::from(is_red(&case.status));
            entry.1 += 1;
        }
        scenarios.retain(|_, (red, _)| *red > 0);
        scenarios
    }
}

fn is_red(status: &str) -> bool {
    ["fail", "error"].contains(&status)
}

type Reds = BTreeMap<String, (usize, usize)>;

/// Exit code and report of a run of these scenarios with one rule broken.
fn run(id: &str, scenarios: &BTreeSet<&str>) -> (i32, Report) {
    let folder = std::env::temp_dir().join(format!("touchstone-sabotage-{}-{id}", std::process::id()));
    let status = Command::new(release().unwrap_or_else(|| env!("CARGO_BIN_EXE_touchstone").into()))
        .args(["--quiet", "run", "--format", "json", "--sabotage", id, "--report"])
        .arg(&folder)
        .args(scenarios)
        .output()
        .unwrap()
        .status;
    let report = fs::read(folder.join("report.json")).unwrap();
    fs::remove_dir_all(&folder).unwrap();
    (status.code().unwrap(), serde_json::from_slice(&report).unwrap())
}

fn yaml(path: &Path) -> Option<Node> {
    spanned_yaml::parse(&mut Diagnostics::new(Source::read(path).unwrap()))
}

fn texts(node: Option<&Node>) -> Vec<String> {
    let items = node.and_then(Node::as_sequence).unwrap_or_default();
    items.iter().filter_map(|item| Some(item.as_text()?.to_owned())).collect()
}

fn in_the_project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// What a scenario is about.
struct Scenario {
    requirements: Vec<String>,
}

fn suite() -> BTreeMap<String, Scenario> {
    let mut found = BTreeMap::new();
    for area in fs::read_dir(in_the_project("scenarios")).unwrap().map(|entry| entry.unwrap().path()) {
        let name = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
        if !area.is_dir() || ["values", "tenants", "manifests"].contains(&name(&area).as_str()) {
            continue;
        }
        for path in fs::read_dir(&area).unwrap().map(|entry| entry.unwrap().path()) {
            let scenario = yaml(&path).unwrap();
            let requirements = texts(scenario.get("requirements"));
            found.insert(format!("{}/{}", name(&area), name(&path)), Scenario { requirements });
        }
    }
    found
}

/// Rule → those of which the catalogue says that they fall with it.
fn implied() -> BTreeMap<String, Vec<String>> {
    let catalogue = yaml(&in_the_project("scenarios/requirements.yaml")).unwrap();
    let rules = catalogue.get("requirements").and_then(Node::as_sequence).unwrap();
    let id = |rule: &Node| rule.get("id").and_then(Node::as_text).unwrap().to_owned();
    rules.iter().map(|rule| (id(rule), texts(rule.get("implies")))).collect()
}

/// Rule → the scenarios that it turns red, as the golden file has them.
fn golden() -> BTreeMap<&'static str, Reds> {
    let mut sections: BTreeMap<_, Reds> = BTreeMap::new();
    let mut rule = "";
    for line in GOLDEN.lines() {
        if let Some((id, _)) = line.split_once(": exit ") {
            rule = id;
            sections.entry(rule).or_default();
        } else if let Some((scenario, counts)) = line.trim().split_once(": ") {
            let (red, all) = counts.split_once(" of ").unwrap();
            let counts = (red.parse().unwrap(), all.parse().unwrap());
            sections.get_mut(rule).unwrap().insert(scenario.to_owned(), counts);
        }
    }
    sections
}

#[test]
fn every_requirement_with_a_scenario_has_a_sabotage_that_the_suite_catches() {
    let (suite, implied) = (suite(), implied());
    let (code, plain) = run("none", &BTreeSet::new());
    assert_eq!(code, 0, "the plain run is conformant");
    assert_eq!(plain.sabotaged, None);
    let tested = |id: &String| suite.values().any(|scenario| scenario.requirements.contains(id));
    let covered: Vec<_> = plain.requirements.iter().map(|row| row.id.clone()).filter(tested).collect();
    assert!(covered.len() > 20);
    let missing: Vec<_> = covered.iter().filter(|id| Rule::by_id(id).is_none()).collect();
    assert!(missing.is_empty(), "requirements with a scenario and without a sabotage: {missing:?}");

    let sections = Mutex::new(BTreeMap::new());
    let queue = Mutex::new(covered.iter());
    let work = || {
        loop {
            let Some(id) = queue.lock().unwrap().next() else { break };
            let concerned = |name: &str, scenario: &Scenario| {
                let named = |rule: &String| rule == id || implied[id].contains(rule);
                scenario.requirements.iter().any(named) || (id == STEADY.0 && STEADY.1.contains(&name))
            };
            let chosen = suite.iter().filter(|(name, scenario)| concerned(name, scenario));
            let chosen: BTreeSet<_> = chosen.map(|(name, _)| name.as_str()).collect();
            let (code, report) = run(id, &chosen);
            let own = report.status(id);
            assert!(is_red(own), "{id} is broken and its own row is {own}");
            assert_eq!(code, 1, "{id} is broken and the run exits {code}");
            for implied in &implied[id] {
                assert!(is_red(report.status(implied)), "{id} implies {implied}, which holds");
            }
            assert_eq!(
                report.sabotaged.as_deref(),
                Some(id.as_str()),
                "the report says that it was sabotaged"
            );
            let mut section = format!("{id}: exit {code}\n");
            for (scenario, (red, all)) in report.red() {
                writeln!(section, "    {scenario}: {red} of {all}").unwrap();
            }
            sections.lock().unwrap().insert(id.clone(), section);
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    let sections = sections.into_inner().unwrap();
    let text: String = covered.iter().map(|id| sections[id].as_str()).collect();
    expect_file!["../golden/sabotage.txt"].assert_eq(&text);
}

#[test]
fn every_scenario_goes_red_under_some_sabotage() {
    let golden = golden();
    let red: BTreeSet<_> = golden.values().flat_map(BTreeMap::keys).collect();
    // In one process nobody can be gone: `containers.rs` breaks these.
    let asked = suite().into_keys().filter(|id| !id.starts_with("gone/"));
    let never: Vec<_> = asked.filter(|id| !red.contains(id)).collect();
    assert!(never.is_empty(), "scenarios that no sabotage turns red are no tests: {never:?}");
}

#[test]
fn an_unknown_sabotage_is_a_usage_error_with_the_nearest_id() {
    let output = Command::new(env!("CARGO_BIN_EXE_touchstone"))
        .args(["run", "--sabotage", "TOK-AUDD"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("Did you mean `TOK-AUD`?"));
    assert!(output.stdout.is_empty());
}

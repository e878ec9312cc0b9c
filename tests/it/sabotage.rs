//! The suite proves its teeth: every requirement with a scenario can be broken, and the suite notices.
//!
//! `tests/golden/sabotage.txt` says which scenarios each sabotage turns red. It is reviewed, not believed: a line
//! that goes away is a tooth lost, a line that appears is a case that depends on more than it says.
//! A rule is broken over the scenarios that name it, and held against their lines. The whole matrix runs where
//! `TOUCHSTONE_BINARY` names a release binary, as `.ci/run` does: there a rule is broken over all that can reach it.
//! `UPDATE_EXPECT=1 cargo test sabotage` writes the lines of what was run anew, and leaves the others.

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

/// What a scenario is about, and the keys of its steps.
struct Scenario {
    requirements: Vec<String>,
    steps: BTreeSet<String>,
}

/// What a scenario with MCP servers has.
const MANIFESTS: &str = "manifests";

fn suite() -> BTreeMap<String, Scenario> {
    let mut found = BTreeMap::new();
    for area in fs::read_dir(in_the_project("scenarios")).unwrap().map(|entry| entry.unwrap().path()) {
        let name = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
        if !area.is_dir() || ["values", "tenants", "manifests"].contains(&name(&area).as_str()) {
            continue;
        }
        for path in fs::read_dir(&area).unwrap().map(|entry| entry.unwrap().path()) {
            let scenario = yaml(&path).unwrap();
            let list = |key| scenario.get(key).and_then(Node::as_sequence).unwrap_or_default();
            let steps = list("steps").iter().chain(list("always"));
            let steps = steps.filter_map(|step| Some(step.as_mapping()?.first()?.key.clone()));
            let requirements = texts(scenario.get("requirements"));
            // What the platform has of its own counts as a step: without it there is no MCP server.
            let platform = scenario.get("platform").and_then(Node::as_mapping).unwrap_or_default();
            let manifests = platform.iter().filter(|entry| entry.key.ends_with("manifests"));
            let steps = steps.chain(manifests.map(|_| MANIFESTS.to_owned())).collect();
            found.insert(format!("{}/{}", name(&area), name(&path)), Scenario { requirements, steps });
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

/// The steps of which a scenario needs one to reach the rule; none where every scenario may. Only the simulated client,
/// the sign-in flows and MCP servers are out of reach of some, and the source says which rules nobody else asks.
fn ways_to(rule: Rule) -> &'static [&'static str] {
    let mut askers = Vec::new();
    let mut folders = vec![in_the_project("src")];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let name = format!("Rule::{rule:?}");
            let asks = text.match_indices(&name).any(|(at, _)| {
                let next = text[at + name.len()..].chars().next();
                !next.is_some_and(|next| next.is_alphanumeric() || next == '_')
            });
            if asks {
                askers.push(path.strip_prefix(in_the_project("src")).unwrap().to_owned());
            }
        }
    }
    let of_servers = |path: &PathBuf| path.starts_with("reference/mcp_server");
    let of_policies = mcp_policy::rule::Rule::by_id(rule.id()).is_some();
    if (of_policies || !askers.is_empty()) && askers.iter().all(of_servers) {
        return &[MANIFESTS];
    }
    let within = |parts: &[&str]| {
        let module = |path: &PathBuf| {
            let first = path.iter().next().unwrap().to_string_lossy().into_owned();
            parts.contains(&first.trim_end_matches(".rs"))
        };
        !askers.is_empty() && askers.iter().all(module)
    };
    match () {
        () if within(&["client"]) => &["client"],
        () if within(&["client", "signin"]) => &["client", "sign_in"],
        () => &[],
    }
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
    let (suite, implied, golden) = (suite(), implied(), golden());
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
            let ways = ways_to(Rule::by_id(id).unwrap());
            let concerned = |scenario: &Scenario| {
                let named = |rule: &String| rule == id || implied[id].contains(rule);
                match release() {
                    Some(_) => ways.is_empty() || ways.iter().any(|way| scenario.steps.contains(*way)),
                    None => scenario.requirements.iter().any(named),
                }
            };
            let chosen = suite.iter().filter(|(_, scenario)| concerned(scenario));
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
            let mut reds = golden.get(id.as_str()).cloned().unwrap_or_default();
            reds.retain(|name, _| {
                let run = chosen.contains(name.as_str()) || release().is_some();
                suite.contains_key(name) && !run
            });
            reds.extend(report.red());
            let mut section = format!("{id}: exit {code}\n");
            for (scenario, (red, all)) in reds {
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
    let never: Vec<_> = suite().into_keys().filter(|id| !red.contains(id)).collect();
    assert!(never.is_empty(), "scenarios that no sabotage turns red are no tests: {never:?}");
}

#[test]
fn a_rule_of_the_client_alone_is_out_of_reach_of_other_scenarios() {
    assert_eq!(ways_to(Rule::ClGrace), ["client"]);
    assert_eq!(ways_to(Rule::ClIdToken), ["client", "sign_in"]);
    assert_eq!([ways_to(Rule::McpDeny), ways_to(Rule::OpCond)], [[MANIFESTS]; 2]);
    assert!(ways_to(Rule::TokAud).is_empty() && ways_to(Rule::EmEnvelope).is_empty());
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

//! The suite proves its teeth: every requirement with a scenario can be broken, and the suite notices.
//!
//! `tests/golden/sabotage.txt` says which scenarios each sabotage turns red. It is reviewed, not believed: a line
//! that goes away is a tooth lost, a line that appears is a case that depends on more than it says.
//! `UPDATE_EXPECT=1 cargo test sabotage` writes it anew.

use std::{collections::BTreeMap, fmt::Write as _, process::Command, sync::Mutex};

use expect_test::expect_file;
use serde_json::Value as Json;
use touchstone::model::rule::Rule;

/// The binary under test: the one that cargo built with the tests, or the one that CI names, its release build.
#[expect(clippy::disallowed_methods, reason = "CI names the binary in the environment")]
fn binary() -> std::ffi::OsString {
    std::env::var_os("TOUCHSTONE_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_touchstone").into())
}

/// Exit code and report of a run with one rule broken.
fn run(id: &str) -> (i32, Json) {
    let folder = std::env::temp_dir().join(format!("touchstone-sabotage-{}-{id}", std::process::id()));
    let status = Command::new(binary())
        .args(["--quiet", "run", "--format", "json", "--sabotage", id, "--report"])
        .arg(&folder)
        .output()
        .unwrap()
        .status;
    let report = std::fs::read(folder.join("report.json")).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    (status.code().unwrap(), serde_json::from_slice(&report).unwrap())
}

/// The rules of which the catalogue says that they fall with this one.
fn implied(id: &str) -> Vec<String> {
    let text = include_str!("../../scenarios/requirements.yaml");
    let mut diagnostics =
        spanned_yaml::Diagnostics::new(spanned_yaml::Source::new("requirements.yaml", text));
    let catalogue = spanned_yaml::parse(&mut diagnostics).unwrap().to_json();
    let rules = catalogue["requirements"].as_array().unwrap();
    let rule = rules.iter().find(|rule| rule["id"] == id).unwrap();
    let list = rule.get("implies").and_then(Json::as_array).into_iter().flatten();
    list.map(|id| id.as_str().unwrap().to_owned()).collect()
}

/// Scenario → (red cases, all cases).
fn red(report: &Json) -> BTreeMap<String, (usize, usize)> {
    let mut scenarios: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for case in report["cases"].as_array().unwrap() {
        let entry = scenarios.entry(case["scenario"].as_str().unwrap().to_owned()).or_default();
        entry.0 += usize::from(["fail", "error"].contains(&case["status"].as_str().unwrap()));
        entry.1 += 1;
    }
    scenarios
}

#[test]
fn every_requirement_with_a_scenario_has_a_sabotage_that_the_suite_catches() {
    let (code, plain) = run("none");
    assert_eq!(code, 0, "the plain run is conformant");
    assert_eq!(plain["sabotaged"], Json::Null);
    let covered: Vec<String> = plain["requirements"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["cases"].as_object().is_some_and(|cases| !cases.is_empty()))
        .map(|row| row["id"].as_str().unwrap().to_owned())
        .collect();
    assert!(covered.len() > 20);
    let missing: Vec<_> = covered.iter().filter(|id| Rule::by_id(id).is_none()).collect();
    assert!(missing.is_empty(), "requirements with a scenario and without a sabotage: {missing:?}");

    let sections = Mutex::new(BTreeMap::new());
    let queue = Mutex::new(covered.iter());
    let work = || {
        loop {
            let Some(id) = queue.lock().unwrap().next() else { break };
            let (code, report) = run(id);
            let mut section = format!("{id}: exit {code}\n");
            for (scenario, (red, all)) in red(&report).into_iter().filter(|(_, (red, _))| *red > 0) {
                writeln!(section, "    {scenario}: {red} of {all}").unwrap();
            }
            let own =
                report["requirements"].as_array().unwrap().iter().find(|row| row["id"] == **id).unwrap();
            let status = own["status"].as_str().unwrap();
            assert!(["fail", "error"].contains(&status), "{id} is broken and its own row is {status}");
            assert_eq!(code, 1, "{id} is broken and the run exits {code}");
            for implied in implied(id) {
                let rows = report["requirements"].as_array().unwrap();
                let row = rows.iter().find(|row| row["id"] == *implied).unwrap();
                assert!(
                    row["status"] == "fail" || row["status"] == "error",
                    "{id} implies {implied}, which holds"
                );
            }
            assert_eq!(report["sabotaged"], **id, "the report says that it was sabotaged");
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
fn an_unknown_sabotage_is_a_usage_error_with_the_nearest_id() {
    let output = Command::new(env!("CARGO_BIN_EXE_touchstone"))
        .args(["run", "--sabotage", "TOK-AUDD"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("Did you mean `TOK-AUD`?"));
    assert!(output.stdout.is_empty());
}

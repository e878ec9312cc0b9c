//! The examples of `scenarios/README.md` are read as they stand there.

use super::read;

const MANUAL: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/README.md"));

/// The blocks between "```yaml" and "```".
fn examples() -> Vec<&'static str> {
    MANUAL.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn the_worked_example_is_a_scenario() {
    let examples = examples();
    let whole = examples.first().copied().unwrap_or_default();
    assert!(whole.starts_with("title:"), "{whole}");
    read(whole).unwrap_or_else(|found| panic!("{found}"));
}

#[test]
fn the_other_examples_are_together_the_steps_of_one_scenario() {
    let head = "title: t\nwhy: w\nrequirements: [TOK-AUD, CL-LOGIN, EM-ENVELOPE]\nmatrix: {setup: [a]}\n\
                platform: {values: \"../values/${matrix.setup}.yaml\"}\nidp: {tenant: okta}\nsteps:\n";
    let steps: Vec<_> = examples().into_iter().filter(|example| example.starts_with("- ")).collect();
    assert!(steps.len() >= 8, "{} examples", steps.len());
    read(&format!("{head}{}", steps.concat())).unwrap_or_else(|found| panic!("{found}"));
}

#[test]
fn every_step_and_matcher_is_there() {
    let steps = [
        "sign_in", "mint", "accept", "refuse", "request", "token", "journal", "advance", "client", "tamper",
        "fault", "restore", "keys", "policy", "browser",
    ];
    let matchers = ["equals", "present", "contains", "matches", "lt", "le", "gt", "ge", "any", "all", "not"];
    for word in steps.iter().chain(&matchers) {
        assert!(MANUAL.contains(&format!("`{word}")) || MANUAL.contains(&format!("{word}:")), "no `{word}`");
    }
}

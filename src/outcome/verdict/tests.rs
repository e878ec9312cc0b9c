//! Tables: every status, every precedence, every sentence.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::{
    model::{
        divergence::Reading,
        identifier::{CaseId, RequirementId, ScenarioId},
        requirement::{Catalogue, Level, Provenance, Requirement},
    },
    outcome::{ExitCode, Location, Report, Selection, SuiteIdentity, TargetIdentity},
};

/// One of every status, the worst first.
fn every_status() -> [CheckStatus; 9] {
    let because = || "because".to_owned();
    [
        CheckStatus::Fail,
        CheckStatus::UnexpectedPass(because()),
        CheckStatus::Error(because()),
        CheckStatus::NotExercised(because()),
        CheckStatus::NotApplicable(because()),
        CheckStatus::Skipped(because()),
        CheckStatus::ExpectedFail(because()),
        CheckStatus::Warn(because()),
        CheckStatus::Pass,
    ]
}

fn named(name: &str) -> CheckStatus {
    every_status().into_iter().find(|status| status.name() == name).unwrap()
}

fn step(statuses: &[CheckStatus]) -> StepResult {
    let check = |status: &CheckStatus| Check {
        what: String::new(),
        requirement: None,
        status: status.clone(),
        expected: String::new(),
        observed: String::new(),
        note: None,
        cause: matches!(status, CheckStatus::Fail).then_some(Cause::Implementation),
    };
    StepResult {
        kind: "refuse".to_owned(),
        title: String::new(),
        location: Location { file: String::new(), line: 1 },
        checks: statuses.iter().map(check).collect(),
        exchanges: Vec::new(),
    }
}

/// What was put to the test has a check about its rule.
fn case(id: &str, requirement: &str, status: &str) -> CaseResult {
    let mut steps = Vec::new();
    if named(status).is_tested() {
        let mut about = step(&[CheckStatus::Pass]);
        about.checks[0].requirement = Some(RequirementId::new(requirement));
        steps.push(about);
    }
    CaseResult {
        id: CaseId::new(id),
        scenario: ScenarioId::new(id),
        title: String::new(),
        why: String::new(),
        requirements: vec![RequirementId::new(requirement)],
        tags: Vec::new(),
        matrix: BTreeMap::new(),
        status: named(status),
        cause: (status == "error").then_some(Cause::Environment),
        steps,
        steps_not_taken: 0,
        tokens: Vec::new(),
        notes: Vec::new(),
        cautions: Vec::new(),
        observations: Vec::new(),
        logs: Vec::new(),
        duration_ms: 1.0,
    }
}

/// A, B and C must hold and are in set 1; D should; E must and is in no set.
fn catalogue() -> Catalogue {
    let rule = |id: &str| Requirement {
        id: RequirementId::new(id),
        statement: String::new(),
        level: if id == "D" { Level::Should } else { Level::Must },
        provenance: vec![Provenance::Doc],
        source: String::new(),
        implies: Vec::new(),
        untested: (id == "C").then(|| "no fault injection yet".to_owned()),
        excluded: (id == "D").then(|| "nobody does it".to_owned()),
    };
    let set = ["A", "B", "C", "D"].map(RequirementId::new).to_vec();
    Catalogue {
        requirements: ["A", "B", "C", "D", "E"].map(rule).to_vec(),
        sets: [("1".to_owned(), set)].into(),
        divergences: Vec::new(),
    }
}

fn judged_rows(cases: &[CaseResult]) -> Vec<RequirementRow> {
    let mut rows = requirement_rows(&catalogue(), "1");
    for row in &mut rows {
        row.judge(cases);
    }
    rows
}

fn parts(cases: &[(&str, &str, &str)]) -> RunParts {
    RunParts {
        suite: SuiteIdentity { version: "0".to_owned(), digest: String::new(), set: "1".to_owned() },
        target: TargetIdentity {
            name: "embedded".to_owned(),
            description: String::new(),
            capabilities: Vec::new(),
            clock: "manual".to_owned(),
        },
        seed: "0".to_owned(),
        reading: Reading::default(),
        sabotaged: None,
        selection: Selection { selected: cases.len(), total: cases.len(), filter: None, shard: None },
        cases: cases.iter().map(|(id, rule, status)| case(id, rule, status)).collect(),
        duration_ms: 1.0,
    }
}

fn judge(parts: RunParts, terms: &Terms) -> (ExitCode, String) {
    let summary = Report::assemble(parts, &catalogue(), terms).summary;
    (summary.exit, summary.verdict)
}

fn judged(cases: &[(&str, &str, &str)]) -> (ExitCode, String) {
    judge(parts(cases), &Terms::default())
}

/// Everything in set 1 is tested, and this one case more.
fn with(status: &str) -> Vec<(&'static str, &'static str, &str)> {
    vec![
        ("a/1", "A", "pass"),
        ("a/2", "B", "pass"),
        ("b/1", "C", "pass"),
        ("b/2", "D", "pass"),
        ("c/x", "A", status),
    ]
}

#[test]
fn names_are_those_of_the_json_report_and_in_order() {
    assert_eq!(every_status().map(|status| status.name()), CheckStatus::NAMES);
    for (rank, status) in every_status().iter().enumerate() {
        assert_eq!(serde_json::to_value(status).unwrap()["status"], status.name());
        assert_eq!(status.rank(), rank);
        assert_eq!(status.reason().is_none(), matches!(status, CheckStatus::Pass | CheckStatus::Fail));
    }
}

#[test]
fn of_every_two_the_worse_is_the_cases() {
    for (i, worse) in every_status().iter().enumerate() {
        for better in every_status().iter().skip(i) {
            for steps in [
                vec![step(&[worse.clone(), better.clone()])],
                vec![step(&[better.clone(), worse.clone()])],
                vec![step(&[]), step(std::slice::from_ref(better)), step(std::slice::from_ref(worse))],
            ] {
                assert_eq!(case_status(&steps), *worse, "{worse:?} and {better:?}");
            }
        }
    }
}

#[test]
fn of_equals_the_first_gives_its_reason() {
    let [a, b] = ["first", "second"].map(|reason| CheckStatus::Warn(reason.to_owned()));
    assert_eq!(CheckStatus::worst([&a, &b]), Some(a));
    assert_eq!(CheckStatus::worst([]), None);
}

#[test]
fn a_case_without_a_check_is_an_error_of_its_author() {
    for steps in [vec![], vec![step(&[])]] {
        assert_eq!(case_status(&steps), CheckStatus::Error(CHECKED_NOTHING.to_owned()));
        assert_eq!(case_cause(&steps), Some(Cause::Harness));
    }
    assert_eq!(case_cause(&[step(&[CheckStatus::Pass, CheckStatus::Fail])]), Some(Cause::Implementation));
    assert_eq!(case_cause(&[step(&[CheckStatus::Pass])]), None);
}

#[test]
fn a_row_has_the_worst_of_the_cases_that_tested_it() {
    for (statuses, expected) in [
        (&["pass", "pass"][..], "pass"),
        (&["pass", "not-applicable"], "pass"),
        (&["skipped", "warn"], "warn"),
        (&["expected-fail", "not-exercised"], "expected-fail"),
        (&["pass", "fail", "skipped"], "fail"),
        (&["fail", "error"], "fail"),
        (&["skipped", "not-applicable"], "not-applicable"),
        (&["skipped", "not-exercised"], "not-exercised"),
    ] {
        let cases: Vec<_> =
            statuses.iter().enumerate().map(|(n, status)| case(&format!("a/{n}"), "A", status)).collect();
        let rows = judged_rows(&cases);
        assert_eq!(rows[0].status.name(), expected, "{statuses:?}");
        assert_eq!(rows[0].cases.len(), statuses.len());
    }
}

/// A case about A and B with these checks, each in a step of its own: rule, status, cause.
fn about_two(id: &str, status: &str, checks: &[(&str, &str, Option<Cause>)]) -> CaseResult {
    let mut built = case(id, "A", status);
    built.requirements.push(RequirementId::new("B"));
    built.steps.clear();
    for (rule, status, cause) in checks {
        let mut one = step(&[named(status)]);
        one.checks[0].requirement = (!rule.is_empty()).then(|| RequirementId::new(*rule));
        one.checks[0].cause = *cause;
        built.steps.push(one);
    }
    built
}

/// What the rows of A and B say.
fn rows_of(cases: &[CaseResult]) -> [CheckStatus; 2] {
    let mut rows = judged_rows(cases).into_iter();
    [rows.next().unwrap().status, rows.next().unwrap().status]
}

#[test]
fn a_case_tests_the_rules_that_its_checks_are_about() {
    let table = [
        // What the case became, its checks with their rules, the row of A.
        ("pass", &[("B", "pass")][..], "not-exercised"),
        ("pass", &[("", "pass")], "not-exercised"),
        ("pass", &[("A", "pass"), ("B", "pass")], "pass"),
        // Each rule goes by its own checks; beside a failure nothing is green.
        ("warn", &[("A", "pass"), ("B", "warn")], "pass"),
        ("warn", &[("A", "warn"), ("B", "pass")], "warn"),
        ("fail", &[("B", "fail")], "not-exercised"),
        ("fail", &[("A", "pass"), ("B", "fail")], "not-exercised"),
        ("fail", &[("A", "fail"), ("B", "pass")], "fail"),
        ("fail", &[("A", "error"), ("B", "fail")], "error"),
        ("skipped", &[("A", "skipped"), ("B", "pass")], "skipped"),
        ("not-exercised", &[("A", "pass"), ("B", "not-exercised")], "not-exercised"),
        // Its checks do not explain what became of it.
        ("error", &[("A", "pass")], "error"),
        ("expected-fail", &[("A", "pass"), ("B", "fail")], "expected-fail"),
        // Without a step, the case's own status; nothing is green there.
        ("error", &[], "error"),
        ("skipped", &[], "skipped"),
        ("not-applicable", &[], "not-applicable"),
        ("pass", &[], "not-exercised"),
    ];
    for (status, checks, expected) in table {
        let defect = |status: &str| ["fail", "error"].contains(&status).then_some(Cause::Implementation);
        let checks: Vec<_> = checks.iter().map(|(rule, status)| (*rule, *status, defect(status))).collect();
        let alone = about_two("a/1", status, &checks);
        let [row, _] = rows_of(std::slice::from_ref(&alone));
        assert_eq!(row.name(), expected, "{status} of {checks:?}");
        if status == "pass" && expected == "not-exercised" {
            assert_eq!(row.reason(), Some("no check of its cases is about it"));
        }
        let rows = judged_rows(std::slice::from_ref(&alone));
        assert_eq!(rows[0].cases.len(), 1, "the case lists it all the same");
        // Beside a case that tested it, one that did not says nothing about it.
        let beside =
            if ["fail", "error", "warn", "expected-fail"].contains(&expected) { expected } else { "pass" };
        let [row, _] = rows_of(&[alone, about_two("a/2", "pass", &[("A", "pass", None)])]);
        assert_eq!(row.name(), beside, "{status} of {checks:?}");
    }
}

#[test]
fn a_failure_at_one_rule_is_no_failure_at_another_and_no_success_either() {
    let defect = Some(Cause::Implementation);
    let failed =
        about_two("a/1", "fail", &[("A", "pass", None), ("B", "fail", defect), ("B", "error", defect)]);
    let [a, b] = rows_of(std::slice::from_ref(&failed));
    assert_eq!(b, CheckStatus::Fail);
    assert_eq!(a.reason(), Some("what is about it passed only in cases that failed at another rule"));
    let [a, b] = rows_of(&[failed, about_two("a/2", "pass", &[("A", "pass", None), ("B", "pass", None)])]);
    assert_eq!((a, b), (CheckStatus::Pass, CheckStatus::Fail));
}

/// Nothing is green in a case of which it is not known that each of its checks stands by itself.
#[test]
fn a_case_that_cannot_be_trusted_speaks_of_all_its_rules() {
    let defect = Some(Cause::Implementation);
    let green = ("A", "pass", None);
    for (status, untrusted) in [
        // Something went wrong at no rule.
        ("fail", ("", "fail", defect)),
        ("error", ("", "error", defect)),
        // It was not reached, is a mistake of the harness, or nobody knows whose.
        ("error", ("B", "error", Some(Cause::Environment))),
        ("error", ("B", "error", Some(Cause::Harness))),
        ("error", ("B", "error", None)),
    ] {
        for checks in [[green, untrusted], [untrusted, green]] {
            let [a, _] = rows_of(&[about_two("a/1", status, &checks), about_two("a/2", "pass", &[green])]);
            assert_eq!(a.name(), status, "{checks:?}");
        }
    }
    // It ended early: what is about A may have been still to come.
    for checks in [&[("B", "fail", defect)][..], &[green, ("B", "fail", defect)]] {
        let mut early = about_two("a/1", "fail", checks);
        early.steps_not_taken = 1;
        let [a, b] = rows_of(&[early, about_two("a/2", "pass", &[green, ("B", "pass", None)])]);
        assert_eq!((a, b), (CheckStatus::Fail, CheckStatus::Fail), "{checks:?}");
    }
}

#[test]
fn a_side_of_a_divergence_is_no_rules_matter_unless_it_ended_the_case() {
    let mut case =
        about_two("a/1", "fail", &[("A", "pass", None), ("", "fail", Some(Cause::Implementation))]);
    case.steps[1].kind = OBSERVE.to_owned();
    assert_eq!(rows_of(std::slice::from_ref(&case))[0], CheckStatus::Pass);
    let sentence =
        judge(RunParts { cases: vec![case.clone()], ..parts(&[("a/1", "A", "pass")]) }, &Terms::default()).1;
    assert_eq!(sentence, "Not conformant: the one case failed, about a.", "no rule is broken");
    case.steps_not_taken = 1;
    assert_eq!(rows_of(std::slice::from_ref(&case))[0], CheckStatus::Fail);
}

#[test]
fn what_the_harness_left_out_is_never_conformant() {
    for rule in ["A", "D", "E", "in no catalogue"] {
        for filter in [None, Some("x".to_owned())] {
            let cases = [with("pass"), vec![("d/1", rule, "skipped"), ("d/2", rule, "warn")]].concat();
            let selection = Selection { selected: cases.len(), total: cases.len(), filter, shard: None };
            let (exit, sentence) = judge(RunParts { selection, ..parts(&cases) }, &Terms::default());
            assert_eq!(exit, ExitCode::PartlyTested, "{rule}");
            assert!(sentence.contains("but 1 selected case did not run"), "{sentence}");
        }
    }
    for (status, exit) in [("fail", ExitCode::Nonconformant), ("error", ExitCode::Unreachable)] {
        assert_eq!(judged(&[with(status), vec![("d/1", "A", "skipped")]].concat()).0, exit);
    }
}

#[test]
fn a_row_without_cases_says_why() {
    let rows = judged_rows(&[]);
    let reasons: Vec<_> = rows.iter().map(|row| row.status.reason().unwrap()).collect();
    let none = "no selected case covers it";
    assert_eq!(reasons, [none, none, "untested: no fault injection yet", "excluded: nobody does it", none]);
    assert!(rows.iter().all(|row| row.status.name() == "not-exercised" && !row.held()));
    assert_eq!(rows.iter().map(|row| row.in_set).collect::<Vec<_>>(), [true, true, true, true, false]);
    assert!(requirement_rows(&catalogue(), "2").iter().all(|row| !row.in_set), "an unknown set has nothing");
}

#[test]
fn every_status_has_its_exit_code() {
    for (status, expected, strict) in [
        ("error", ExitCode::Unreachable, ExitCode::Unreachable),
        ("fail", ExitCode::Nonconformant, ExitCode::Nonconformant),
        ("unexpected-pass", ExitCode::Nonconformant, ExitCode::Nonconformant),
        ("not-exercised", ExitCode::Conformant, ExitCode::Conformant),
        ("not-applicable", ExitCode::Conformant, ExitCode::Conformant),
        ("skipped", ExitCode::PartlyTested, ExitCode::PartlyTested),
        ("expected-fail", ExitCode::Conformant, ExitCode::Conformant),
        ("warn", ExitCode::Conformant, ExitCode::Nonconformant),
        ("pass", ExitCode::Conformant, ExitCode::Conformant),
    ] {
        assert_eq!(judged(&with(status)).0, expected, "{status}");
        let terms = Terms { strict: true, ..Terms::default() };
        assert_eq!(judge(parts(&with(status)), &terms).0, strict, "{status}, strictly");
        // The only case of a rule that must hold: without a test the run is partly tested.
        let only: Vec<_> = with(status).into_iter().filter(|(id, ..)| *id != "a/1").collect();
        let untested = ["not-exercised", "not-applicable", "skipped"].contains(&status);
        assert_eq!(
            judged(&only).0,
            if untested { ExitCode::PartlyTested } else { expected },
            "{status}, alone"
        );
    }
}

#[test]
fn of_every_two_that_apply_the_precedence_decides() {
    let both = |a: &str, b: &str| judged(&[("a/1", "A", a), ("a/2", "B", b)]).0;
    assert_eq!(both("error", "fail"), ExitCode::Unreachable);
    assert_eq!(both("fail", "skipped"), ExitCode::Nonconformant);
    assert_eq!(both("pass", "skipped"), ExitCode::PartlyTested);
    assert_eq!(both("skipped", "not-applicable"), ExitCode::Unreachable, "nothing was checked");
    let interrupted = Terms { interrupted: true, ..Terms::default() };
    assert_eq!(judge(parts(&with("error")), &interrupted).0, ExitCode::Interrupted);
    assert_eq!(judge(parts(&[]), &Terms::default()).0, ExitCode::Usage);
}

#[test]
fn an_error_that_follows_from_a_defect_is_no_matter_of_the_environment() {
    let with_cause = |cause| {
        let mut parts = parts(&with("error"));
        for case in &mut parts.cases {
            case.cause = case.cause.map(|_| cause);
        }
        judge(parts, &Terms::default()).0
    };
    assert_eq!(with_cause(Cause::Implementation), ExitCode::Nonconformant);
    assert_eq!(with_cause(Cause::Configuration), ExitCode::Nonconformant);
    assert_eq!(with_cause(Cause::Environment), ExitCode::Unreachable);
    assert_eq!(with_cause(Cause::Harness), ExitCode::Unreachable);
    // A defect that was seen does not hide that something else was not reached.
    let mut parts = parts(&with("fail"));
    for case in parts.cases.iter_mut().filter(|case| case.status == CheckStatus::Fail) {
        let mut unreached = step(&[CheckStatus::Fail, CheckStatus::Error("because".to_owned())]);
        unreached.checks[1].cause = Some(Cause::Environment);
        case.steps.push(unreached);
    }
    assert_eq!(judge(parts, &Terms::default()).0, ExitCode::Unreachable);
}

#[test]
fn what_did_not_run_is_not_passed_over() {
    let selected = |cases: &[_], selected| {
        let selection = Selection { selected, total: selected, filter: None, shard: None };
        judge(RunParts { selection, ..parts(cases) }, &Terms::default())
    };
    assert_eq!(
        selected(&[], 3),
        (ExitCode::Unreachable, "No verdict: none of the 3 selected cases ran.".to_owned())
    );
    assert_eq!(
        selected(&with("pass"), 7),
        (ExitCode::Unreachable, "No verdict: 2 of 7 cases did not run.".to_owned())
    );
    assert_eq!(selected(&with("fail"), 7).0, ExitCode::Nonconformant, "it stopped at the failure");
}

#[test]
fn accepted_and_filtered_rules_do_not_count_as_missing() {
    let without_c: Vec<_> = with("pass").into_iter().filter(|(_, rule, _)| *rule != "C").collect();
    assert_eq!(judged(&without_c).0, ExitCode::PartlyTested);
    let accepted_untested = BTreeSet::from([RequirementId::new("C"), RequirementId::new("A")]);
    let report =
        Report::assemble(parts(&without_c), &catalogue(), &Terms { accepted_untested, ..Terms::default() });
    assert_eq!(report.summary.exit, ExitCode::Conformant);
    let accepted: Vec<_> =
        report.requirements.iter().filter(|row| row.accepted).map(|row| row.id.as_str()).collect();
    assert_eq!(accepted, ["C"], "what was tested after all needs no acceptance");

    let filtered = |cases: &[_]| {
        let selection =
            Selection { selected: cases.len(), total: 61, filter: Some("a".to_owned()), shard: None };
        judge(RunParts { selection, ..parts(cases) }, &Terms::default()).0
    };
    assert_eq!(filtered(&[("a/1", "A", "pass")]), ExitCode::Conformant);
    assert_eq!(filtered(&[("a/1", "A", "pass"), ("a/2", "B", "skipped")]), ExitCode::PartlyTested);
    assert_eq!(
        filtered(&[("a/1", "A", "pass"), ("a/2", "D", "not-applicable")]),
        ExitCode::Conformant,
        "D only should hold"
    );
    assert_eq!(
        filtered(&[("a/1", "A", "pass"), ("a/2", "E", "not-applicable")]),
        ExitCode::Conformant,
        "E is in no set"
    );
}

#[test]
fn a_report_is_sorted_and_counts_every_status() {
    let report =
        Report::assemble(parts(&[("b", "A", "warn"), ("a", "A", "pass")]), &catalogue(), &Terms::default());
    assert_eq!(report.cases.iter().map(|case| case.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(report.summary.cases.len(), CheckStatus::NAMES.len());
    assert_eq!(report.summary.cases.values().sum::<usize>(), 2);
}

mod sentences;
mod shards;

//! The verdict in words: what decided the exit code is what it says.

use super::*;

/// Every status with every cause, alone and beside each other, strictly and not: no sentence counts nothing, and each
/// names what decided the exit code.
#[test]
fn the_sentence_says_what_decided() {
    let every_cause = [
        None,
        Some(Cause::Configuration),
        Some(Cause::Implementation),
        Some(Cause::Environment),
        Some(Cause::Harness),
    ];
    let mut combinations = Vec::new();
    for first in CheckStatus::NAMES {
        for second in CheckStatus::NAMES {
            for cause in every_cause {
                for all_of_set in [true, false] {
                    combinations.push((first, second, cause, all_of_set));
                }
            }
        }
    }
    for (first, second, cause, all_of_set) in combinations {
        let mut tried = vec![("x/1", "A", first), ("x/2", "B", second)];
        if all_of_set {
            tried.extend(with("pass"));
        }
        for (strict, selected, total, broken) in [
            (false, tried.len(), tried.len(), false),
            (true, tried.len(), 61, false),
            (false, tried.len(), 61, true),
        ] {
            let mut run = parts(&tried);
            run.selection = Selection { selected, total, filter: None, shard: None };
            run.sabotaged = broken.then(|| RequirementId::new("A"));
            for case in run.cases.iter_mut().filter(|case| matches!(case.status, CheckStatus::Error(_))) {
                case.cause = cause;
            }
            let (exit, said) = judge(run, &Terms { strict, ..Terms::default() });
            let shown = format!("{first}, {second}, {cause:?}, strict {strict}: {exit:?}: {said}");
            assert!(!said.split([' ', '(']).any(|word| word == "0"), "{shown}");
            assert!(!said.contains("1 cases") && !said.contains("1 rules"), "{shown}");
            let has = |status| [first, second].contains(&status);
            if broken {
                assert_eq!(
                    said.contains("survived, no case failed"),
                    exit != ExitCode::Unreachable && !has("fail") && !has("error") && !has("skipped"),
                    "{shown}"
                );
                continue;
            }
            let words = match exit {
                ExitCode::Unreachable if has("error") => "could not be judged",
                ExitCode::Unreachable => "nothing was checked",
                ExitCode::Nonconformant if has("fail") => " failed, ",
                ExitCode::Nonconformant if has("error") => "could not be judged because of",
                ExitCode::Nonconformant if has("unexpected-pass") => {
                    "although the baseline expects a failure"
                }
                ExitCode::Nonconformant => "by strict terms: nothing failed, but",
                ExitCode::PartlyTested if has("skipped") => "did not run",
                ExitCode::PartlyTested => "not tested: ",
                _ => "Conformant",
            };
            assert!(said.contains(words), "{shown}");
            for (status, words) in [
                ("fail", "failed"),
                ("unexpected-pass", "although the baseline"),
                ("error", "could not be judged"),
            ] {
                let counts = exit == ExitCode::Nonconformant || status == "error";
                assert!(!(has(status) && counts) || said.contains(words), "{shown}");
            }
        }
    }
}

#[test]
fn a_failed_case_in_which_something_was_not_reached_is_counted() {
    let mut parts = parts(&with("fail"));
    let mut unreached = step(&[CheckStatus::Error("because".to_owned())]);
    unreached.checks[0].cause = Some(Cause::Environment);
    parts.cases[4].steps.push(unreached);
    let expected =
        "No verdict: 1 of 5 cases could not be judged because of the machine or the network; 1 failed.";
    assert_eq!(judge(parts, &Terms::default()), (ExitCode::Unreachable, expected.to_owned()));
}

#[test]
fn sentences() {
    let sabotaged = |cases: &[_]| {
        judge(RunParts { sabotaged: Some(RequirementId::new("A")), ..parts(cases) }, &Terms::default()).1
    };
    let filtered = |cases: &[_], total| {
        let selection = Selection { selected: cases.len(), total, filter: Some("a".to_owned()), shard: None };
        judge(RunParts { selection, ..parts(cases) }, &Terms::default()).1
    };
    let because = |cause, cases: &[_]| {
        let mut parts = parts(cases);
        for case in parts.cases.iter_mut().filter(|case| case.cause.is_some()) {
            case.cause = Some(cause);
        }
        judge(parts, &Terms::default()).1
    };
    let strict = Terms { strict: true, ..Terms::default() };
    let interrupted = Terms { interrupted: true, ..Terms::default() };
    let table = [
        judged(&with("pass")).1,
        judged(&with("warn")).1,
        judged(&with("expected-fail")).1,
        judged(&with("fail")).1,
        judged(&[with("fail"), vec![("b/3", "B", "fail"), ("c/y", "C", "fail")]].concat()).1,
        judged(&[("a/1", "A", "fail"), ("a/2", "B", "fail")]).1,
        judged(&[with("fail"), vec![("b/3", "B", "unexpected-pass")]].concat()).1,
        judged(&with("unexpected-pass")).1,
        judged(&with("error")).1,
        judged(&[with("error"), vec![("b/3", "B", "fail")]].concat()).1,
        judged(&[("a/1", "A", "pass")]).1,
        judged(&[("a/1", "A", "skipped")]).1,
        judge(parts(&with("warn")), &strict).1,
        judge(parts(&with("fail")), &interrupted).1,
        judge(
            parts(&[with("pass"), vec![("d/1", "A", "skipped"), ("d/2", "A", "skipped")]].concat()),
            &interrupted,
        )
        .1,
        judge(parts(&[("d/1", "A", "skipped"), ("d/2", "A", "skipped")]), &interrupted).1,
        judged(&[with("warn"), vec![("d/1", "A", "skipped"), ("d/2", "A", "skipped")]].concat()).1,
        because(Cause::Configuration, &[with("error"), vec![("d/1", "A", "error")]].concat()),
        because(
            Cause::Implementation,
            &[with("error"), vec![("d/1", "A", "fail"), ("d/2", "A", "unexpected-pass")]].concat(),
        ),
        filtered(&[], 61),
        filtered(&[("a/1", "A", "pass"), ("a/2", "B", "pass")], 61),
        filtered(&[("a/1", "A", "pass"), ("a/2", "B", "warn")], 3),
        filtered(&[("a/1", "A", "fail"), ("a/2", "B", "pass")], 61),
        filtered(&[("a/1", "A", "pass")], 61),
        filtered(&[("a/1", "A", "warn")], 61),
        filtered(&[("a/1", "A", "fail")], 61),
        filtered(&[("a/1", "A", "warn"), ("a/2", "B", "warn")], 61),
        filtered(&[("a/1", "A", "pass"), ("a/2", "B", "skipped")], 61),
        sabotaged(&with("fail")),
        sabotaged(&[with("fail"), vec![("b/3", "B", "fail")]].concat()),
        sabotaged(&with("pass")),
        sabotaged(&[with("pass"), vec![("b/3", "B", "fail")]].concat()),
        sabotaged(&with("error")),
    ];
    let table = table.join("\n") + "\n";
    expect_test::expect_file!["../../../../tests/golden/report/verdicts.txt"].assert_eq(&table);
}

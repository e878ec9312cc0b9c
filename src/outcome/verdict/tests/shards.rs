//! A shard answers for its own cases and says nothing of the whole.

use super::*;
use crate::outcome::ShardOf;

/// Two cases more were selected than these, in other shards; 61 cases are in the suite.
fn shard(cases: &[(&str, &str, &str)]) -> RunParts {
    let shard = ShardOf {
        index: 2,
        count: 3,
        selected: cases.len() + 2,
        digest: String::new(),
        cases: String::new(),
    };
    let selection = Selection { selected: cases.len(), total: 61, filter: None, shard: Some(shard) };
    RunParts { selection, ..parts(cases) }
}

#[test]
fn its_exit_code_is_about_what_it_ran() {
    let strict = Terms { strict: true, ..Terms::default() };
    let interrupted = Terms { interrupted: true, ..Terms::default() };
    for (cases, terms, expected) in [
        (vec![], &Terms::default(), ExitCode::Conformant),
        (with("pass"), &Terms::default(), ExitCode::Conformant),
        // What these leave open, another shard may have closed.
        (vec![("a/1", "A", "not-applicable")], &Terms::default(), ExitCode::Conformant),
        (vec![("a/1", "A", "not-exercised"), ("a/2", "B", "pass")], &Terms::default(), ExitCode::Conformant),
        (with("warn"), &strict, ExitCode::Nonconformant),
        (with("fail"), &Terms::default(), ExitCode::Nonconformant),
        (with("unexpected-pass"), &Terms::default(), ExitCode::Nonconformant),
        (with("error"), &Terms::default(), ExitCode::Unreachable),
        // Nobody else runs what it left out.
        (with("skipped"), &Terms::default(), ExitCode::PartlyTested),
        (with("pass"), &interrupted, ExitCode::Interrupted),
    ] {
        assert_eq!(judge(shard(&cases), terms).0, expected, "{cases:?}");
    }
    let mut fewer = shard(&with("pass"));
    fewer.cases.pop();
    assert_eq!(judge(fewer, &Terms::default()).0, ExitCode::Unreachable, "a case did not run");
}

#[test]
fn sentences() {
    let said = |cases: &[_]| judge(shard(cases), &Terms::default()).1;
    let sabotaged = |cases: &[_]| {
        let broken = RunParts { sabotaged: Some(RequirementId::new("A")), ..shard(cases) };
        judge(broken, &Terms::default()).1
    };
    let one_elsewhere = {
        let mut parts = shard(&[]);
        parts.selection.shard.as_mut().unwrap().selected = 1;
        judge(parts, &Terms::default()).1
    };
    let table = [
        said(&with("pass")),
        said(&with("warn")),
        said(&[("a/1", "A", "pass")]),
        said(&[("a/1", "A", "not-applicable")]),
        said(&[]),
        one_elsewhere,
        said(&with("fail")),
        said(&with("error")),
        said(&with("skipped")),
        sabotaged(&with("fail")),
        sabotaged(&with("pass")),
        sabotaged(&[]),
        sabotaged(&[with("pass"), vec![("b/3", "B", "fail")]].concat()),
        sabotaged(&with("error")),
    ];
    let table = table.join("\n") + "\n";
    assert!(!table.contains("survived") && !table.contains("Conformant"), "{table}");
    expect_test::expect_file!["../../../../tests/golden/report/verdicts-shard.txt"].assert_eq(&table);
}

//! Reports of shards are joined to what the run would have said, or not at all.

use std::collections::BTreeSet;

use touchstone::{
    model::{
        divergence::Reading,
        identifier::{CaseId, RequirementId},
    },
    outcome::{
        Capability, CaseResult, CheckStatus, ExitCode, Report, Selection, ShardOf,
        merge::{MergeError, case_digest, merge},
        verdict::{RunParts, Terms},
    },
    report::json,
};

use super::sample;

/// Reports of another are not read.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The whole run of these cases, and the reports of its shards: case by case in turn.
fn divided(cases: &[CaseResult], count: usize, run: &RunParts, terms: &Terms) -> (Report, Vec<Report>) {
    let names = case_digest(cases.iter().map(|case| &case.id));
    let shard_of =
        |index| ShardOf { index, count, selected: cases.len(), digest: "9".repeat(64), cases: names.clone() };
    let report = |cases: Vec<CaseResult>, shard: Option<ShardOf>| {
        let selection = Selection { selected: cases.len(), total: 61, filter: None, shard };
        let mut run = RunParts { cases, selection, ..run.clone() };
        run.suite.version = VERSION.to_owned();
        sample::assemble(run, terms)
    };
    let part = |index| cases.iter().skip(index).step_by(count).cloned().collect();
    let shards = (0..count).map(|index| report(part(index), Some(shard_of(index + 1)))).collect();
    (report(cases.to_vec(), None), shards)
}

fn named(reports: Vec<Report>) -> Vec<(String, Report)> {
    reports.into_iter().enumerate().map(|(place, report)| (format!("{}.json", place + 1), report)).collect()
}

/// Every kind of case, and one that passed with more traffic than is kept.
fn cases() -> Vec<CaseResult> {
    let mut cases = sample::nonconformant().cases;
    let exchange = cases.iter().flat_map(|case| &case.steps).find_map(|step| step.exchanges.first()).cloned();
    let mut long = exchange.unwrap();
    long.response.as_mut().unwrap().body = Some("a".repeat(5_000));
    let passed = cases.iter_mut().find(|case| case.status == CheckStatus::Pass).unwrap();
    passed.steps[0].exchanges.push(long);
    cases
}

#[test]
fn joined_shards_are_the_run() {
    let parts = sample::parts(Vec::new());
    let broken = RunParts { sabotaged: Some(RequirementId::new("TOK-AUD")), ..parts.clone() };
    let other = RunParts { reading: Reading::Standards, ..parts.clone() };
    let accepted = BTreeSet::from(["TOK-KEYSET", "EM-ETAG", "TOK-AUD"].map(RequirementId::new));
    let accepting = Terms { accepted_untested: accepted, ..Terms::default() };
    let strict = Terms { strict: true, ..Terms::default() };
    let all = cases();
    let green: Vec<_> = all.iter().filter(|case| !case.status.needs_action()).cloned().collect();
    let untested: Vec<_> = all.iter().filter(|case| !case.status.is_tested()).cloned().collect();
    assert!(!untested.is_empty());
    let mut exits = BTreeSet::new();
    for cases in [&all, &green, &untested] {
        for run in [&parts, &broken, &other] {
            for terms in [&Terms::default(), &accepting, &strict] {
                for count in [1, 2, 3, cases.len(), cases.len() + 2] {
                    let (whole, shards) = divided(cases, count, run, terms);
                    exits.insert(whole.summary.exit.code());
                    // As they come back from their files, in either order.
                    let mut read: Vec<_> = shards
                        .iter()
                        .map(|report| json::read(json::render(report).unwrap().as_bytes()).unwrap())
                        .collect();
                    assert_eq!(read, shards);
                    assert_eq!(merge(named(read.clone())).unwrap(), whole, "{count}");
                    read.reverse();
                    assert_eq!(merge(named(read)).unwrap(), whole, "{count}");
                }
            }
        }
    }
    assert_eq!(exits.into_iter().collect::<Vec<_>>(), [0, 1, 3, 6]);
}

#[test]
fn an_interrupted_shard_is_an_interrupted_run() {
    let terms = Terms { interrupted: true, ..Terms::default() };
    let (_, ended) = divided(&cases(), 2, &sample::parts(Vec::new()), &terms);
    let (_, mut shards) = divided(&cases(), 2, &sample::parts(Vec::new()), &Terms::default());
    shards[1] = ended[1].clone();
    assert_eq!(merge(named(shards)).unwrap().summary.exit, ExitCode::Interrupted);
}

/// The messages, each with the files that it names.
fn refused(reports: Vec<Report>) -> Vec<String> {
    let errors = merge(named(reports)).unwrap_err();
    errors.iter().map(ToString::to_string).collect()
}

#[test]
fn whatever_two_shards_may_not_differ_in_is_named() {
    type Change = fn(&mut Report);
    fn shard(report: &mut Report) -> &mut ShardOf {
        report.selection.shard.as_mut().unwrap()
    }
    let (_, shards) = divided(&cases(), 3, &sample::parts(Vec::new()), &Terms::default());
    let changes: [(Change, &str); 18] = [
        (|report| report.suite.version = "0.0.1".into(), "the version is `"),
        (|report| report.suite.digest = "77".into(), "the digest of the suite is `3f9a"),
        (|report| report.suite.set = "2".into(), "the requirement set is `1`"),
        (|report| report.selection.total = 60, "the number of cases in the suite is `61`"),
        (|report| report.target.name = "containers".into(), "the target is `embedded` in the first, `cont"),
        (|report| report.target.description = "another".into(), "the description of the target is `the ref"),
        (|report| report.target.capabilities = vec![Capability::Minting], "what the target can do is `clock"),
        (|report| report.target.clock = "system".into(), "the clock is `manual`"),
        (|report| report.seed = "7".into(), "--seed (in hexadecimal) is `00000000000004d2`"),
        (|report| report.sabotaged = Some(RequirementId::new("TOK-AUD")), "--sabotage is `none`"),
        (
            |report| report.reading = Reading::Standards,
            "--reading is `documentation` in the first, `standards`",
        ),
        (|report| report.terms.strict = true, "--strict is `false` in the first, `true` in the second"),
        (
            |report| report.terms.accepted_untested = [RequirementId::new("TOK-AUD")].into(),
            "--accept-untested is `nothing` in the first, `TOK-AUD` in the second",
        ),
        (|report| report.selection.filter = Some("aud".into()), "the filter is `none` in the first, `aud`"),
        (|report| shard(report).selected = 9, "the number of selected cases is `8` in the first, `9` in"),
        (|report| shard(report).count = 4, "the number of shards is `3` in the first, `4` in the second"),
        (|report| shard(report).digest = "8".into(), "the digest of the selected cases, their files, vari"),
        (
            // Two at once: the first is told.
            |report| {
                report.seed = "7".into();
                report.reading = Reading::Standards;
            },
            "--seed",
        ),
    ];
    for (change, words) in changes {
        let mut shards = shards.clone();
        change(&mut shards[1]);
        let said = refused(shards);
        let beginning = format!("`1.json` and `2.json` are not shards of one run: {words}");
        assert!(said.len() == 1 && said[0].starts_with(&beginning), "{said:?}, expected {beginning}");
    }
    // Each of the others is held against the first.
    let mut two = shards;
    two[1].seed = "7".into();
    two[2].seed = "8".into();
    assert_eq!(refused(two).len(), 2);
}

#[test]
fn every_shard_is_there_once() {
    let (whole, shards) = divided(&cases(), 6, &sample::parts(Vec::new()), &Terms::default());
    let some = |indices: &[usize]| refused(indices.iter().map(|index| shards[index - 1].clone()).collect());
    assert_eq!(
        some(&[1, 2, 4, 5, 6]),
        [
            "shard 3 of 6 is missing, beside `1.json`, `2.json`, `3.json`, `4.json`, `5.json`: a verdict needs all of them"
        ]
    );
    assert_eq!(
        some(&[5, 2]),
        ["shards 1, 3 to 4, 6 of 6 are missing, beside `2.json`, `1.json`: a verdict needs all of them"]
    );
    assert_eq!(some(&[1, 2, 3, 4, 5, 6, 3]), ["`3.json` and `7.json` are both shard 3 of 6: leave one out"]);
    let mut with_whole = shards.clone();
    with_whole.push(whole);
    assert_eq!(
        refused(with_whole),
        ["`7.json` is of a run without --shard: it is whole, and joined with nothing"]
    );
    // Of a number that no machine can count to.
    let mut many = shards.clone();
    for report in &mut many {
        report.selection.shard.as_mut().unwrap().count = usize::MAX;
    }
    assert!(refused(many)[0].starts_with(&format!("shards 7 to {0} of {0} are missing", usize::MAX)));
    assert_eq!(merge(Vec::new()), Err(vec![MergeError::Nothing]));
}

#[test]
fn a_shard_that_was_changed_is_seen() {
    let (_, shards) = divided(&cases(), 2, &sample::parts(Vec::new()), &Terms::default());
    let message = "`1.json`, `2.json` do not make up what was selected, case by case: one of them was changed since it was written";
    let mut fewer = shards.clone();
    fewer[0].selection.selected -= 1;
    assert_eq!(refused(fewer), [message]);
    let mut overlapping = shards;
    overlapping[0].cases[0] = overlapping[1].cases[0].clone();
    assert_eq!(refused(overlapping), [message]);
}

/// What a report says of itself is judged once more.
#[test]
fn a_shard_that_contradicts_itself_is_not_believed() {
    type Change = fn(&mut Report);
    fn passed(report: &mut Report) -> &mut CaseResult {
        report.cases.iter_mut().find(|case| case.status == CheckStatus::Pass).unwrap()
    }
    let (_, shards) = divided(&cases(), 2, &sample::parts(Vec::new()), &Terms::default());
    let with_a_pass = shards.iter().position(|report| {
        report.cases.iter().any(|case| case.status == CheckStatus::Pass && !case.requirements.is_empty())
    });
    let which = with_a_pass.unwrap();
    let changes: [(Change, &str); 6] = [
        (|report| passed(report).steps[0].checks[0].status = CheckStatus::Fail, "of the case"),
        (|report| passed(report).steps.clear(), "of the case"),
        (|report| passed(report).requirements.clear(), "of the requirements"),
        (|report| report.summary.exit = ExitCode::StaleBaseline, "in its summary"),
        (|report| *report.summary.cases.get_mut("pass").unwrap() += 1, "in its summary"),
        (|report| passed(report).id = CaseId::new("foo/bar"), "do not make up what was selected"),
    ];
    for (change, words) in changes {
        let mut shards = shards.clone();
        change(&mut shards[which]);
        let said = refused(shards);
        assert!(said.len() == 1 && said[0].contains(words), "{said:?}, expected {words}");
    }
}

#[test]
fn what_is_no_report_of_this_version_is_not_read() {
    let mut report = sample::filtered();
    report.suite.version = VERSION.to_owned();
    let report = json::render(&report).unwrap();
    let said = |text: &str| json::read(text.as_bytes()).unwrap_err().to_string();
    assert!(json::read(report.as_bytes()).is_ok());
    for text in ["", "{}", "[]", "null", "<testsuites/>", &report[..report.len() / 2]] {
        assert!(said(text).starts_with("is no JSON report of `touchstone run`: "), "{text}: {}", said(text));
    }
    assert_eq!(
        said(&report.replace("touchstone-report/1", "touchstone-report/2")),
        "has the schema `touchstone-report/2` and not `touchstone-report/1`: use the version of this program that wrote it"
    );
    let older = report.replace(&format!(r#""version":"{VERSION}""#), r#""version":"0.0.9""#);
    let words =
        format!("was written by touchstone 0.0.9, and this is {VERSION}: use the version that wrote it");
    assert_eq!(said(&older), words);
    // Also where its shape is another.
    assert_eq!(said(&older.replace("\"seed\"", "\"chance\"")), words);
}

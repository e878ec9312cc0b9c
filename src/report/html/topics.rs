//! The questions of an administrator with what the run says about each.

use std::collections::BTreeSet;

use super::anchor;
use crate::{
    model::identifier::RequirementId,
    outcome::{CaseResult, Check, CheckStatus, Report, RequirementRow, StepResult},
    report::{
        topic::{self, Answer, OTHER, TOPICS, Topic},
        who_acts,
    },
};

/// So many findings of a question are told in full; the rest are links.
const IN_FULL: usize = 5;

/// A question on the page.
pub(super) struct Question<'a> {
    pub(super) topic: &'static Topic,
    pub(super) answer: Answer,
    /// What was seen, in a sentence.
    pub(super) seen: String,
    pub(super) findings: Vec<Finding<'a>>,
    /// Further cases that are not as expected.
    pub(super) more: Vec<Link<'a>>,
    /// Cases in which something else was not as expected.
    pub(super) elsewhere: Vec<Link<'a>>,
    /// Its rules.
    pub(super) rules: Vec<(&'a RequirementRow, String)>,
    /// Title and reason of every scenario that tested it, with its first case.
    pub(super) scenarios: Vec<Link<'a>>,
}

/// A case to go to.
pub(super) struct Link<'a> {
    pub(super) case: &'a CaseResult,
    pub(super) anchor: String,
}

/// A case that is not as expected: its worst check about the question.
pub(super) struct Finding<'a> {
    pub(super) link: Link<'a>,
    pub(super) worst: Option<(&'a StepResult, &'a Check)>,
    pub(super) acts: Option<String>,
    /// What is wrong with the case is about the rules of another question.
    elsewhere: bool,
}

/// Every question; what no question knows comes last, if there is such a rule.
pub(super) fn questions(report: &Report) -> Vec<Question<'_>> {
    let topics = TOPICS.iter().map(|topic| question(report, topic));
    let other = Some(question(report, &OTHER)).filter(|other| !other.rules.is_empty());
    topics.chain(other).collect()
}

fn question<'a>(report: &'a Report, topic: &'static Topic) -> Question<'a> {
    let rows: Vec<_> = report.requirements.iter().filter(|row| *topic::of(&row.id) == *topic).collect();
    let ids: BTreeSet<_> = rows.iter().map(|row| &row.id).collect();
    let about: Vec<_> =
        report.cases.iter().filter(|case| case.requirements.iter().any(|rule| ids.contains(rule))).collect();
    let not_green = about.iter().filter(|case| case.status != CheckStatus::Pass);
    let (mut findings, elsewhere): (Vec<_>, Vec<_>) =
        not_green.map(|case| Finding::new(case, &ids)).partition(|finding| !finding.elsewhere);
    findings.sort_by_key(|finding| finding.link.case.status.rank());
    // One cell of a matrix tells the story of all.
    let mut told = BTreeSet::new();
    let (findings, more): (Vec<_>, Vec<_>) = findings
        .into_iter()
        .partition(|finding| told.len() < IN_FULL && told.insert(&finding.link.case.scenario));
    let mut scenarios = BTreeSet::new();
    let first_of_scenario = about.iter().filter(|case| scenarios.insert(&case.scenario));
    Question {
        topic,
        answer: topic::answer(&rows),
        seen: seen(&rows, &about),
        more: more.into_iter().map(|finding| finding.link).collect(),
        elsewhere: elsewhere.into_iter().map(|finding| finding.link).collect(),
        findings,
        scenarios: first_of_scenario.map(|case| Link::new(case)).collect(),
        rules: rows.iter().map(|row| (*row, anchor::of_rule(&row.id))).collect(),
    }
}

impl<'a> Link<'a> {
    fn new(case: &'a CaseResult) -> Self {
        Self { case, anchor: anchor::of_case(&case.id) }
    }
}

impl<'a> Finding<'a> {
    fn new(case: &'a CaseResult, rules: &BTreeSet<&RequirementId>) -> Self {
        let wrong = case.checks().filter(|(_, check)| check.status != CheckStatus::Pass);
        let (named, unnamed): (Vec<_>, Vec<_>) = wrong.partition(|(_, check)| check.requirement.is_some());
        let (about, others): (Vec<_>, Vec<_>) = named
            .into_iter()
            .partition(|(_, check)| check.requirement.as_ref().is_some_and(|rule| rules.contains(rule)));
        let elsewhere = about.is_empty() && !others.is_empty();
        let worst = about.into_iter().chain(unnamed).min_by_key(|(_, check)| check.status.rank());
        let responsible = worst.and_then(|(_, check)| check.cause).or(case.cause);
        let acts = responsible.map(|cause| who_acts(cause, case));
        Self { link: Link::new(case), worst, acts, elsewhere }
    }
}

/// "29 of the 30 cases about it passed; 4 of its 5 rules were put to the test."
fn seen(rows: &[&RequirementRow], about: &[&CaseResult]) -> String {
    if rows.is_empty() {
        return "Nothing: this suite has no rule about it yet.".to_owned();
    }
    let unjudged = rows.iter().filter(|row| matches!(row.status, CheckStatus::Error(_))).count();
    let tested = rows.iter().filter(|row| row.status.is_tested()).count() - unjudged;
    let mut rules = match (tested, rows.len()) {
        (0, 1) => "its one rule was not put to the test".to_owned(),
        (0, all) => format!("none of its {all} rules was put to the test"),
        (1, 1) => "its one rule was put to the test".to_owned(),
        (1, all) => format!("1 of its {all} rules was put to the test"),
        (tested, all) if tested == all => format!("all of its {all} rules were put to the test"),
        (tested, all) => format!("{tested} of its {all} rules were put to the test"),
    };
    match (tested, unjudged) {
        (_, 0) => {}
        (0, _) => return "Nothing: no case about it could be judged.".to_owned(),
        (_, unjudged) => rules = format!("{rules}, {unjudged} could not be judged"),
    }
    let passed = about.iter().filter(|case| case.status == CheckStatus::Pass).count();
    match (tested, about.len(), passed) {
        (0, _, _) => format!("Nothing: {rules}."),
        (_, 1, 1) => format!("The one case about it passed; {rules}."),
        (_, 1, _) => format!("The one case about it did not pass; {rules}."),
        (_, cases, 0) => format!("None of the {cases} cases about it passed; {rules}."),
        (_, cases, passed) if passed == cases => format!("All {cases} cases about it passed; {rules}."),
        (_, cases, passed) => format!("{passed} of the {cases} cases about it passed; {rules}."),
    }
}

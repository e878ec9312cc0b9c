//! A case on the page: its steps, checks, exchanges, and its tokens beside each other.

use std::collections::BTreeMap;

use super::{
    anchor,
    exchange::{Evidence, Wire, clipped},
    requirements::linked,
};
use crate::{
    model::identifier::{CaseId, RequirementId, ScenarioId},
    outcome::{CaseResult, CheckStatus, Report, StepResult, TokenShown},
    report::{
        decoded::{Compared, compared},
        who_acts,
    },
};

/// The cases of an area.
pub(super) struct Area<'a> {
    pub(super) name: &'a str,
    /// "2 warn, 17 pass"
    pub(super) counts: String,
    pub(super) cases: Vec<Shown<'a>>,
}

/// A case.
pub(super) struct Shown<'a> {
    pub(super) case: &'a CaseResult,
    pub(super) anchor: String,
    pub(super) rules: Vec<(&'a RequirementId, String)>,
    /// Who has to act.
    pub(super) acts: Option<String>,
    /// The first case of its scenario, by id and anchor, where that has what is the same for this one.
    pub(super) sibling: Option<(&'a CaseId, String)>,
    /// Where its steps are written.
    pub(super) file: Option<&'a str>,
    /// What it notes and others do not.
    pub(super) notes: Vec<&'a str>,
    pub(super) steps: Vec<Step<'a>>,
    pub(super) tokens: Tokens<'a>,
    /// What was checked is shown, and no more.
    pub(super) brief: bool,
    /// Not even that, where another case of the scenario shows it.
    pub(super) outline: bool,
}

/// A step with what went over the wire.
pub(super) struct Step<'a> {
    pub(super) step: &'a StepResult,
    pub(super) wires: Vec<Wire>,
}

/// The tokens of a case and their members, those that differ first.
pub(super) struct Tokens<'a> {
    pub(super) shown: Vec<&'a TokenShown>,
    pub(super) differing: Vec<Compared>,
    /// Name and value of what is equal in all.
    pub(super) equal: Vec<(String, String)>,
}

/// What all of several cases note: a thing of the run.
pub(super) fn common_notes(cases: &[CaseResult]) -> Vec<&str> {
    let [first, rest @ ..] = cases else { return Vec::new() };
    let everywhere = |note: &&String| !rest.is_empty() && rest.iter().all(|case| case.notes.contains(note));
    first.notes.iter().filter(everywhere).map(String::as_str).collect()
}

/// All cases, by area, with so much evidence where a case did not pass, and where it did.
pub(super) fn areas<'a>(
    report: &'a Report,
    common: &[&str],
    wrong: Evidence,
    passed: Evidence,
) -> Vec<Area<'a>> {
    let mut first: BTreeMap<&ScenarioId, &CaseId> = BTreeMap::new();
    let mut shown = |case: &'a CaseResult| {
        let mut shown =
            Shown::new(case, common, if case.status == CheckStatus::Pass { passed } else { wrong });
        let first = *first.entry(&case.scenario).or_insert(&case.id);
        shown.sibling = (shown.brief && *first != case.id).then(|| (first, anchor::of_case(first)));
        if shown.sibling.is_some() && shown.outline {
            shown.steps.clear();
            shown.tokens = Tokens::new(&[], 0);
        }
        shown
    };
    let mut areas: BTreeMap<&str, Vec<&CaseResult>> = BTreeMap::new();
    for case in &report.cases {
        areas.entry(case.area()).or_default().push(case);
    }
    let area = |(name, cases): (&'a str, Vec<&'a CaseResult>)| Area {
        name,
        counts: counts(&cases),
        cases: cases.into_iter().map(&mut shown).collect(),
    };
    areas.into_iter().map(area).collect()
}

fn counts(cases: &[&CaseResult]) -> String {
    let count = |name| cases.iter().filter(|case| case.status.name() == name).count();
    let counted = CheckStatus::NAMES.iter().map(|name| (count(*name), name)).filter(|(count, _)| *count > 0);
    counted.map(|(count, name)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
}

impl<'a> Shown<'a> {
    fn new(case: &'a CaseResult, common: &[&str], evidence: Evidence) -> Self {
        let step = |step: &'a StepResult| {
            // How a token was come by explains nothing in a case in which all is well.
            let signs_in = step.exchanges.len() > 2 && evidence < Evidence::Full;
            let evidence = if signs_in { evidence.min(Evidence::Lines) } else { evidence };
            let exchanges = step.exchanges.iter().filter(|_| evidence > Evidence::Verdicts);
            Step { step, wires: exchanges.map(|exchange| Wire::new(exchange, evidence)).collect() }
        };
        let notes = case.notes.iter().map(String::as_str);
        Self {
            case,
            anchor: anchor::of_case(&case.id),
            rules: linked(&case.requirements),
            acts: case.cause.map(|cause| who_acts(cause, case)),
            sibling: None,
            file: case.steps.first().map(|step| step.location.file.as_str()),
            notes: notes.filter(|note| !common.contains(note)).collect(),
            steps: case.steps.iter().map(step).collect(),
            tokens: Tokens::new(&case.tokens, if evidence <= Evidence::Verdicts { 300 } else { usize::MAX }),
            brief: evidence <= Evidence::Verdicts,
            outline: evidence == Evidence::Outline,
        }
    }
}

impl<'a> Tokens<'a> {
    /// Of a value so many characters.
    fn new(tokens: &'a [TokenShown], longest: usize) -> Self {
        let shown: Vec<_> = tokens.iter().collect();
        let decoded: Vec<_> = shown.iter().copied().filter(|token| token.claims.is_some()).collect();
        let (mut differing, equal): (Vec<_>, Vec<_>) =
            compared(&decoded).into_iter().partition(Compared::differs);
        for value in differing.iter_mut().flat_map(|row| &mut row.values).flatten() {
            *value = clipped(value, longest);
        }
        let value = |row: Compared| {
            let value = row.values.into_iter().next().flatten().unwrap_or_default();
            (row.name, value)
        };
        Self { shown, differing, equal: equal.into_iter().map(value).collect() }
    }

    /// Those that have claims, in the order of the columns.
    pub(super) fn decoded(&self) -> impl Iterator<Item = &&'a TokenShown> {
        self.shown.iter().filter(|token| token.claims.is_some())
    }

    /// Those that have none.
    pub(super) fn opaque(&self) -> impl Iterator<Item = &&'a TokenShown> {
        self.shown.iter().filter(|token| token.claims.is_none())
    }
}

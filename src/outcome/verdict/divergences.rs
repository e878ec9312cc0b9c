//! What a run says of every divergence: what was observed, and whether the chosen reading accepts it.

use std::collections::BTreeMap;

use crate::{
    model::{
        divergence::{Divergence, Reading},
        identifier::CaseId,
    },
    outcome::{CaseResult, CheckStatus, DivergenceRow},
};

/// One row for every divergence, in the catalogue's order, before any case.
pub(super) fn divergence_rows(divergences: &[Divergence], reading: Reading) -> Vec<DivergenceRow> {
    divergences.iter().map(|divergence| row(divergence, reading)).collect()
}

fn row(divergence: &Divergence, reading: Reading) -> DivergenceRow {
    let reason = divergence.unobserved.clone();
    let reason = reason.unwrap_or_else(|| "no case of this run observed it".to_owned());
    let sides = divergence.sides.iter().map(|(side, said)| (*side, said.says.clone()));
    DivergenceRow {
        id: divergence.id.clone(),
        about: divergence.about.clone(),
        sides: sides.collect(),
        observations: divergence.observations.clone(),
        accepted: divergence.accepted(reading),
        observed: BTreeMap::new(),
        status: CheckStatus::NotExercised(reason),
    }
}

impl DivergenceRow {
    /// What these cases observed, in the place of what a part of them did; without an observation, the row stays as it
    /// is.
    pub(super) fn judge(&mut self, cases: &[CaseResult]) {
        let mut observed: BTreeMap<String, Vec<CaseId>> = BTreeMap::new();
        for case in cases {
            for observation in case.observations.iter().filter(|one| one.divergence == self.id) {
                observed.entry(observation.observed.clone()).or_default().push(case.id.clone());
            }
        }
        if observed.is_empty() {
            return;
        }
        let all_accepted = observed.keys().all(|observation| self.accepted.contains(observation));
        self.status = if all_accepted { CheckStatus::Pass } else { CheckStatus::Fail };
        self.observed = observed;
    }

    /// What was observed, in words.
    #[must_use]
    pub fn seen(&self) -> String {
        self.in_words(self.observed.keys())
    }

    /// What the chosen reading accepts, in words.
    #[must_use]
    pub fn wanted(&self) -> String {
        self.in_words(&self.accepted)
    }

    fn in_words<'a>(&'a self, observations: impl IntoIterator<Item = &'a String>) -> String {
        let words = observations.into_iter().map(|one| self.observations.get(one).unwrap_or(one).as_str());
        words.collect::<Vec<_>>().join("; or ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{
            divergence::Side,
            identifier::{DivergenceId, ScenarioId},
        },
        outcome::Observation,
    };

    fn divergence() -> Divergence {
        let side = |says: &str, accepts: &str| Side { says: says.into(), accepts: vec![accepts.into()] };
        Divergence {
            id: DivergenceId::new("missing-scope"),
            about: "the status".into(),
            sides: BTreeMap::from([
                (Reading::Documentation, side("401", "unauthorized")),
                (Reading::Standards, side("403", "forbidden")),
            ]),
            observations: ["unauthorized", "forbidden", "served"]
                .map(|word| (word.to_owned(), word.to_owned()))
                .into(),
            unobserved: None,
        }
    }

    fn case(id: &str, observed: &[&str]) -> CaseResult {
        let observation = |observed: &&str| Observation {
            divergence: DivergenceId::new("missing-scope"),
            observed: (*observed).to_owned(),
        };
        CaseResult {
            id: CaseId::new(id),
            scenario: ScenarioId::new(id),
            title: String::new(),
            why: String::new(),
            requirements: Vec::new(),
            tags: Vec::new(),
            matrix: BTreeMap::new(),
            status: CheckStatus::Pass,
            cause: None,
            steps: Vec::new(),
            steps_not_taken: 0,
            tokens: Vec::new(),
            notes: Vec::new(),
            cautions: Vec::new(),
            observations: observed.iter().map(observation).collect(),
            logs: Vec::new(),
            duration_ms: 0.0,
        }
    }

    fn judged(reading: Reading, cases: &[CaseResult]) -> DivergenceRow {
        let mut row = divergence_rows(&[divergence()], reading).remove(0);
        row.judge(cases);
        row
    }

    #[test]
    fn the_reading_says_what_is_accepted() {
        let cases = [case("a/b", &["unauthorized"]), case("a/c", &["unauthorized"])];
        let row = judged(Reading::Documentation, &cases);
        assert_eq!(row.status, CheckStatus::Pass);
        assert_eq!(row.observed["unauthorized"].len(), 2);
        assert_eq!(judged(Reading::Standards, &cases).status, CheckStatus::Fail);
        // A side that is silent accepts whatever can be observed.
        assert_eq!(judged(Reading::OpenSource, &cases).status, CheckStatus::Pass);
    }

    #[test]
    fn one_that_is_not_accepted_is_enough_and_none_is_no_verdict() {
        let cases = [case("a/b", &["unauthorized"]), case("a/c", &["served"])];
        assert_eq!(judged(Reading::Documentation, &cases).status, CheckStatus::Fail);
        let none = judged(Reading::Documentation, &[case("a/b", &[])]);
        assert!(matches!(none.status, CheckStatus::NotExercised(_)), "{none:?}");
    }
}

//! What a run did not put to the test, in the words that every report uses for it.

use crate::outcome::RequirementRow;

/// The rules that were not put to the test, those of one reason together, in the order of the catalogue.
pub(super) fn by_reason<'a>(
    rows: impl IntoIterator<Item = &'a RequirementRow>,
) -> Vec<(&'a str, Vec<&'a RequirementRow>)> {
    let mut reasons: Vec<(&str, Vec<&RequirementRow>)> = Vec::new();
    for row in rows.into_iter().filter(|row| !row.status.is_tested()) {
        let reason = row.status.reason().unwrap_or_default();
        let reason = reason.strip_prefix("untested: ").unwrap_or(reason);
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, rows)) => rows.push(row),
            None => reasons.push((reason, vec![row])),
        }
    }
    reasons
}

/// "TOK-META, TOK-SUB"
pub(super) fn ids(rows: &[&RequirementRow]) -> String {
    rows.iter().map(|row| row.id.as_str()).collect::<Vec<_>>().join(", ")
}

/// "in 2 of its 5 cases": in how many cases a rule fared as it did in all.
pub(super) fn cases_alike(row: &RequirementRow) -> String {
    let like_it = row.cases.values().filter(|status| *status == row.status.name()).count();
    match (like_it, row.cases.len()) {
        (1, 1) => "in its one case".to_owned(),
        (2, 2) => "in both of its cases".to_owned(),
        (_, all) if like_it == all => format!("in all of its {all} cases"),
        (_, all) => format!("in {like_it} of its {all} cases"),
    }
}

//! "Did you mean …?"

/// The candidate nearest to a mistyped name, if one is near enough to be meant: at most a third of its letters
/// differ, case and `-`/`_` aside. A name of over a hundred bytes is no slip of the finger.
#[must_use]
pub fn closest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > 100 {
        return None;
    }
    let fold = |text: &str| text.to_lowercase().replace(['-', '_', ' '], "");
    let folded = fold(name);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&folded, &fold(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.chars().count() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let known = ["issuer", "audience", "requiredScope", "idpType"];
        assert_eq!(closest("requiredScop", known), Some("requiredScope"));
        assert_eq!(closest("required_scope", known), Some("requiredScope"));
        assert_eq!(closest("isuser", known), Some("issuer"));
        assert_eq!(closest("replicas", known), None);
        assert_eq!(closest(&"a".repeat(1 << 20), ["aaa"]), None);
    }
}

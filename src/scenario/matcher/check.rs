//! A matcher held against a value.

use serde_json::Value as Json;

use super::{Matcher, compare, shown};
use crate::scenario::template::{JsonTemplate, Scope, Template, Undefined};

/// An expectation that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {observed}")]
pub struct Mismatch {
    /// What was expected, in plain words, variables filled in.
    pub expected: String,
    /// What there was.
    pub observed: String,
    /// The expectation could not be stated: nothing defines this variable. That is no finding about the value.
    pub undefined: Option<Undefined>,
}

impl Matcher {
    /// Holds the matcher against a value; `None` means that there is no value.
    ///
    /// An absent value equals nothing, contains nothing and compares with nothing; `not` of that holds.
    pub fn check(&self, actual: Option<&Json>, scope: &dyn Scope) -> Result<(), Mismatch> {
        let filled = self.fill(scope).map_err(|undefined| Mismatch {
            expected: format!("{}, but {undefined}", self.describe()),
            observed: observed(actual),
            undefined: Some(undefined),
        })?;
        if filled.holds(actual) {
            return Ok(());
        }
        let observed = match (&filled, actual) {
            (Self::Compare(_, bound), Some(value)) => compare::problem(value, &bound.written())
                .map_or_else(|| shown(value), |problem| format!("{}, {problem}", shown(value))),
            _ => observed(actual),
        };
        Err(Mismatch { expected: filled.describe(), observed, undefined: None })
    }

    /// As [`Matcher::check`], for a matcher without variables.
    pub(crate) fn holds(&self, actual: Option<&Json>) -> bool {
        match self {
            Self::Present(there) => actual.is_some() == *there,
            Self::Any(matchers) => matchers.iter().any(|matcher| matcher.holds(actual)),
            Self::All(matchers) => matchers.iter().all(|matcher| matcher.holds(actual)),
            Self::Not(matcher) => !matcher.holds(actual),
            Self::Equals(expected) => actual.is_some_and(|actual| compare::same(actual, &expected.written())),
            Self::Contains(part) => actual.is_some_and(|actual| contains(actual, &part.written())),
            Self::Matches(pattern) => {
                actual.and_then(Json::as_str).is_some_and(|text| matches(text, &pattern.written()))
            }
            Self::Compare(order, bound) => actual
                .and_then(|actual| compare::order(actual, &bound.written()))
                .is_some_and(|found| order.holds(found)),
        }
    }
}

impl JsonTemplate {
    /// A value in which nothing is a variable, whatever its strings look like.
    pub(crate) fn literal(value: Json) -> Self {
        match value {
            Json::String(text) => Self::Text(Template::of_literal(text, spanned_yaml::Span::default())),
            Json::Array(items) => Self::List(items.into_iter().map(Self::literal).collect()),
            Json::Object(members) => {
                Self::Map(members.into_iter().map(|(name, value)| (name, Self::literal(value))).collect())
            }
            value => Self::Fixed(value),
        }
    }
}

fn contains(actual: &Json, part: &Json) -> bool {
    match (actual, part) {
        (Json::String(text), Json::String(part)) => text.contains(part.as_str()),
        (Json::Array(items), part) => items.iter().any(|item| compare::same(item, part)),
        _ => false,
    }
}

/// The reader has compiled the pattern with placeholders for its variables, so it compiles here too; if the variables
/// make it too large it matches nothing.
fn matches(text: &str, pattern: &str) -> bool {
    regex::RegexBuilder::new(pattern)
        .size_limit(Matcher::REGEX_BYTES)
        .build()
        .is_ok_and(|regex| regex.is_match(text))
}

fn observed(actual: Option<&Json>) -> String {
    actual.map_or_else(|| "nothing".to_owned(), shown)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;
    use spanned_yaml::Span;

    use super::*;
    use crate::scenario::matcher::Order;

    fn equals(value: Json) -> Matcher {
        Matcher::Equals(JsonTemplate::literal(value))
    }

    fn text(text: &str) -> Template {
        Template::parse(text, text, Span::default()).unwrap()
    }

    /// `pass`, or "expected / observed".
    fn check(matcher: &Matcher, actual: impl Into<Option<Json>>) -> String {
        let scope = BTreeMap::from([("x".to_owned(), json!("a.b"))]);
        match matcher.check(actual.into().as_ref(), &scope) {
            Ok(()) => "pass".to_owned(),
            Err(mismatch) => format!("{} / {}", mismatch.expected, mismatch.observed),
        }
    }

    #[test]
    fn equality_has_types_and_numbers_have_values() {
        assert_eq!(check(&equals(json!(1)), Some(json!(1.0))), "pass");
        assert_eq!(check(&equals(json!(1)), Some(json!("1"))), "`1` / `\"1\"`");
        assert_eq!(check(&equals(json!({"a": 1, "b": [2]})), Some(json!({"b": [2], "a": 1}))), "pass");
        assert_eq!(check(&equals(json!([1, 2])), Some(json!([2, 1]))), "`[1,2]` / `[2,1]`");
        assert_eq!(check(&equals(json!(null)), None), "`null` / nothing");
        assert_eq!(check(&equals(json!("")), None), "`\"\"` / nothing");
        assert_eq!(
            check(&Matcher::Equals(JsonTemplate::Text(text("${matrix.x}!"))), Some(json!("a.b!"))),
            "pass"
        );
    }

    #[test]
    fn presence_and_absence() {
        assert_eq!(check(&Matcher::Present(true), Some(json!(null))), "pass");
        assert_eq!(check(&Matcher::Present(true), None), "something / nothing");
        assert_eq!(check(&Matcher::Present(false), Some(json!("x"))), "nothing / `x`");
    }

    #[test]
    fn text_and_lists_contain() {
        let contains = |part: Json| Matcher::Contains(JsonTemplate::literal(part));
        assert_eq!(check(&contains(json!("b")), Some(json!("abc"))), "pass");
        assert_eq!(check(&contains(json!("b")), Some(json!(["a", "b"]))), "pass");
        assert_eq!(
            check(&contains(json!("b")), Some(json!(["abc"]))),
            "something that contains `b` / `[\"abc\"]`"
        );
        assert_eq!(
            check(&contains(json!("b")), Some(json!({"b": 1}))),
            "something that contains `b` / `{\"b\":1}`"
        );
    }

    #[test]
    fn a_variable_in_a_regex_stands_for_its_characters() {
        let matcher = Matcher::Matches(text("^${matrix.x}$"));
        assert_eq!(check(&matcher, Some(json!("a.b"))), "pass");
        assert_eq!(check(&matcher, Some(json!("acb"))), "text that matches `^a\\.b$` / `acb`");
        assert_eq!(check(&matcher, Some(json!(7))), "text that matches `^a\\.b$` / `7`");
    }

    #[test]
    fn comparison_of_numbers_and_times() {
        let compare = |order, bound: Json| Matcher::Compare(order, JsonTemplate::literal(bound));
        assert_eq!(check(&compare(Order::Lt, json!(2)), Some(json!(1.5))), "pass");
        assert_eq!(check(&compare(Order::Lt, json!(2)), Some(json!(2))), "less than `2` / `2`");
        assert_eq!(check(&compare(Order::Ge, json!(2)), Some(json!("10"))), "pass");
        assert_eq!(check(&compare(Order::Ge, json!("2")), json!(10)), "pass");
        let noon = json!("2030-01-01T12:00:00Z");
        assert_eq!(
            check(&compare(Order::Gt, noon.clone()), Some(json!("2030-01-01T13:30:00+01:00"))),
            "pass"
        );
        assert_eq!(
            check(&compare(Order::Gt, noon), Some(json!(1_900_000_000))),
            "more than `2030-01-01T12:00:00Z` / `1900000000`, which is no RFC 3339 time"
        );
        assert_eq!(
            check(&compare(Order::Le, json!(2)), Some(json!("soon"))),
            "at most `2` / `soon`, which is no number"
        );
    }

    #[test]
    fn combinations() {
        let any = Matcher::Any(vec![equals(json!("a")), equals(json!("b"))]);
        assert_eq!(check(&any, Some(json!("b"))), "pass");
        assert_eq!(check(&any, Some(json!("c"))), "`a` or `b` / `c`");
        let none = Matcher::Not(Box::new(any));
        assert_eq!(check(&none, None), "pass");
        assert_eq!(check(&none, Some(json!("a"))), "not (`a` or `b`) / `a`");
        let all = Matcher::All(vec![Matcher::Present(true), none]);
        assert_eq!(check(&all, None), "something and not (`a` or `b`) / nothing");
    }

    #[test]
    fn an_undefined_variable_is_no_match_whichever_way_it_is_asked() {
        let unknown = Matcher::Equals(JsonTemplate::Text(text("${capture.x}")));
        for matcher in [
            unknown.clone(),
            Matcher::Not(Box::new(unknown.clone())),
            Matcher::Any(vec![Matcher::Present(true), unknown]),
        ] {
            let mismatch = matcher.check(Some(&json!("y")), &BTreeMap::new()).unwrap_err();
            assert_eq!(mismatch.undefined.unwrap().name, "capture.x");
        }
    }
}

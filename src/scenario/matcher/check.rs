//! A matcher held against a value.

use serde_json::{Value as Json, json};

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

/// Every text has it in it.
const EMPTY: &str = "and what it is to have in it is empty";

impl Matcher {
    /// Holds the matcher against a value; `None` means that there is no value.
    ///
    /// An absent value equals nothing, contains nothing and compares with nothing, and `not` of that does not hold
    /// either: only `present` says something of it. Nor does anything hold, in either polarity, of values that have
    /// no order, of a regular expression that does not compile, or of the empty text, which every text has in it.
    pub fn check(&self, actual: Option<&Json>, scope: &dyn Scope) -> Result<(), Mismatch> {
        let filled = self.fill(scope).map_err(|undefined| Mismatch {
            expected: format!("{}, but {undefined}", self.describe()),
            observed: observed(actual),
            undefined: Some(undefined),
        })?;
        if filled.holds(actual) {
            return Ok(());
        }
        let observed = match actual.and_then(|value| filled.problem(value)) {
            Some(problem) => format!("{}, {problem}", observed(actual)),
            None => observed(actual),
        };
        Err(Mismatch { expected: filled.describe(), observed, undefined: None })
    }

    /// As [`Matcher::check`], for a matcher without variables.
    pub(crate) fn holds(&self, actual: Option<&Json>) -> bool {
        self.judge(actual) == Some(true)
    }

    /// Whether it holds; nothing where that cannot be told, which `not` does not turn into anything else.
    fn judge(&self, actual: Option<&Json>) -> Option<bool> {
        match self {
            Self::Present(there) => Some(actual.is_some() == *there),
            Self::Any(matchers) => {
                let judged: Vec<_> = matchers.iter().map(|matcher| matcher.judge(actual)).collect();
                if judged.contains(&Some(true)) { Some(true) } else { all(judged).map(|_| false) }
            }
            Self::All(matchers) => {
                let judged = all(matchers.iter().map(|matcher| matcher.judge(actual)))?;
                Some(judged.into_iter().all(|holds| holds))
            }
            Self::Not(matcher) if actual.is_none() && !matches!(**matcher, Self::Present(_)) => None,
            Self::Not(matcher) => matcher.judge(actual).map(|holds| !holds),
            Self::Equals(expected) => Some(compare::same(actual?, &expected.written())),
            Self::Contains(part) if part.written() == "" => None,
            Self::Contains(part) => Some(contains(actual?, &part.written())),
            Self::Matches(pattern) if pattern.written().is_empty() => None,
            Self::Matches(pattern) => {
                let pattern = compile(&pattern.written())?;
                Some(actual?.as_str().is_some_and(|text| pattern.is_match(text)))
            }
            Self::Compare(order, bound) => {
                compare::order(actual?, &bound.written()).map(|found| order.holds(found))
            }
        }
    }

    /// Why nothing can be told of a value, in words that follow it.
    fn problem(&self, actual: &Json) -> Option<&'static str> {
        match self {
            Self::Compare(_, bound) => compare::problem(actual, &bound.written()),
            Self::Contains(part) if part.written() == "" => Some(EMPTY),
            Self::Matches(pattern) if pattern.written().is_empty() => Some(EMPTY),
            Self::Matches(pattern) => {
                compile(&pattern.written()).is_none().then_some("and the regular expression is too large")
            }
            Self::Not(matcher) => matcher.problem(actual),
            Self::Any(matchers) | Self::All(matchers) => {
                matchers.iter().find_map(|matcher| matcher.problem(actual))
            }
            Self::Present(_) | Self::Equals(_) | Self::Contains(_) => None,
        }
    }

    /// Whatever there is meets it, and nothing does too, as far as that can be told before variables have values.
    pub(crate) fn takes_everything(&self) -> bool {
        let mut operands = Vec::new();
        // What a regular expression matches is not known from looking at it.
        if !self.operands(&mut operands) || !self.takes_every_count() || !self.holds(None) {
            return false;
        }
        let all_texts: String = operands.iter().filter_map(Json::as_str).collect();
        let each = operands.iter().flat_map(|operand| [operand.clone(), json!([operand])]);
        let mut samples: Vec<_> = each.chain([json!(operands), all_texts.into()]).collect();
        samples.extend([Json::Null, true.into(), json!([]), json!({}), json!(""), json!("x"), json!(["x"])]);
        samples.iter().all(|sample| self.holds(Some(sample)))
    }

    /// A comparison that every status code meets.
    pub(crate) fn takes_every_status(&self) -> bool {
        let statuses = [200_u16, 401, 403, 404, 500];
        !self.operands(&mut Vec::new()) && statuses.iter().all(|status| self.holds(Some(&(*status).into())))
    }

    /// The values whose equal or whose part it looks for. False: it also looks in another way.
    fn operands(&self, found: &mut Vec<Json>) -> bool {
        match self {
            Self::Equals(value) | Self::Contains(value) => {
                found.push(value.written());
                true
            }
            Self::Any(matchers) | Self::All(matchers) => {
                matchers.iter().all(|matcher| matcher.operands(found))
            }
            Self::Not(matcher) => matcher.operands(found),
            Self::Present(_) => true,
            Self::Compare(..) | Self::Matches(_) => false,
        }
    }

    /// Every number from 0 meets it, as far as that can be told before variables have values.
    pub(crate) fn takes_every_count(&self) -> bool {
        let mut bounds = Vec::new();
        self.numbers(&mut bounds);
        // Between two neighbouring bounds nothing changes.
        let mut samples = bounds.iter().flat_map(|bound| {
            let whole = *bound;
            [whole.saturating_sub(1), whole, whole.saturating_add(1)]
        });
        !self.has_variables()
            && self.holds(Some(&0.into()))
            && self.holds(Some(&i64::MAX.into()))
            && samples.all(|sample| self.holds(Some(&sample.into())))
    }

    fn numbers(&self, found: &mut Vec<u64>) {
        match self {
            Self::Equals(value) | Self::Contains(value) | Self::Compare(_, value) => {
                let value = value.written();
                let number = value.as_f64().filter(|number| (0.0..1e18).contains(number));
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "between 0 and 1e18, and the fraction is not wanted"
                )]
                found.extend(value.as_u64().or(number.map(|number| number as u64)));
            }
            Self::Any(matchers) | Self::All(matchers) => {
                for matcher in matchers {
                    matcher.numbers(found);
                }
            }
            Self::Not(matcher) => matcher.numbers(found),
            Self::Present(_) | Self::Matches(_) => {}
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

/// All answers, or nothing if one is missing.
fn all(judged: impl IntoIterator<Item = Option<bool>>) -> Option<Vec<bool>> {
    judged.into_iter().collect()
}

/// The reader has compiled the pattern with placeholders for its variables, so it compiles here too, unless the
/// variables make it too large.
fn compile(pattern: &str) -> Option<regex::Regex> {
    regex::RegexBuilder::new(pattern).size_limit(Matcher::REGEX_BYTES).build().ok()
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
        assert_eq!(check(&none, None), "not (`a` or `b`) / nothing");
        assert_eq!(check(&none, Some(json!("c"))), "pass");
        assert_eq!(check(&none, Some(json!("a"))), "not (`a` or `b`) / `a`");
        let all = Matcher::All(vec![Matcher::Present(true), none]);
        assert_eq!(check(&all, None), "something and not (`a` or `b`) / nothing");
    }

    fn not(matcher: Matcher) -> Matcher {
        Matcher::Not(Box::new(matcher))
    }

    #[test]
    fn of_what_is_absent_only_presence_says_something() {
        assert_eq!(check(&not(Matcher::Present(true)), None), "pass");
        assert_eq!(check(&not(Matcher::Present(false)), Some(json!(1))), "pass");
        let compare = Matcher::Compare(Order::Lt, JsonTemplate::literal(json!(5)));
        let matches = Matcher::Matches(text("x"));
        let contains = Matcher::Contains(JsonTemplate::literal(json!("x")));
        for matcher in [equals(json!("x")), contains, matches, compare] {
            let combined = Matcher::All(vec![Matcher::Present(true), matcher.clone()]);
            for matcher in [matcher, combined] {
                assert_ne!(check(&matcher, None), "pass");
                assert_ne!(check(&not(matcher.clone()), None), "pass");
                assert_ne!(check(&not(not(matcher.clone())), None), "pass");
                assert_eq!(check(&Matcher::Any(vec![not(matcher), Matcher::Present(false)]), None), "pass");
            }
        }
    }

    #[test]
    fn what_has_no_order_compares_neither_way() {
        let compare = Matcher::Compare(Order::Lt, JsonTemplate::literal(json!(5)));
        let soon = Some(json!("soon"));
        assert_eq!(check(&compare, soon.clone()), "less than `5` / `soon`, which is no number");
        assert_eq!(
            check(&not(compare.clone()), soon.clone()),
            "not less than `5` / `soon`, which is no number"
        );
        for around in [Matcher::Any, Matcher::All] {
            let matcher = around(vec![compare.clone(), equals(json!("later"))]);
            assert_ne!(check(&matcher, soon.clone()), "pass");
            assert_ne!(check(&not(matcher), soon.clone()), "pass");
        }
        assert_eq!(check(&not(compare), Some(json!(7))), "pass");
    }

    #[test]
    fn a_regex_that_does_not_compile_matches_neither_way() {
        let long = BTreeMap::from([("long".to_owned(), json!("é".repeat(1 << 20)))]);
        let matcher = Matcher::Matches(text("${matrix.long}"));
        for matcher in [matcher.clone(), not(matcher)] {
            let mismatch = matcher.check(Some(&json!("x")), &long).unwrap_err();
            assert!(mismatch.observed.ends_with("the regular expression is too large"), "{mismatch}");
        }
    }

    #[test]
    fn a_count_that_every_number_meets() {
        let compare = |order, bound: Json| Matcher::Compare(order, JsonTemplate::literal(bound));
        for idle in [
            Matcher::Present(true),
            compare(Order::Ge, json!(0)),
            compare(Order::Gt, json!(-0.5)),
            not(compare(Order::Lt, json!(0))),
            not(Matcher::Present(false)),
            not(equals(json!(-1))),
            Matcher::Any(vec![compare(Order::Lt, json!(70_000)), compare(Order::Ge, json!(70_000))]),
        ] {
            assert!(idle.takes_every_count(), "{idle:?}");
        }
        for sound in [
            equals(json!(0)),
            compare(Order::Gt, json!(0)),
            compare(Order::Le, json!(70_000)),
            not(equals(json!(70_000))),
            Matcher::Any(vec![compare(Order::Lt, json!(7)), compare(Order::Gt, json!(7.5))]),
            Matcher::Any(vec![compare(Order::Le, json!(7.5)), compare(Order::Gt, json!(9))]),
            Matcher::Equals(JsonTemplate::Text(text("${capture.x}"))),
        ] {
            assert!(!sound.takes_every_count(), "{sound:?}");
        }
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

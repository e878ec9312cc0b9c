//! Equality and order of JSON values: numbers by value, times as instants.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::{Number, Value as Json};

/// Equal, type included. Numbers compare by value (`1` is `1.0`), objects without regard to order.
pub(super) fn same(left: &Json, right: &Json) -> bool {
    match (left, right) {
        (Json::Number(left), Json::Number(right)) => number_order(left, right) == Some(Ordering::Equal),
        (Json::Array(left), Json::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Json::Object(left), Json::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(name, value)| right.get(name).is_some_and(|other| same(value, other)))
        }
        _ => left == right,
    }
}

/// The order of two numbers, or of two RFC 3339 times. A string that is a number counts as one, because headers and
/// values of the matrix are strings.
pub(super) fn order(actual: &Json, bound: &Json) -> Option<Ordering> {
    match bound {
        Json::Number(bound) => number_order(&number(actual)?, bound),
        Json::String(text) => match text.parse::<Timestamp>() {
            Ok(bound) => Some(time(actual)?.cmp(&bound)),
            Err(_) => number_order(&number(actual)?, &number(bound)?),
        },
        _ => None,
    }
}

/// Why two values have no order, in words that follow the actual value.
pub(super) fn problem(actual: &Json, bound: &Json) -> Option<&'static str> {
    match bound {
        Json::String(bound) if bound.parse::<Timestamp>().is_ok() => {
            time(actual).is_none().then_some("which is no RFC 3339 time")
        }
        bound if number(bound).is_some() => number(actual).is_none().then_some("which is no number"),
        _ => Some("and the bound is neither a number nor an RFC 3339 time"),
    }
}

fn number(value: &Json) -> Option<Number> {
    match value {
        Json::Number(number) => Some(number.clone()),
        Json::String(text) => serde_json::from_str(text).ok(),
        _ => None,
    }
}

fn time(value: &Json) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

fn number_order(left: &Number, right: &Number) -> Option<Ordering> {
    if let (Some(left), Some(right)) = (integer(left), integer(right)) {
        return Some(left.cmp(&right));
    }
    left.as_f64()?.partial_cmp(&right.as_f64()?)
}

fn integer(number: &Number) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
}

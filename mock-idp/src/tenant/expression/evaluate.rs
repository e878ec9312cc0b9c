//! The value of an expression for a token. What the documentation leaves open goes by `SpEL`, on which the language is
//! built (S); that a machine's `user` is null follows from the default claim `sub`, which is
//! `(appuser != null) ? appuser.userName : app.clientId` (D).

use std::cmp::Ordering;

use serde_json::{Map, Number, Value as Json};

use super::{About, Expression, Failed, Operator};

impl Expression {
    pub(super) fn evaluate(&self, about: About<'_>) -> Result<Json, Failed> {
        let all = |list: &[Self]| -> Result<Vec<Json>, Failed> {
            list.iter().map(|expression| expression.evaluate(about)).collect()
        };
        Ok(match self {
            Self::Constant(value) => value.clone(),
            Self::List(list) => all(list)?.into(),
            Self::Person => about.user.map_or(Json::Null, |_| Json::Object(Map::new())),
            Self::Attribute(name) => {
                about.user.and_then(|user| user.profile_attribute(name)).unwrap_or_default()
            }
            Self::UserId => about.user.and_then(|user| user.id.as_deref()).into(),
            Self::UserStatus => about.user.map(|_| "ACTIVE").into(),
            Self::UserName => about.user.map(|user| user.login.as_str()).into(),
            Self::ClientId => about.client.into(),
            Self::Groups(filter, limit) => {
                let names: Vec<Json> = filter.groups(about).take(*limit).map(Json::from).collect();
                if names.is_empty() { Json::Null } else { names.into() }
            }
            Self::IsMember(filter) => filter.groups(about).next().is_some().into(),
            Self::Call(function, arguments) => (function.value)(&all(arguments)?)?,
            Self::Not(inner) => (!inner.condition(about)?).into(),
            Self::Negative(inner) => {
                sum(&Json::from(0), &inner.evaluate(about)?, i64::checked_sub, |a, b| a - b)?
            }
            Self::Binary(operator, sides) => binary(*operator, &sides.0, &sides.1, about)?,
            Self::Choice(parts) if parts.0.condition(about)? => parts.1.evaluate(about)?,
            Self::Choice(parts) => parts.2.evaluate(about)?,
        })
    }

    /// A condition is true or false; null is neither.
    fn condition(&self, about: About<'_>) -> Result<bool, Failed> {
        self.evaluate(about)?.as_bool().ok_or(Failed)
    }
}

fn binary(
    operator: Operator,
    left: &Expression,
    right: &Expression,
    about: About<'_>,
) -> Result<Json, Failed> {
    if operator == Operator::And || operator == Operator::Or {
        let decides = left.condition(about)? == (operator == Operator::Or);
        return Ok((if decides { operator == Operator::Or } else { right.condition(about)? }).into());
    }
    let (left, right) = (left.evaluate(about)?, right.evaluate(about)?);
    let ordered = |fits: fn(Ordering) -> bool| order(&left, &right).map(|order| fits(order).into());
    match operator {
        Operator::Equal => Ok(same(&left, &right).into()),
        Operator::Unequal => Ok((!same(&left, &right)).into()),
        Operator::Less => ordered(Ordering::is_lt),
        Operator::LessOrEqual => ordered(Ordering::is_le),
        Operator::Greater => ordered(Ordering::is_gt),
        Operator::GreaterOrEqual => ordered(Ordering::is_ge),
        Operator::Minus => sum(&left, &right, i64::checked_sub, |a, b| a - b),
        Operator::Plus if left.is_string() || right.is_string() => {
            Ok(format!("{}{}", written(&left)?, written(&right)?).into())
        }
        Operator::Plus | Operator::And | Operator::Or => sum(&left, &right, i64::checked_add, |a, b| a + b),
    }
}

/// As `+` writes a value into a text: null becomes the word, as in `SpEL`.
fn written(value: &Json) -> Result<String, Failed> {
    match value {
        Json::Null => Ok("null".to_owned()),
        Json::String(text) => Ok(text.clone()),
        Json::Bool(_) | Json::Number(_) => Ok(value.to_string()),
        Json::Array(_) | Json::Object(_) => Err(Failed),
    }
}

/// Whole numbers stay whole.
fn sum(
    left: &Json,
    right: &Json,
    whole: fn(i64, i64) -> Option<i64>,
    real: fn(f64, f64) -> f64,
) -> Result<Json, Failed> {
    if let (Some(left), Some(right)) = (left.as_i64(), right.as_i64()) {
        return whole(left, right).map(Json::from).ok_or(Failed);
    }
    let (Some(left), Some(right)) = (left.as_f64(), right.as_f64()) else { return Err(Failed) };
    Number::from_f64(real(left, right)).map(Json::Number).ok_or(Failed)
}

/// Numbers by their value, all else as it is.
pub(super) fn same(left: &Json, right: &Json) -> bool {
    match (left.as_f64(), right.as_f64()) {
        (Some(left), Some(right)) => left.total_cmp(&right).is_eq(),
        _ => left == right,
    }
}

/// Numbers and texts have an order.
fn order(left: &Json, right: &Json) -> Result<Ordering, Failed> {
    match (left, right) {
        (Json::String(left), Json::String(right)) => Ok(left.cmp(right)),
        _ => left.as_f64().zip(right.as_f64()).map(|(left, right)| left.total_cmp(&right)).ok_or(Failed),
    }
}

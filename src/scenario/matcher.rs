//! What a value is expected to be. Evaluation lives here too: a matcher is a pure function of a value.

mod check;
mod compare;

use serde_json::Value as Json;

pub use check::Mismatch;

use crate::scenario::template::{JsonTemplate, Scope, Template, Undefined};

/// An expectation of one value. A scalar or list in a file means [`Matcher::Equals`].
#[derive(Clone, Debug, PartialEq)]
pub enum Matcher {
    /// Equal, type included. `equals:`
    Equals(JsonTemplate),
    /// There, or not there. `present: true|false`
    Present(bool),
    /// A string that has the text in it, or a list that has the value. `contains:`
    Contains(JsonTemplate),
    /// A string that a regular expression matches somewhere. `matches:`
    Matches(Template),
    /// A number, or an RFC 3339 time, compared. `lt:`, `le:`, `gt:`, `ge:`
    Compare(Order, JsonTemplate),
    /// One of them holds. `any: [...]`
    Any(Vec<Matcher>),
    /// Every one holds. `all: [...]`
    All(Vec<Matcher>),
    /// It does not hold. `not:`
    Not(Box<Matcher>),
}

/// The direction of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Less.
    Lt,
    /// Less or equal.
    Le,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
}

impl Matcher {
    /// The largest compiled regular expression, in bytes.
    pub(crate) const REGEX_BYTES: usize = 1 << 20;

    /// What is expected, in plain words, variables as they are written: "more than `${now.unix}`".
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Equals(value) => shown(&value.written()),
            Self::Present(true) => "something".to_owned(),
            Self::Present(false) => "nothing".to_owned(),
            Self::Contains(value) => format!("something that contains {}", shown(&value.written())),
            Self::Matches(pattern) => format!("text that matches `{}`", pattern.written()),
            Self::Compare(order, bound) => format!("{} {}", order.words(), shown(&bound.written())),
            Self::Any(matchers) => listed(matchers, " or "),
            Self::All(matchers) => listed(matchers, " and "),
            Self::Not(matcher) => match matcher.as_ref() {
                Self::Any(_) | Self::All(_) => format!("not ({})", matcher.describe()),
                _ => format!("not {}", matcher.describe()),
            },
        }
    }

    /// A variable stands in it somewhere.
    pub(crate) fn has_variables(&self) -> bool {
        match self {
            Self::Present(_) => false,
            Self::Equals(value) | Self::Contains(value) | Self::Compare(_, value) => value.has_variables(),
            Self::Matches(pattern) => pattern.variables().next().is_some(),
            Self::Any(matchers) | Self::All(matchers) => matchers.iter().any(Self::has_variables),
            Self::Not(matcher) => matcher.has_variables(),
        }
    }

    /// The same matcher with its variables replaced.
    pub fn fill(&self, scope: &dyn Scope) -> Result<Self, Undefined> {
        let json = |value: &JsonTemplate| value.fill(scope).map(JsonTemplate::literal);
        let each = |matchers: &[Self]| -> Result<Vec<_>, _> {
            matchers.iter().map(|matcher| matcher.fill(scope)).collect()
        };
        Ok(match self {
            Self::Equals(value) => Self::Equals(json(value)?),
            Self::Present(there) => Self::Present(*there),
            Self::Contains(value) => Self::Contains(json(value)?),
            // A variable stands for its very characters there, whatever they mean to the regex language.
            Self::Matches(pattern) => {
                let filled = pattern.fill_with(scope, |text| regex::escape(&text))?;
                Self::Matches(Template::of_literal(filled, pattern.span))
            }
            Self::Compare(order, bound) => Self::Compare(*order, json(bound)?),
            Self::Any(matchers) => Self::Any(each(matchers)?),
            Self::All(matchers) => Self::All(each(matchers)?),
            Self::Not(matcher) => Self::Not(Box::new(matcher.fill(scope)?)),
        })
    }
}

impl Order {
    fn words(self) -> &'static str {
        match self {
            Self::Lt => "less than",
            Self::Le => "at most",
            Self::Gt => "more than",
            Self::Ge => "at least",
        }
    }

    fn holds(self, found: std::cmp::Ordering) -> bool {
        match self {
            Self::Lt => found.is_lt(),
            Self::Le => found.is_le(),
            Self::Gt => found.is_gt(),
            Self::Ge => found.is_ge(),
        }
    }
}

fn listed(matchers: &[Matcher], word: &str) -> String {
    matchers.iter().map(Matcher::describe).collect::<Vec<_>>().join(word)
}

/// A value as a person reads it: JSON in backticks, cut where it is long.
fn shown(value: &Json) -> String {
    const MOST: usize = 300;
    let text = match value {
        Json::String(text) => text.clone(),
        value => value.to_string(),
    };
    let cut: String = text.chars().take(MOST).collect();
    let rest = if cut.len() < text.len() { "…" } else { "" };
    match value {
        // A string that could be taken for something else is told apart by its quotes.
        Json::String(_) if serde_json::from_str::<Json>(&text).is_ok() || text.is_empty() => {
            format!("`\"{cut}{rest}\"`")
        }
        _ => format!("`{cut}{rest}`"),
    }
}

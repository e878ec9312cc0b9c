//! Where a claim has its value from: the user's profile, an expression, or the user's groups.

use regex::Regex;
use serde_json::Value as Json;

use super::expression::{About, Expression};

/// Where a claim has its value from.
#[derive(Clone, Debug)]
pub(crate) enum ClaimValue {
    /// An attribute of the user's profile; without one of that name, `groups` are the memberships.
    Attribute(String),
    /// An attribute of the profile alone.
    ProfileAttribute(String),
    Expression(Expression),
    /// Names of the groups that pass.
    Groups(GroupFilter),
}

/// Which groups a claim names. Letters count as they are written.
#[derive(Clone, Debug)]
pub(crate) enum GroupFilter {
    StartsWith(String),
    EndsWith(String),
    Equals(String),
    Contains(String),
    Matches(Regex),
    OneOf(Vec<String>),
}

impl ClaimValue {
    /// The value in a token. Nothing where no group passes.
    pub(crate) fn of(&self, about: About<'_>) -> Option<Json> {
        match self {
            Self::Attribute(name) => about.user?.attribute(name).filter(|value| !value.is_null()),
            Self::ProfileAttribute(name) => {
                about.user?.profile_attribute(name).filter(|value| !value.is_null())
            }
            Self::Expression(expression) => expression.claim(about),
            Self::Groups(filter) => {
                let names: Vec<_> = filter.groups(about).map(Json::from).collect();
                (!names.is_empty()).then(|| names.into())
            }
        }
    }

    /// More groups pass than the provider puts into a token. An expression has a limit of its own.
    pub(crate) fn exceeds(&self, limit: usize, about: About<'_>) -> bool {
        matches!(self, Self::Groups(filter) if filter.groups(about).nth(limit).is_some())
    }
}

impl GroupFilter {
    /// A regular expression is for the whole name.
    pub(crate) fn matching(pattern: &str) -> Option<Self> {
        Regex::new(&format!("^(?:{pattern})$")).ok().map(Self::Matches)
    }

    /// Those of the user's groups that pass, the one that everybody is in among them. A machine has none.
    pub(crate) fn groups<'a>(&'a self, about: About<'a>) -> impl Iterator<Item = &'a str> {
        let own = about.user.into_iter().flat_map(|user| &user.groups).map(String::as_str);
        let everyone = about.everyone.filter(|_| about.user.is_some());
        let others = own.filter(move |name| Some(*name) != about.everyone);
        everyone.into_iter().chain(others).filter(|name| self.passes(name))
    }

    fn passes(&self, name: &str) -> bool {
        match self {
            Self::StartsWith(text) => name.starts_with(text),
            Self::EndsWith(text) => name.ends_with(text),
            Self::Equals(text) => name == text,
            Self::Contains(text) => name.contains(text),
            Self::Matches(pattern) => pattern.is_match(name),
            Self::OneOf(names) => names.iter().any(|known| known == name),
        }
    }
}

//! Where a claim has its value from: the user's profile, a fixed text, or the user's groups.

use regex::Regex;
use serde_json::Value as Json;

use super::User;

/// Where a claim has its value from.
#[derive(Clone, Debug)]
pub(crate) enum ClaimValue {
    /// An attribute of the user's profile.
    Attribute(String),
    /// The same for all.
    Text(String),
    /// Names of the groups that pass; of an expression so many at most.
    Groups(GroupFilter, Option<usize>),
}

/// Which groups a claim names. Letters count as they are written.
#[derive(Clone, Debug)]
pub(crate) enum GroupFilter {
    StartsWith(String),
    Equals(String),
    Contains(String),
    Matches(Regex),
}

impl ClaimValue {
    /// The value for a user. `everyone` is the group that everybody is in, if the provider has one. Nothing where
    /// no group passes.
    pub(crate) fn of(&self, user: &User, everyone: Option<&str>) -> Option<Json> {
        match self {
            Self::Attribute(name) => user.attribute(name),
            Self::Text(text) => Some(text.as_str().into()),
            Self::Groups(filter, limit) => {
                let passing = groups(filter, user, everyone).take(limit.unwrap_or(usize::MAX));
                let names: Vec<_> = passing.map(Json::from).collect();
                (!names.is_empty()).then(|| names.into())
            }
        }
    }

    /// More groups pass than the provider puts into a token. An expression has a limit of its own.
    pub(crate) fn exceeds(&self, limit: usize, user: &User, everyone: Option<&str>) -> bool {
        matches!(self, Self::Groups(filter, None) if groups(filter, user, everyone).nth(limit).is_some())
    }
}

impl GroupFilter {
    /// A regular expression is for the whole name.
    pub(crate) fn matching(pattern: &str) -> Option<Self> {
        Regex::new(&format!("^(?:{pattern})$")).ok().map(Self::Matches)
    }

    fn passes(&self, name: &str) -> bool {
        match self {
            Self::StartsWith(text) => name.starts_with(text),
            Self::Equals(text) => name == text,
            Self::Contains(text) => name.contains(text),
            Self::Matches(pattern) => pattern.is_match(name),
        }
    }
}

fn groups<'u>(
    filter: &'u GroupFilter,
    user: &'u User,
    everyone: Option<&'u str>,
) -> impl Iterator<Item = &'u str> {
    let own = user.groups.iter().map(String::as_str).filter(move |name| Some(*name) != everyone);
    everyone.into_iter().chain(own).filter(|name| filter.passes(name))
}

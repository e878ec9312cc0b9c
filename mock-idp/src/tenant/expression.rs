//! Okta's expression language, as claims of an authorization server have it: what is documented and in use, and no
//! more. Everything that can be known from the tenant file alone (names, numbers of arguments, attributes, ids of
//! groups, patterns) is checked when the file is read, so that nothing is silently null later.
//!
//! Documented in <https://developer.okta.com/docs/reference/okta-expression-language/>, which calls it a subset of the
//! Spring Expression Language (`SpEL`); where it is silent, the functions say what they go by.

mod evaluate;
mod function;
mod group_function;
mod parse;
mod token;

use std::ops::Range;

use serde_json::Value as Json;

use self::function::Function;
use super::{GroupFilter, User};

/// An expression whose names are all known.
#[derive(Clone, Debug)]
pub(crate) enum Expression {
    Constant(Json),
    List(Vec<Expression>),
    /// `user` or `appuser` alone: something, or null for a machine.
    Person,
    /// `user.…`
    Attribute(String),
    /// `user.getInternalProperty("id")`
    UserId,
    /// `user.getInternalProperty("status")`: whoever can sign in is active.
    UserStatus,
    /// `appuser.userName`
    UserName,
    /// `app.clientId`
    ClientId,
    /// Names of the groups that pass, so many at most.
    Groups(GroupFilter, usize),
    IsMember(GroupFilter),
    Call(&'static Function, Vec<Expression>),
    Not(Box<Expression>),
    Negative(Box<Expression>),
    Binary(Operator, Box<(Expression, Expression)>),
    Choice(Box<(Expression, Expression, Expression)>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Or,
    And,
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Plus,
    Minus,
}

/// Whom and what a token is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct About<'a> {
    /// None for a machine.
    pub(crate) user: Option<&'a User>,
    pub(crate) client: Option<&'a str>,
    /// The group that everybody is in, if the provider has one.
    pub(crate) everyone: Option<&'a str>,
}

/// What the tenant file has, for the names of an expression.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names<'a> {
    pub(super) attributes: &'a [String],
    /// Ids of groups with their names.
    pub(super) group_ids: &'a [(String, String)],
}

/// Why an expression is none.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    /// In the expression's text, by bytes.
    pub(super) at: Range<usize>,
    pub(super) message: String,
    pub(super) help: String,
}

/// An evaluation came to nothing: an argument of a kind that a function has no answer for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failed;

impl Expression {
    pub(super) fn parse(text: &str, names: Names<'_>) -> Result<Self, Mistake> {
        parse::parse(text, names)
    }

    /// The claim's value. Okta leaves out a claim whose value is null, and one that is `{}`
    /// (<https://support.okta.com/help/s/article/How-to-Write-a-Groups-Claim-Expression-that-Will-Match-Against-Two-Differently-Named-Groups>,
    /// D). An evaluation that fails leaves its claim out too, and the token is issued: Okta has a system log event for
    /// that, `app.oauth2.as.evaluate.claim` (K).
    pub(crate) fn claim(&self, about: About<'_>) -> Option<Json> {
        self.evaluate(about).ok().filter(|value| match value {
            Json::Null | Json::Object(_) => false,
            Json::Array(values) => !values.is_empty(),
            _ => true,
        })
    }
}

#[cfg(test)]
mod tests;

//! Text with variables: `${matrix.setup}`, `${values.enterprise-manager.clientID}`, `${capture.etag}`,
//! `${token.good}`, `${var.name}`, `${env.NAME}`, `${now}`, `${now+24h}`, `${now.unix-1s}`.
//!
//! `$${` writes a literal `${`. An undefined variable is an error with its position, never the literal text.

use serde_json::Value as Json;
use spanned_yaml::Span;

/// A string in which variables may stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Where it is written.
    pub span: Span,
    /// Its pieces, in order.
    pub parts: Vec<Part>,
}

/// A piece of a [`Template`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Text as it is.
    Literal(String),
    /// The name between the braces, and where it stands.
    Variable(String, Span),
}

/// A JSON value in whose strings variables may stand. A string that is exactly one variable takes the
/// variable's own JSON type.
#[derive(Clone, Debug, PartialEq)]
pub enum JsonTemplate {
    /// Null, a boolean or a number.
    Fixed(Json),
    /// A string.
    Text(Template),
    /// A list.
    List(Vec<JsonTemplate>),
    /// A map.
    Map(Vec<(String, JsonTemplate)>),
}

/// A variable that nothing defines.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`${{{name}}}` is not defined")]
pub struct Undefined {
    /// The variable's name.
    pub name: String,
    /// Where it stands.
    pub span: Span,
}

//! Text with variables: `${matrix.setup}`, `${values.enterprise-manager.clientID}`, `${capture.etag}`,
//! `${token.good}`, `${var.name}`, `${env.NAME}`, `${now}`, `${now+24h}`, `${now.unix-1s}`.
//!
//! `$${` writes a literal `${`. An undefined variable is an error with its position, never the literal text.

use jiff::SignedDuration;
use serde_json::{Map, Value as Json};
use spanned_yaml::Span;

use crate::model::duration::{self, DurationError};

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

/// Where variables get their values.
pub trait Scope {
    /// The value of a variable by its full name, the text between the braces: `matrix.setup`, `now+24h`.
    fn lookup(&self, name: &str) -> Option<Json>;
}

/// A `${` that has no `}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unclosed(pub(crate) Span);

impl Template {
    /// Finds the variables of a text. `raw` is the text as it stands in the file at `span`, quotes and escapes
    /// included: it gives the variables' positions. Where one is not found there (an escape inside its name), the
    /// whole text is its position.
    pub(crate) fn parse(text: &str, raw: &str, span: Span) -> Result<Self, Unclosed> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut places = Places { raw, at: 0, span };
        let mut rest = text;
        while let Some(dollar) = rest.find('$') {
            let (before, tail) = rest.split_at(dollar);
            literal.push_str(before);
            if let Some(tail) = tail.strip_prefix("$${") {
                literal.push_str("${");
                rest = tail;
            } else if let Some(tail) = tail.strip_prefix("${") {
                let (name, tail) = tail.split_once('}').ok_or_else(|| Unclosed(places.next("${")))?;
                if !literal.is_empty() {
                    parts.push(Part::Literal(std::mem::take(&mut literal)));
                }
                parts.push(Part::Variable(name.to_owned(), places.next(&format!("${{{name}}}"))));
                rest = tail;
            } else {
                literal.push('$');
                rest = tail.get(1..).unwrap_or_default();
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() || parts.is_empty() {
            parts.push(Part::Literal(literal));
        }
        Ok(Self { span, parts })
    }

    /// A text in which nothing is a variable, whatever it looks like.
    pub(crate) fn of_literal(text: String, span: Span) -> Self {
        Self { span, parts: vec![Part::Literal(text)] }
    }

    /// The text with every variable replaced. Strings go in as they are, other values as JSON.
    pub fn fill(&self, scope: &dyn Scope) -> Result<String, Undefined> {
        self.fill_with(scope, |value| value)
    }

    /// As [`Template::fill`], with each variable's text passed through `escape`.
    pub(crate) fn fill_with(
        &self,
        scope: &dyn Scope,
        escape: impl Fn(String) -> String,
    ) -> Result<String, Undefined> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Variable(name, span) => match lookup(scope, name, *span)? {
                    Json::String(value) => text.push_str(&escape(value)),
                    value => text.push_str(&escape(value.to_string())),
                },
            }
        }
        Ok(text)
    }

    /// The text, if there are no variables in it.
    #[must_use]
    pub fn literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The variables in it: name and position.
    pub fn variables(&self) -> impl Iterator<Item = (&str, Span)> {
        self.parts.iter().filter_map(|part| match part {
            Part::Literal(_) => None,
            Part::Variable(name, span) => Some((name.as_str(), *span)),
        })
    }

    /// As it was written, variables in braces.
    #[must_use]
    pub fn written(&self) -> String {
        let written = |part: &Part| match part {
            Part::Literal(text) => text.clone(),
            Part::Variable(name, _) => format!("${{{name}}}"),
        };
        self.parts.iter().map(written).collect()
    }
}

impl JsonTemplate {
    /// The value with every variable replaced. A string that is exactly one variable becomes the variable's value
    /// with its type.
    pub fn fill(&self, scope: &dyn Scope) -> Result<Json, Undefined> {
        match self {
            Self::Fixed(value) => Ok(value.clone()),
            Self::Text(template) => match template.parts.as_slice() {
                [Part::Variable(name, span)] => lookup(scope, name, *span),
                _ => template.fill(scope).map(Json::String),
            },
            Self::List(items) => items.iter().map(|item| item.fill(scope)).collect(),
            Self::Map(members) => {
                let fill = |(name, value): &(String, Self)| Ok((name.clone(), value.fill(scope)?));
                members.iter().map(fill).collect::<Result<Map<_, _>, _>>().map(Json::Object)
            }
        }
    }

    /// A variable stands in it somewhere.
    pub(crate) fn has_variables(&self) -> bool {
        match self {
            Self::Fixed(_) => false,
            Self::Text(template) => template.variables().next().is_some(),
            Self::List(items) => items.iter().any(Self::has_variables),
            Self::Map(members) => members.iter().any(|(_, value)| value.has_variables()),
        }
    }

    /// As it was written, variables in braces.
    #[must_use]
    pub fn written(&self) -> Json {
        match self {
            Self::Fixed(value) => value.clone(),
            Self::Text(template) => Json::String(template.written()),
            Self::List(items) => items.iter().map(Self::written).collect(),
            Self::Map(members) => {
                Json::Object(members.iter().map(|(name, value)| (name.clone(), value.written())).collect())
            }
        }
    }
}

fn lookup(scope: &dyn Scope, name: &str, span: Span) -> Result<Json, Undefined> {
    scope.lookup(name).ok_or_else(|| Undefined { name: name.to_owned(), span })
}

/// A point in time that a variable names: `now`, `now+24h`, `now.unix-1s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Seconds since 1970, a number (`now.unix`); otherwise RFC 3339, a string.
    pub unix: bool,
    /// Added to the present.
    pub offset: SignedDuration,
}

impl Now {
    /// Reads a variable's name; nothing if it names something else than a time.
    #[must_use]
    pub fn parse(name: &str) -> Option<Result<Self, DurationError>> {
        let rest = name.strip_prefix("now")?;
        let (unix, offset) = match rest.strip_prefix(".unix") {
            Some(offset) => (true, offset),
            None => (false, rest),
        };
        if offset.is_empty() {
            return Some(Ok(Self { unix, offset: SignedDuration::ZERO }));
        }
        offset.starts_with(['+', '-']).then(|| duration::parse(offset).map(|offset| Self { unix, offset }))
    }
}

/// Finds the variables again in the text as written, one after the other.
struct Places<'t> {
    raw: &'t str,
    at: usize,
    span: Span,
}

impl Places<'_> {
    fn next(&mut self, variable: &str) -> Span {
        let mut from = self.at;
        while let Some(found) = self.raw.get(from..).and_then(|rest| rest.find(variable)) {
            let start = from + found;
            from = start + variable.len();
            if !self.raw.get(..start).is_some_and(|before| before.ends_with('$')) {
                self.at = from;
                return Span { start: self.span.start + start, end: self.span.start + from };
            }
        }
        self.span
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    struct Values(BTreeMap<&'static str, Json>);

    impl Scope for Values {
        fn lookup(&self, name: &str) -> Option<Json> {
            self.0.get(name).cloned()
        }
    }

    fn scope() -> Values {
        Values(BTreeMap::from([
            ("a.text", json!("x\"y")),
            ("a.number", json!(7)),
            ("a.list", json!([1, "b"])),
        ]))
    }

    fn parse(text: &str) -> Template {
        Template::parse(text, text, Span { start: 0, end: text.len() }).unwrap()
    }

    #[test]
    fn a_string_is_filled_and_a_lone_variable_keeps_its_type() {
        assert_eq!(parse("<${a.text}|${a.number}|${a.list}>").fill(&scope()).unwrap(), "<x\"y|7|[1,\"b\"]>");
        assert_eq!(JsonTemplate::Text(parse("${a.number}")).fill(&scope()).unwrap(), json!(7));
        assert_eq!(JsonTemplate::Text(parse("${a.number} ")).fill(&scope()).unwrap(), json!("7 "));
        let nested = JsonTemplate::Map(vec![(
            "k".into(),
            JsonTemplate::List(vec![JsonTemplate::Text(parse("${a.list}"))]),
        )]);
        assert_eq!(nested.fill(&scope()).unwrap(), json!({"k": [[1, "b"]]}));
    }

    #[test]
    fn dollars() {
        let filled = |text| parse(text).fill(&scope()).unwrap();
        assert_eq!(filled("$${a.text} $$ $x $"), "${a.text} $$ $x $");
        assert_eq!(filled("$$${a.text}"), "$${a.text}");
        assert_eq!(filled(""), "");
        assert_eq!(
            Template::parse("a ${b", "a ${b", Span { start: 5, end: 10 }),
            Err(Unclosed(Span { start: 7, end: 9 }))
        );
    }

    #[test]
    fn a_variable_knows_its_place() {
        let raw = r#""é\t$${a} ${a} ${a}""#;
        let template =
            Template::parse("é\t$${a} ${a} ${a}", raw, Span { start: 100, end: 100 + raw.len() }).unwrap();
        let places: Vec<_> = template.variables().map(|(_, span)| &raw[span.start - 100..]).collect();
        assert_eq!(places, ["${a} ${a}\"", "${a}\""]);
        assert_eq!(
            template.fill(&scope()),
            Err(Undefined { name: "a".into(), span: template.variables().next().unwrap().1 })
        );
    }

    #[test]
    fn times() {
        let seconds =
            |name: &str| Now::parse(name).map(|now| now.map(|now| (now.unix, now.offset.as_secs())));
        assert_eq!(seconds("now"), Some(Ok((false, 0))));
        assert_eq!(seconds("now+24h"), Some(Ok((false, 86_400))));
        assert_eq!(seconds("now.unix-1s"), Some(Ok((true, -1))));
        assert_eq!(seconds("nowhere"), None);
        for bad in ["now+", "now+1", "now+-1h", "now.unix+x"] {
            assert!(matches!(seconds(bad), Some(Err(_))), "{bad}");
        }
    }
}

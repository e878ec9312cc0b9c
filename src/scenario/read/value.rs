//! Values: plain text, names, text with variables, JSON with variables, pointers, numbers.

use spanned_yaml::{Node, Span, Value};

use super::{reader::Reader, variable::Place};
use crate::scenario::template::{JsonTemplate, Template, Unclosed};

impl Reader<'_> {
    /// A scalar's text.
    pub(super) fn text(&mut self, node: &Node) -> Option<String> {
        let text = node.as_text();
        if text.is_none() {
            self.found.expected(node, "a string");
        }
        text.map(str::to_owned)
    }

    /// A text that is not empty and in which no variable can stand.
    pub(super) fn literal(&mut self, node: &Node) -> Option<String> {
        let text = self.text(node)?;
        if text.trim().is_empty() {
            self.found.error(node.span, "an empty text");
            return None;
        }
        self.no_variable(&text, node.span).then_some(text)
    }

    /// Holds if no variable stands in a text where none may.
    pub(super) fn no_variable(&mut self, text: &str, span: Span) -> bool {
        let clean = !text.contains("${");
        if !clean {
            self.found.error(span, "a variable cannot stand here").help("write the text out");
        }
        clean
    }

    /// A name that the scenario gives to something.
    pub(super) fn name(&mut self, text: &str, span: Span, what: &str) -> Option<String> {
        let shaped = text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        if !shaped {
            self.found
                .error(span, format!("`{text}` is no name for {what}"))
                .help("a name begins with a letter and has letters, digits, `-` and `_`");
        }
        shaped.then(|| text.to_owned())
    }

    /// Text with variables.
    pub(super) fn template(&mut self, node: &Node, place: Place) -> Option<Template> {
        let text = self.text(node)?;
        let template = self.parse(&text, node.span)?;
        if text.trim().is_empty() {
            self.found.error(node.span, "an empty text");
            return None;
        }
        self.variables(&template, place);
        Some(template)
    }

    fn parse(&mut self, text: &str, span: Span) -> Option<Template> {
        let source = self.found.source().clone();
        match Template::parse(text, source.text().get(span.start..span.end).unwrap_or_default(), span) {
            Ok(template) => Some(template),
            Err(Unclosed(at)) => {
                self.found.error(at, "`${` without `}`").help("a literal `${` is written `$${`");
                None
            }
        }
    }

    /// A list of texts with variables.
    pub(super) fn templates(&mut self, node: &Node) -> Option<Vec<Template>> {
        let Some(nodes) = node.as_sequence() else {
            self.found.expected(node, "a list");
            return None;
        };
        nodes.iter().map(|node| self.template(node, Place::Step)).collect()
    }

    /// Any value, with variables in its strings.
    pub(super) fn json(&mut self, node: &Node) -> Option<JsonTemplate> {
        match &node.value {
            Value::Scalar(scalar) if node.as_str().is_none() => Some(JsonTemplate::Fixed(scalar.to_json())),
            Value::Scalar(scalar) => self.json_text(&scalar.text, node.span),
            Value::Sequence(nodes) => {
                let items: Vec<_> = nodes.iter().map(|node| self.json(node)).collect();
                items.into_iter().collect::<Option<_>>().map(JsonTemplate::List)
            }
            Value::Mapping(_) => self.members(node).map(JsonTemplate::Map),
        }
    }

    /// A scalar as text, whatever its type: `8080` is `"8080"`.
    pub(super) fn json_text(&mut self, text: &str, span: Span) -> Option<JsonTemplate> {
        let template = self.parse(text, span)?;
        self.variables(&template, Place::Step);
        Some(JsonTemplate::Text(template))
    }

    /// A map of any values, with variables in its strings.
    pub(super) fn members(&mut self, node: &Node) -> Option<Vec<(String, JsonTemplate)>> {
        let Some(entries) = node.as_mapping() else {
            self.found.expected(node, "a map");
            return None;
        };
        let members: Vec<_> = entries
            .iter()
            .map(|entry| {
                let value = self.json(&entry.value);
                self.no_variable(&entry.key, entry.key_span).then_some(())?;
                Some((entry.key.clone(), value?))
            })
            .collect();
        members.into_iter().collect()
    }

    /// A JSON pointer (RFC 6901 §3).
    pub(super) fn pointer(&mut self, text: &str, span: Span) -> Option<String> {
        if !self.no_variable(text, span) {
            return None;
        }
        let escaped = text.split('~').skip(1).all(|after| after.starts_with(['0', '1']));
        if (text.is_empty() || text.starts_with('/')) && escaped {
            return Some(text.to_owned());
        }
        let error = self.found.error(span, format!("`{text}` is no JSON pointer"));
        if escaped {
            error.help(format!("a pointer begins with a slash: `/{}`", text.replace('.', "/")));
        } else {
            error.help("in a pointer `~` is written `~0`, and `/` inside a name `~1`");
        }
        None
    }

    /// A header name in lower case (RFC 9110 §5.1).
    pub(super) fn header_name(&mut self, text: &str, span: Span) -> Option<String> {
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if !text.is_empty() && text.bytes().all(token) {
            return Some(text.to_ascii_lowercase());
        }
        self.found.error(span, format!("`{text}` is no header name"));
        None
    }

    /// Names in a list that is not empty.
    pub(super) fn names(&mut self, node: &Node) -> Option<Vec<String>> {
        let Some(nodes) = node.as_sequence() else {
            self.found.expected(node, "a list");
            return None;
        };
        if nodes.is_empty() {
            self.found.error(node.span, "an empty list").help("name at least one, or leave the key out");
        }
        Some(self.distinct(nodes, Self::literal))
    }
}

//! Matchers: a scalar or list is what the value must equal; a map has exactly one operator.

use spanned_yaml::{Entry, Node, Span, closest};

use super::{reader::Reader, variable::Place, words::OPERATORS};
use crate::scenario::{
    matcher::{Matcher, Order},
    template::{JsonTemplate, Part, Template},
};

/// What is known of the values that a matcher will see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Actual {
    /// Any JSON.
    Json,
    /// Always a string (a header), so `5` in the file is meant as `"5"`.
    Text,
    /// A status code.
    Status,
    /// How many.
    Count,
}

impl Reader<'_> {
    /// A map of matchers, its keys read by `key`.
    pub(super) fn matchers(
        &mut self,
        node: &Node,
        actual: Actual,
        key: impl Fn(&mut Self, &str, Span) -> Option<String>,
    ) -> Option<Vec<(String, Matcher)>> {
        let Some(entries) = node.as_mapping() else {
            self.found.expected(node, "a map of matchers");
            return None;
        };
        if entries.is_empty() {
            self.found.error(node.span, "an empty map expects nothing").help("remove it");
        }
        let matchers: Vec<_> = entries
            .iter()
            .map(|entry| {
                let key = key(self, &entry.key, entry.key_span);
                let matcher = self.matcher(&entry.value, actual);
                Some((key?, matcher?))
            })
            .collect();
        matchers.into_iter().collect()
    }

    pub(super) fn matcher(&mut self, node: &Node, actual: Actual) -> Option<Matcher> {
        let matcher = self.matcher_of(node, actual)?;
        if matcher.takes_everything() {
            self.found.error(node.span, "every value meets this, and no value does too: nothing is checked");
        }
        Some(matcher)
    }

    fn matcher_of(&mut self, node: &Node, actual: Actual) -> Option<Matcher> {
        if node.as_mapping().is_none() {
            return self.operand(node, actual).map(Matcher::Equals);
        }
        let entry = self.operator(node)?;
        let value = &entry.value;
        match entry.key.as_str() {
            "equals" => self.operand(value, actual).map(Matcher::Equals),
            "present" => {
                let there = value.as_bool();
                if there.is_none() {
                    self.found.expected(value, "`true` or `false`");
                }
                there.map(Matcher::Present)
            }
            "contains" | "matches" if matches!(actual, Actual::Status | Actual::Count) => {
                self.found
                    .error(entry.key_span, format!("`{}` is for text, and this is a number", entry.key));
                None
            }
            "contains" => {
                let part =
                    if actual == Actual::Text { self.operand(value, actual) } else { self.json(value) };
                if matches!(&part, Some(JsonTemplate::Text(text)) if text.written().is_empty()) {
                    self.found
                        .error(value.span, "every text contains this")
                        .help("`present: true` says as much");
                }
                part.map(Matcher::Contains)
            }
            "matches" => self.regex(value).map(Matcher::Matches),
            "lt" => self.bound(value).map(|bound| Matcher::Compare(Order::Lt, bound)),
            "le" => self.bound(value).map(|bound| Matcher::Compare(Order::Le, bound)),
            "gt" => self.bound(value).map(|bound| Matcher::Compare(Order::Gt, bound)),
            "ge" => self.bound(value).map(|bound| Matcher::Compare(Order::Ge, bound)),
            "any" => self.list(value, actual).map(Matcher::Any),
            "all" => self.list(value, actual).map(Matcher::All),
            _ => self.matcher(value, actual).map(|matcher| Matcher::Not(Box::new(matcher))),
        }
    }

    fn operator<'n>(&mut self, node: &'n Node) -> Option<&'n Entry> {
        let entries = node.as_mapping().unwrap_or_default();
        let entry = match entries {
            [entry] if OPERATORS.contains(&entry.key.as_str()) => return Some(entry),
            [] => {
                self.found
                    .error(node.span, "a matcher has exactly one key")
                    .help("an empty object is matched with `equals: {}`");
                return None;
            }
            [entry] => entry,
            [first, second, ..] if OPERATORS.contains(&first.key.as_str()) => {
                self.found
                    .error(
                        second.key_span,
                        format!("a matcher has exactly one key, and `{}` is another", second.key),
                    )
                    .help("combine matchers in a list: `all: [{…}, {…}]`");
                return None;
            }
            [first, ..] => first,
        };
        let error = self.found.error(entry.key_span, format!("`{}` is no matcher", entry.key));
        match closest(&entry.key, OPERATORS) {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None => error.help("an object is matched with `equals: {…}`"),
        };
        None
    }

    /// What a value is compared with for equality.
    fn operand(&mut self, node: &Node, actual: Actual) -> Option<JsonTemplate> {
        match actual {
            Actual::Json => self.json(node),
            Actual::Text => {
                let text = self.text(node)?;
                self.json_text(&text, node.span)
            }
            Actual::Status | Actual::Count => {
                let value = self.json(node)?;
                let sound = match &value {
                    JsonTemplate::Fixed(number) => number
                        .as_u64()
                        .is_some_and(|number| actual == Actual::Count || (100..=599).contains(&number)),
                    JsonTemplate::Text(text) => may_be_a_number(text),
                    _ => false,
                };
                if !sound {
                    let written = node.as_text().map_or(node.kind().to_owned(), |text| format!("`{text}`"));
                    let what = if actual == Actual::Count { "count" } else { "status" };
                    let error = self.found.error(node.span, format!("{written} is no {what}"));
                    error.help("write a number without quotes: a status from 100 to 599, a count from 0");
                }
                sound.then_some(value)
            }
        }
    }

    /// A number, an RFC 3339 time, or a variable that will be one.
    fn bound(&mut self, node: &Node) -> Option<JsonTemplate> {
        let bound = self.json(node)?;
        let sound = match &bound {
            JsonTemplate::Fixed(value) => value.is_number(),
            JsonTemplate::Text(text) => match text.literal() {
                Some(literal) => literal.parse::<jiff::Timestamp>().is_ok(),
                None => true,
            },
            _ => false,
        };
        if !sound {
            self.found
                .expected(node, "a number or a time")
                .help("a time is written `2030-01-01T12:00:00Z` or `${now+24h}`");
        }
        sound.then_some(bound)
    }

    fn list(&mut self, node: &Node, actual: Actual) -> Option<Vec<Matcher>> {
        let Some(nodes) = node.as_sequence() else {
            self.found.expected(node, "a list of matchers");
            return None;
        };
        if nodes.is_empty() {
            self.found.error(node.span, "an empty list of matchers").help("write at least one into it");
        }
        let matchers: Vec<_> = nodes.iter().map(|node| self.matcher(node, actual)).collect();
        matchers.into_iter().collect()
    }

    /// A regular expression; variables stand for their very characters, so it can be compiled without them.
    fn regex(&mut self, node: &Node) -> Option<Template> {
        let pattern = self.template(node, Place::Step)?;
        let sample: String = pattern
            .parts
            .iter()
            .map(|part| match part {
                Part::Literal(text) => text.as_str(),
                Part::Variable(..) => "x",
            })
            .collect();
        match regex::RegexBuilder::new(&sample).size_limit(Matcher::REGEX_BYTES).build() {
            Ok(compiled) => {
                if matches_everything(&compiled) {
                    self.found
                        .error(node.span, "every text matches this")
                        .help("`present: true` says as much");
                }
                Some(pattern)
            }
            Err(regex::Error::CompiledTooBig(_)) => {
                self.found.error(node.span, "the regular expression is too large").help("repeat less in it");
                None
            }
            Err(error) => {
                // The library draws the place over several lines; its last line is the reason.
                let text = error.to_string();
                let last = text.lines().last().unwrap_or_default();
                let reason = last.trim_start_matches("error: ").trim_end_matches('.');
                self.found
                    .error(node.span, format!("the regular expression does not compile: {reason}"))
                    .help("a backslash escapes a special character; quote the pattern with `'…'` in YAML");
                None
            }
        }
    }
}

/// No text is known that it does not match: none of any single character of ASCII, nor a long one, nor an empty one.
fn matches_everything(regex: &regex::Regex) -> bool {
    let ascii = || (0_u8..128).map(char::from);
    let several = [String::new(), "é\u{202e}".to_owned(), ascii().collect(), "x\n".repeat(10_000)];
    several.into_iter().chain(ascii().map(String::from)).all(|text| regex.is_match(&text))
}

/// The text is a single variable that may have a number for its value; those of the matrix, the command line and the
/// environment are texts.
fn may_be_a_number(text: &Template) -> bool {
    match text.parts.as_slice() {
        [Part::Variable(name, _)] => {
            ["capture.", "values.", "matrix."].iter().any(|space| name.starts_with(space))
        }
        _ => false,
    }
}

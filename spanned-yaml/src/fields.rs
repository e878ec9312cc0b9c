//! Reading a mapping key by key: what is missing, of another type, or unknown is reported, nothing is lost.

use crate::{Diagnostics, Entry, Node, Span, closest};

/// A mapping under reading. Ask for each known key once, then [`finish`](Fields::finish): every key that was
/// not asked for is unknown.
#[derive(Debug)]
#[must_use = "call `finish`, or unknown keys go unnoticed"]
pub struct Fields<'n> {
    entries: &'n [Entry],
    span: Span,
    what: &'static str,
    known: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    /// Starts on a node that must be a mapping. `what` names it in messages: "a scenario", "a rule".
    pub fn new(node: &'n Node, what: &'static str, diagnostics: &mut Diagnostics) -> Option<Self> {
        if let Some(entries) = node.as_mapping() {
            return Some(Self { entries, span: node.span, what, known: Vec::new() });
        }
        diagnostics.expected(node, &format!("{what}, a map"));
        None
    }

    /// Where the mapping stands.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }

    /// The entry of an optional key, key position included. A null value counts as absent.
    pub fn entry(&mut self, key: &'static str) -> Option<&'n Entry> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        self.entries.iter().find(|entry| entry.key == key && !entry.value.is_null())
    }

    /// The value of an optional key. A null value counts as absent.
    pub fn optional(&mut self, key: &'static str) -> Option<&'n Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The value of a key that must be there.
    pub fn required(&mut self, key: &'static str, diagnostics: &mut Diagnostics) -> Option<&'n Node> {
        let found = self.optional(key);
        if found.is_none() {
            // At the key if it is there without a value, else at the first line of the map.
            let span = self.entries.iter().find(|entry| entry.key == key).map_or_else(
                || self.entries.first().map_or(self.span, |entry| entry.key_span),
                |entry| entry.key_span,
            );
            diagnostics.error(span, format!("{} needs `{key}`", self.what));
        }
        found
    }

    /// A string, or a scalar that reads as one.
    pub fn text(&mut self, key: &'static str, diagnostics: &mut Diagnostics) -> Option<&'n str> {
        let node = self.optional(key)?;
        text_of(node, diagnostics)
    }

    /// A string that must be there and not be empty.
    pub fn required_text(&mut self, key: &'static str, diagnostics: &mut Diagnostics) -> Option<&'n str> {
        let node = self.required(key, diagnostics)?;
        let text = text_of(node, diagnostics)?;
        if text.trim().is_empty() {
            diagnostics.error(node.span, format!("`{key}` is empty"));
            return None;
        }
        Some(text)
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, key: &'static str, diagnostics: &mut Diagnostics) -> Option<bool> {
        let node = self.optional(key)?;
        let found = node.as_bool();
        if found.is_none() {
            diagnostics.expected(node, "`true` or `false`");
        }
        found
    }

    /// A list; empty where the key is absent.
    pub fn list(&mut self, key: &'static str, diagnostics: &mut Diagnostics) -> &'n [Node] {
        let Some(node) = self.optional(key) else { return &[] };
        node.as_sequence().unwrap_or_else(|| {
            diagnostics.expected(node, "a list");
            &[]
        })
    }

    /// A list of strings; empty where the key is absent.
    pub fn texts(&mut self, key: &'static str, diagnostics: &mut Diagnostics) -> Vec<&'n str> {
        self.list(key, diagnostics).iter().filter_map(|node| text_of(node, diagnostics)).collect()
    }

    /// A string out of a closed set, mapped to its meaning.
    pub fn choice<T: Copy>(
        &mut self,
        key: &'static str,
        choices: &[(&'static str, T)],
        diagnostics: &mut Diagnostics,
    ) -> Option<T> {
        let node = self.optional(key)?;
        let text = text_of(node, diagnostics)?;
        let found = choices.iter().find(|(name, _)| *name == text).map(|(_, meaning)| *meaning);
        if found.is_none() {
            let names: Vec<_> = choices.iter().map(|(name, _)| format!("`{name}`")).collect();
            let error = diagnostics.error(node.span, format!("`{text}` is no {key}"));
            match closest(text, choices.iter().map(|(name, _)| *name)) {
                Some(name) => error.help(format!("did you mean `{name}`? there are {}", names.join(", "))),
                None => error.help(format!("there are {}", names.join(", "))),
            };
        }
        found
    }

    /// Reports every key that was never asked for, with the nearest one that was.
    pub fn finish(self, diagnostics: &mut Diagnostics) {
        for entry in self.unknown() {
            let error = diagnostics.error(entry.key_span, format!("{} has no `{}`", self.what, entry.key));
            match closest(&entry.key, self.known.iter().copied()) {
                Some(name) => error.help(format!("did you mean `{name}`?")),
                None => error.help(format!("it has {}", self.known_names())),
            };
        }
    }

    /// For files of others, where unknown keys may be meant for someone else: a near miss of a key asked for is
    /// an error, any other unknown key a warning.
    pub fn finish_lenient(self, diagnostics: &mut Diagnostics) {
        for entry in self.unknown() {
            let message = format!("{} has no `{}`", self.what, entry.key);
            match closest(&entry.key, self.known.iter().copied()) {
                Some(name) => {
                    diagnostics.error(entry.key_span, message).help(format!("did you mean `{name}`?"))
                }
                None => diagnostics.warning(entry.key_span, message).help("it is ignored"),
            };
        }
    }

    fn unknown(&self) -> impl Iterator<Item = &'n Entry> {
        self.entries.iter().filter(|entry| !self.known.contains(&entry.key.as_str()))
    }

    fn known_names(&self) -> String {
        self.known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    }
}

fn text_of<'n>(node: &'n Node, diagnostics: &mut Diagnostics) -> Option<&'n str> {
    let text = node.as_text();
    if text.is_none() {
        diagnostics.expected(node, "a string");
    }
    text
}

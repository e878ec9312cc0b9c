//! The walk over one file: findings that say in which resource they are, strings and lists within their limits.

use spanned_yaml::{Diagnostic, Diagnostics, Node, Source, Span, closest};

use super::scalar;
use crate::manifest::{Place, Written};

/// Where reading a file reports what it finds.
pub(super) struct Walk<'f> {
    findings: &'f mut Diagnostics,
    source: usize,
    /// The resource that is being read, as messages name it.
    resource: String,
    /// Errors so far.
    pub(super) errors: usize,
    warnings: usize,
    /// Takes what is found beyond [`Self::MOST`].
    beyond: Diagnostics,
}

/// How long a string or a list may be.
#[derive(Clone, Copy)]
pub(super) struct Size {
    least: usize,
    most: usize,
}

impl Size {
    pub(super) const ANY: Self = Self { least: 0, most: usize::MAX };
    pub(super) const NOT_EMPTY: Self = Self { least: 1, most: usize::MAX };

    pub(super) const fn up_to(most: usize) -> Self {
        Self { least: 0, most }
    }

    pub(super) const fn one_to(most: usize) -> Self {
        Self { least: 1, most }
    }
}

impl<'f> Walk<'f> {
    /// How many errors, and how many warnings, of a file are kept: nobody reads on, and hostile files make millions.
    const MOST: usize = 1_000;

    pub(super) fn new(findings: &'f mut Diagnostics, source: usize) -> Self {
        let beyond = Diagnostics::new(Source::new("", ""));
        Self { findings, source, resource: String::new(), errors: 0, warnings: 0, beyond }
    }

    /// From here on findings are about this resource.
    pub(super) fn enter(&mut self, resource: impl Into<String>) {
        self.resource = resource.into();
    }

    pub(super) fn error(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.errors += 1;
        let found = if self.errors <= Self::MOST {
            self.findings.error(span, message)
        } else {
            self.beyond = Diagnostics::new(Source::new("", ""));
            self.beyond.error(span, message)
        };
        label(found, &self.resource)
    }

    pub(super) fn warning(&mut self, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.warnings += 1;
        let found = if self.warnings <= Self::MOST {
            self.findings.warning(span, message)
        } else {
            self.beyond = Diagnostics::new(Source::new("", ""));
            self.beyond.warning(span, message)
        };
        label(found, &self.resource)
    }

    pub(super) fn expected(&mut self, node: &Node, expected: &str) -> &mut Diagnostic {
        self.error(node.span, format!("expected {expected}, found {}", node.kind()))
    }

    pub(super) const fn place(&self, span: Span) -> Place {
        Place { source: self.source, span }
    }

    pub(super) fn written(&self, node: &Node, text: &str) -> Written<String> {
        Written { value: text.to_owned(), place: self.place(node.span) }
    }

    /// A string of a size in characters. What Kubernetes would take for a number or a boolean is none: it refuses a
    /// group that is written `123`.
    pub(super) fn string<'n>(&mut self, node: &'n Node, what: &str, size: Size) -> Option<&'n str> {
        let Some(text) = node.as_str() else {
            let written = node.as_text();
            let found = self.expected(node, &format!("{what}, a string"));
            if let Some(written) = written {
                found.help(format!("quotes make a string of it: `'{written}'`"));
            }
            return None;
        };
        let length = text.chars().count();
        if length < size.least {
            self.error(node.span, format!("{what} is empty"));
            return None;
        }
        if length > size.most {
            let message = format!("{what} has {length} characters, {} is the most", size.most);
            self.error(node.span, message);
            return None;
        }
        if let Some(other) = scalar::kubectl_reads(node) {
            self.warning(node.span, format!("`{text}` is a string here, and {other} for kubectl"))
                .help(format!("quotes make a string of it for both: `'{text}'`"));
        }
        if let Some(placeholder) = scalar::placeholder(text) {
            self.warning(node.span, format!("the placeholder `{placeholder}` is left in"))
                .help("replace it with the value of your own set-up");
        }
        Some(text)
    }

    /// A list of a size; of one that is too long, as many items as it may have.
    pub(super) fn list<'n>(&mut self, node: &'n Node, what: &str, size: Size) -> &'n [Node] {
        let Some(items) = node.as_sequence() else {
            let one = node.as_str().filter(|text| text.len() <= 100);
            let error = self.expected(node, &format!("{what}, a list"));
            if let Some(text) = one {
                error.help(format!("a list of one is `[{text}]`"));
            }
            return &[];
        };
        if items.len() < size.least {
            self.error(node.span, format!("{what} is empty")).help("it needs at least one");
        }
        if let Some(first) = items.get(size.most) {
            let message = format!("{what} has {} items, {} is the most", items.len(), size.most);
            self.error(first.span, message).help("split it in two");
        }
        items.get(..size.most).unwrap_or(items)
    }

    /// A list of strings.
    pub(super) fn strings(
        &mut self,
        node: &Node,
        what: &str,
        item: &str,
        size: Size,
        each: Size,
    ) -> Vec<String> {
        let items = self.list(node, what, size).iter();
        items.filter_map(|node| self.string(node, item, each).map(str::to_owned)).collect()
    }

    /// `true` or `false`.
    pub(super) fn boolean(&mut self, node: &Node) -> Option<bool> {
        let found = node.as_bool();
        if found.is_none() {
            let meant = scalar::yaml_1_1_boolean(node);
            let text = node.as_str().filter(|text| ["true", "false"].contains(text));
            let error = self.expected(node, "`true` or `false`");
            match (meant, text) {
                (Some(meant), _) => error.help(format!("kubectl takes it for `{meant}`: write that")),
                (None, Some(text)) => error.help(format!("without quotes: `{text}`")),
                (None, None) => error,
            };
        }
        found
    }

    /// A string out of a closed set.
    pub(super) fn choice<T: Copy>(&mut self, node: &Node, what: &str, choices: &[(&str, T)]) -> Option<T> {
        let text = self.string(node, &format!("the {what}"), Size::ANY)?;
        let found = choices.iter().find(|(name, _)| *name == text).map(|(_, meaning)| *meaning);
        if found.is_none() {
            let names = choices.iter().map(|(name, _)| *name);
            let help = suggestion(text, names);
            self.error(node.span, format!("`{text}` is no {what}")).help(help);
        }
        found
    }
}

fn label<'d>(found: &'d mut Diagnostic, resource: &str) -> &'d mut Diagnostic {
    if resource.is_empty() { found } else { found.label(format!("in {resource}")) }
}

/// The nearest of some names if one is near, and all of them.
pub(super) fn suggestion<'a>(text: &str, names: impl Iterator<Item = &'a str> + Clone) -> String {
    let all: Vec<_> = names.clone().map(|name| format!("`{name}`")).collect();
    let all = match all.as_slice() {
        [only] => return format!("it can only be {only}"),
        all => all.join(", "),
    };
    match closest(text, names) {
        Some(name) => format!("did you mean `{name}`? there are {all}"),
        None => format!("there are {all}"),
    }
}

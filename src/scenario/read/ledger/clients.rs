//! What the walk has seen of the simulated clients: that they are started, and that each answer has its opposite.

use std::collections::BTreeSet;

use spanned_yaml::{Diagnostics, Span, closest};

use super::Named;
use crate::scenario::syntax::Deed;

#[derive(Debug, Default)]
pub(super) struct Clients {
    started: BTreeSet<String>,
    /// Used before they were started.
    early: Vec<Named>,
    asked: Vec<Asked>,
    /// What must fail, and where.
    failing: Vec<(&'static str, Span)>,
    enrolled: bool,
}

/// A wish and the answer that is expected.
#[derive(Debug)]
struct Asked {
    client: String,
    wish: &'static str,
    permitted: bool,
    span: Span,
}

impl Clients {
    pub(super) fn does(&mut self, name: &str, span: Span, deed: &Deed) {
        match deed {
            Deed::Enroll { .. } => {
                self.enrolled = true;
                self.started.insert(name.to_owned());
            }
            Deed::Start { refused: None, .. } => {
                self.started.insert(name.to_owned());
            }
            Deed::Start { refused: Some(_), .. } => self.failing.push(("start", span)),
            Deed::SignIn { refused, .. } => {
                if refused.is_some() {
                    self.failing.push(("sign-in", span));
                }
                self.used(name, span);
            }
            _ => self.used(name, span),
        }
    }

    pub(super) fn used(&mut self, name: &str, span: Span) {
        if !self.started.contains(name) {
            self.early.push(Named { name: name.to_owned(), span });
        }
    }

    pub(super) fn asked(&mut self, client: &str, wish: &'static str, permitted: bool, span: Span) {
        self.asked.push(Asked { client: client.to_owned(), wish, permitted, span });
    }

    pub(super) fn settle(&self, found: &mut Diagnostics) {
        for Named { name, span } in &self.early {
            let error = found.error(*span, format!("the client `{name}` was not started"));
            if self.started.contains(name) {
                error.help("it is started later: move that step up");
                continue;
            }
            match closest(name, self.started.iter().map(String::as_str)) {
                Some(near) => error.help(format!("did you mean `{near}`?")),
                None => error.help("`does: enroll` or `does: start` stands before it"),
            };
        }
        for Asked { client, wish, permitted, span } in &self.asked {
            let opposite = |other: &Asked| {
                other.client == *client && other.wish == *wish && other.permitted != *permitted
            };
            if !self.asked.iter().any(opposite) {
                let (one, other) =
                    if *permitted { ("permission", "is forbidden") } else { ("refusal", "is permitted") };
                found
                    .error(*span, format!("this {one} has no control"))
                    .help(format!("`{client}` must do another `{wish}` in this scenario that {other} and differs in one thing"));
            }
        }
        for (what, span) in &self.failing {
            if !self.enrolled {
                found
                    .error(*span, format!("a {what} that fails counts only beside one that works"))
                    .help("add a client that does `enroll`");
            }
        }
    }
}

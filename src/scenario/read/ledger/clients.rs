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
    on: BTreeSet<String>,
    /// Clients whose cache was copied.
    copied: BTreeSet<String>,
    /// Changes of a cache that no start has read yet.
    unread: Vec<Named>,
    mistakes: Vec<(Span, &'static str, &'static str)>,
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
                self.starts(name);
            }
            Deed::Start { refused: None, .. } => self.starts(name),
            Deed::Start { refused: Some(_), .. } => self.failing.push(("start", span)),
            Deed::SignIn { refused: Some(_), .. } | Deed::TrySignIn { .. } => {
                self.failing.push(("sign-in", span));
                self.used(name, span);
            }
            Deed::Stop => {
                self.used(name, span);
                self.on.remove(name);
            }
            _ => self.used(name, span),
        }
    }

    fn starts(&mut self, name: &str) {
        self.started.insert(name.to_owned());
        self.on.insert(name.to_owned());
        self.unread.retain(|tampered| tampered.name != name);
    }

    pub(super) fn tamper(&mut self, name: &str, span: Span, by: &'static str) {
        self.used(name, span);
        if by == "keep" {
            self.copied.insert(name.to_owned());
            return;
        }
        if self.on.contains(name) {
            let help = "`does: stop` stands before it, and `does: start` after it";
            self.mistakes.push((span, "a client that is on does not read its cache", help));
        }
        if by == "put-back" && !self.copied.contains(name) {
            self.mistakes.push((span, "there is no copy to put back", "`tamper: {by: keep}` makes one"));
        }
        self.unread.push(Named { name: name.to_owned(), span });
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
        for (span, message, help) in &self.mistakes {
            found.error(*span, *message).help(*help);
        }
        for Named { name, span } in &self.unread {
            found
                .error(*span, format!("`{name}` is never started after this, so nobody reads it"))
                .help("add `client: {does: start}`");
        }
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

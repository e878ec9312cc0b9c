//! What the walk has seen of browsers: that each is there before another has its cookies, and that somebody is signed in
//! and somebody is not.

use std::collections::BTreeSet;

use spanned_yaml::{Diagnostics, Span, closest};

use super::Named;

#[derive(Debug, Default)]
pub(super) struct Browsers {
    names: BTreeSet<String>,
    /// Named before they did anything.
    early: Vec<Named>,
    /// Whether anybody had to be signed in, and where that is written.
    visits: Vec<(bool, Span)>,
}

impl Browsers {
    pub(super) fn does(&mut self, name: &str) {
        self.names.insert(name.to_owned());
    }

    pub(super) fn used(&mut self, name: &str, span: Span) {
        if !self.names.contains(name) {
            self.early.push(Named { name: name.to_owned(), span });
        }
    }

    pub(super) fn visit(&mut self, signed_in: bool, span: Span) {
        self.visits.push((signed_in, span));
    }

    pub(super) fn settle(&self, found: &mut Diagnostics) {
        for Named { name, span } in &self.early {
            let error = found.error(*span, format!("the browser `{name}` has done nothing yet"));
            match closest(name, self.names.iter().map(String::as_str)) {
                Some(near) if near != name => error.help(format!("did you mean `{near}`?")),
                _ => error.help("it has cookies once a step has it as its `name`"),
            };
        }
        let Some((first, span)) = self.visits.first() else { return };
        if self.visits.iter().all(|(signed_in, _)| signed_in == first) {
            let (what, other) = if *first {
                ("somebody is signed in everywhere", "nobody is")
            } else {
                ("nobody is signed in anywhere", "somebody is")
            };
            found
                .error(*span, format!("{what} in this scenario, so it tells nothing"))
                .help(format!("add a `browser` step after which {other}, and which differs in one thing"));
        }
    }
}

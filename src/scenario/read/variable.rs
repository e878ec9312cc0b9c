//! Which variables may stand where, and whether they are defined by then.

use spanned_yaml::{Span, closest};

use super::{
    ledger::Kind,
    reader::Reader,
    words::{NAMESPACES, listed},
};
use crate::scenario::template::{Now, Template};

/// Where a text stands; it decides which variables have a value by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Shown in lists before anything runs: `matrix` only.
    Title,
    /// Read before the platform stands: `matrix`, `var`, `env`.
    Setup,
    /// In a step: everything.
    Step,
}

impl Reader<'_> {
    /// Reports every variable of a text that is not defined there.
    pub(super) fn variables(&mut self, template: &Template, place: Place) {
        for (name, span) in template.variables() {
            self.variable(name, span, place);
        }
    }

    fn variable(&mut self, name: &str, span: Span, place: Place) {
        let (namespace, rest) = match name.split_once('.') {
            _ if name.starts_with("now") => ("now", ""),
            Some((namespace, rest)) => (namespace, rest),
            None => (name, ""),
        };
        let known: &[&str] = match place {
            Place::Title => &["matrix"],
            Place::Setup => &["matrix", "var", "env"],
            Place::Step => &NAMESPACES,
        };
        if !NAMESPACES.contains(&namespace) {
            let error = self.found.error(span, format!("`${{{name}}}` is not defined"));
            match closest(namespace, NAMESPACES) {
                Some(near) if rest.is_empty() => error.help(format!("did you mean `${{{near}}}`?")),
                Some(near) => error.help(format!("did you mean `${{{near}.{rest}}}`?")),
                None => error.help(format!("variables begin with {}", listed(NAMESPACES))),
            };
        } else if !known.contains(&namespace) {
            self.found
                .error(span, format!("`${{{name}}}` has no value yet where this is read"))
                .help(format!("only {} can stand here", listed(known.iter().copied())));
        } else {
            self.defined(namespace, rest, name, span, place);
        }
    }

    fn defined(&mut self, namespace: &str, rest: &str, name: &str, span: Span, place: Place) {
        match namespace {
            "now" => match Now::parse(name) {
                Some(Ok(_)) => {}
                Some(Err(error)) => {
                    self.found.error(span, format!("`${{{name}}}`: {error}"));
                }
                None => {
                    self.found
                        .error(span, format!("`${{{name}}}` is not defined"))
                        .help("a time is `${now}`, `${now+24h}`, `${now.unix}` or `${now.unix-1s}`");
                }
            },
            "matrix" => self.axis(rest, name, span, place),
            "token" => self.ledger.use_of(Kind::Token, rest, span),
            "capture" => self.ledger.use_of(Kind::Capture, rest, span),
            "var" if !self.context.outside.variables.contains(rest) => {
                self.found
                    .error(span, format!("`${{{name}}}` is not defined"))
                    .help(format!("give it on the command line: `--var {rest}=…`"));
            }
            "env" if !self.context.outside.environment.contains(rest) => {
                self.found
                    .error(span, format!("`${{{name}}}` is not defined"))
                    .help(format!("set `{rest}` in the environment"));
            }
            "values" if rest.split('.').any(str::is_empty) => {
                self.found
                    .error(span, format!("`${{{name}}}` is not defined"))
                    .help("write the path of a value: `${values.enterprise-manager.clientID}`");
            }
            _ => {}
        }
    }

    fn axis(&mut self, path: &str, name: &str, span: Span, place: Place) {
        let (axis, members) =
            path.split_once('.').map_or((path, None), |(axis, members)| (axis, Some(members)));
        let known: Vec<_> = self.axes.iter().map(|known| known.name.as_str()).collect();
        if known.contains(&axis) {
            // A title alone makes no cell another case.
            if place != Place::Title {
                self.ledger.axis_used(axis);
            }
            let pointer =
                members.map_or_else(String::new, |members| format!("/{}", members.replace('.', "/")));
            let mut values =
                self.axes.iter().filter(|known| known.name == axis).flat_map(|axis| &axis.values);
            if let Some(lacking) = values.find(|value| value.value.pointer(&pointer).is_none()) {
                self.found
                    .error(span, format!("`${{{name}}}` is not defined in the cell `{}`", lacking.name))
                    .help("every value of the axis needs that member");
            }
            return;
        }
        let error = self.found.error(span, format!("`${{{name}}}` is not defined"));
        match closest(axis, known.iter().copied()) {
            Some(near) => error.help(format!("did you mean `${{matrix.{near}}}`?")),
            None if known.is_empty() => error.help("the scenario has no `matrix`"),
            None => error.help(format!("the matrix has {}", listed(known))),
        };
    }
}

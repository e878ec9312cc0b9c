//! A step: a map of exactly one key, which says what it does.

use spanned_yaml::{Entry, Node, Span, closest};

use super::{
    ledger::{Kind, Named, Origin},
    reader::Reader,
    words::{STEPS, listed},
};
use crate::scenario::syntax::{Action, Step};

/// The steps that ask something of the platform.
const DEEDS: [&str; 7] = ["sign_in", "accept", "refuse", "request", "client", "browser", "mcp"];

impl Reader<'_> {
    /// `steps` or `always`.
    pub(super) fn steps(&mut self, node: Option<&Node>) -> Vec<Step> {
        let Some(node) = node else { return Vec::new() };
        let Some(nodes) = node.as_sequence() else {
            self.found.expected(node, "a list of steps");
            return Vec::new();
        };
        nodes.iter().filter_map(|node| self.step(node)).collect()
    }

    fn step(&mut self, node: &Node) -> Option<Step> {
        let entry = self.single(node, "a step", &STEPS)?;
        let value = &entry.value;
        let key = entry.key.as_str();
        // An owner who must be refused asks something too.
        if DEEDS.contains(&key) || (key == "keys" && value.get("refused").is_some()) {
            self.ledger.deed(key);
        }
        let action = match entry.key.as_str() {
            "sign_in" => self.sign_in(value).map(Action::SignIn),
            "mint" => self.mint(value).map(Action::Mint),
            "accept" => self.accept(value).map(Action::Accept),
            "refuse" => self.refuse(value).map(Action::Refuse),
            "request" => self.request(value).map(|request| Action::Request(Box::new(request))),
            "token" => self.token_check(value).map(Action::Token),
            "journal" => self.journal(value).map(Action::Journal),
            "advance" => self.advance(value).map(Action::Advance),
            "client" => self.client(value).map(|step| Action::Client(Box::new(step))),
            "browser" => self.browser(value).map(|step| Action::Browser(Box::new(step))),
            "tamper" => self.tamper(value).map(Action::Tamper),
            "fault" => self.fault(value).map(Action::Fault),
            "restore" => self.restore(value).map(Action::Restore),
            "keys" => self.keys(value).map(Action::Keys),
            "policy" => self.policy(value, false).map(Action::Policy),
            "broken_policy" => self.policy(value, true).map(Action::Policy),
            "mcp" => self.mcp(value).map(Action::Mcp),
            "manifests" => self.manifest_change(value, false).map(Action::Manifests),
            "broken_manifests" => self.manifest_change(value, true).map(Action::Manifests),
            "upstream" => self.upstream(value).map(Action::Upstream),
            "restart" => self.restart(value).map(Action::Restart),
            "observe" => self.observe(value).map(Action::Observe),
            "catalogue" => self.catalogue(value).map(Action::Catalogue),
            _ => None,
        }?;
        Some(Step { span: entry.key_span, action })
    }

    /// The only entry of a map whose key is one of a closed set.
    pub(super) fn single<'n>(&mut self, node: &'n Node, what: &str, keys: &[&str]) -> Option<&'n Entry> {
        let Some(entries) = node.as_mapping() else {
            self.found
                .expected(node, &format!("{what}, a map of one key"))
                .help(format!("the key is one of {}", listed(keys.iter().copied())));
            return None;
        };
        let [entry] = entries else {
            let (span, message) = match entries.get(1) {
                Some(second) => {
                    (second.key_span, format!("{what} has exactly one key, and `{}` is another", second.key))
                }
                None => (node.span, format!("{what} has exactly one key")),
            };
            let error = self.found.error(span, message);
            match entries {
                [first, second, ..]
                    if keys.contains(&first.key.as_str()) && keys.contains(&second.key.as_str()) =>
                {
                    error.help("begin a new item with `- `, or combine matchers with `all`")
                }
                [first, ..] if keys.contains(&first.key.as_str()) => {
                    error.help(format!("does it belong under `{}`? indent it further", first.key))
                }
                _ => error.help(format!("the key is one of {}", listed(keys.iter().copied()))),
            };
            return None;
        };
        if !keys.contains(&entry.key.as_str()) {
            let error = self.found.error(entry.key_span, format!("{what} has no `{}`", entry.key));
            match closest(&entry.key, keys.iter().copied()) {
                Some(near) => error.help(format!("did you mean `{near}`?")),
                None => error.help(format!("it has one of {}", listed(keys.iter().copied()))),
            };
            return None;
        }
        Some(entry)
    }

    /// The name that a step gives to a token.
    pub(super) fn define_token(
        &mut self,
        node: Option<&Node>,
        default: &str,
        step: Span,
        origin: Origin,
    ) -> Option<String> {
        let (name, span) = match node {
            Some(node) => (self.text(node)?, node.span),
            None => (default.to_owned(), step),
        };
        self.define(Kind::Token, &name, span, origin)
    }

    /// A name that a step gives to something.
    pub(super) fn define(&mut self, kind: Kind, name: &str, span: Span, origin: Origin) -> Option<String> {
        let (what, remedy) = match kind {
            Kind::Token => ("a token", "give this one another name with `as:`"),
            Kind::Capture => ("a capture", "give this one another name"),
        };
        let name = self.name(name, span, what)?;
        if let Some(first) = self.ledger.define(kind, &name, span, origin) {
            let line = self.found.source().position(first).0;
            self.found
                .error(span, format!("`{name}` names {what} already"))
                .help(format!("that happens in line {line}: {remedy}"));
        }
        Some(name)
    }

    /// The token that a step is about; it exists by then.
    pub(super) fn token_use(&mut self, node: &Node) -> Option<Named> {
        let token = self.named(node)?;
        self.ledger.use_of(Kind::Token, &token.name, token.span);
        Some(token)
    }

    /// A token's name.
    pub(super) fn named(&mut self, node: &Node) -> Option<Named> {
        let text = self.text(node)?;
        let name = self.name(&text, node.span, "a token")?;
        Some(Named { name, span: node.span })
    }
}

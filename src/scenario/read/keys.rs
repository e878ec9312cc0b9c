//! `keys`, `policy` and `catalogue`: what the owners of the IdP, the Manager and the Registry Server change while they run.

use serde_json::Value as Json;
use spanned_yaml::{Entry, Fields, Node};

use super::{
    matching::Actual,
    reader::Reader,
    variable::Place,
    words::{KEY_CHANGES, SPARE_KEYS},
};
use crate::{
    model::identifier::Component,
    outcome::Capability,
    scenario::syntax::{Catalogue, KeyChange, Keys, KeysRefused, Policy, Publication},
};

/// The keys of `does: publish` alone.
const PUBLISHING: [&str; 4] = ["key", "set", "without", "first"];

impl Reader<'_> {
    pub(super) fn keys(&mut self, node: &Node) -> Option<Keys> {
        let mut fields = Fields::new(node, "`keys`", &mut self.found)?;
        let of_node = fields.required("of", &mut self.found);
        let of = of_node.and_then(|node| self.component(node));
        let does_node = fields.required("does", &mut self.found);
        let does = does_node.and_then(|node| self.one_of(node, "change of keys", &KEY_CHANGES));
        let issuer = fields.entry("issuer");
        let pem = fields.entry("pem");
        let refused = fields.optional("refused");
        for key in PUBLISHING {
            fields.entry(key);
        }
        fields.finish(&mut self.found);
        self.ledger.need([Capability::KeyRotation]);
        let (of, does) = (of?, does?);
        let publication = if does == KeyChange::Publish {
            Some(self.publication(node)?)
        } else {
            let publishing = |entry: &&Entry| PUBLISHING.contains(&entry.key.as_str());
            for entry in node.as_mapping().unwrap_or_default().iter().filter(publishing) {
                self.found
                    .error(entry.key_span, format!("`{}` is of a key that is published", entry.key))
                    .help("write `does: publish`, or remove it");
            }
            None
        };
        let foreign = match of.as_str() {
            "idp" => pem,
            "enterprise-manager" => issuer,
            other => {
                let span = of_node.map_or(node.span, |node| node.span);
                self.found
                    .error(span, format!("`{other}` has no signing keys"))
                    .help("there are `idp` and `enterprise-manager`");
                None
            }
        };
        if let Some(entry) = foreign {
            let message = format!("`{}` has no meaning for the keys of `{of}`", entry.key);
            self.found.error(entry.key_span, message).help("remove it");
        }
        if let (Some(does), KeyChange::RotateAhead | KeyChange::Replace | KeyChange::Publish) =
            (does_node, does)
            && of.as_str() != "idp"
        {
            self.found
                .error(does.span, "only the IdP's keys change in this way")
                .help("the Manager has `rotate` and `retire`");
        }
        let mut template = |entry: Option<&Entry>| match entry {
            None => Some(None),
            Some(entry) => self.template(&entry.value, Place::Step).map(Some),
        };
        let (issuer, pem) = (template(issuer)?, template(pem)?);
        let refused = match refused {
            Some(node) => Some(self.keys_refused(node)?),
            None => None,
        };
        Some(Keys { of, does, issuer, pem, publication, refused })
    }

    /// What `does: publish` says of the entry.
    fn publication(&mut self, node: &Node) -> Option<Publication> {
        let mut fields = Fields::new(node, "`keys`", &mut self.found)?;
        let key = fields.required("key", &mut self.found);
        let set = fields.optional("set");
        let without = fields.optional("without");
        let first = fields.boolean("first", &mut self.found);
        let key = key.and_then(|node| self.one_of(node, "key", &SPARE_KEYS.map(|word| (word, word))));
        let set = set.map_or(Some(Vec::new()), |node| self.members(node));
        let without = without.map_or(Some(Vec::new()), |node| self.names(node));
        Some(Publication { key: key?, set: set?, without: without?, first: first.unwrap_or_default() })
    }

    fn keys_refused(&mut self, node: &Node) -> Option<KeysRefused> {
        let mut fields = Fields::new(node, "`refused`", &mut self.found)?;
        let message =
            fields.required("message", &mut self.found).and_then(|node| self.matcher(node, Actual::Text));
        let rule = fields.required("rule", &mut self.found).and_then(|node| self.rule(Some(node)));
        fields.finish(&mut self.found);
        self.ledger.check();
        Some(KeysRefused { message: message?, rule: rule? })
    }

    /// A map is written as JSON; a text as it stands, so that a file can be broken.
    pub(super) fn policy(&mut self, node: &Node, broken: bool) -> Option<Policy> {
        self.ledger.need([Capability::PolicyChange]);
        if node.as_mapping().is_none() && node.as_text().is_none() {
            self.found.expected(node, "a map of directives, or the text of the file");
            return None;
        }
        Some(Policy { of: Component::new("enterprise-manager"), file: self.json(node)?, broken })
    }

    fn catalogue_entry(&mut self, node: &Node) {
        let Some(mut fields) = Fields::new(node, "an entry of the catalogue", &mut self.found) else {
            return;
        };
        fields.required_text("source", &mut self.found);
        let claims = fields.optional("claims");
        let server = fields.required("server", &mut self.found);
        fields.finish(&mut self.found);
        if let Some(claims) =
            claims.filter(|claims| claims.as_mapping().is_none() && claims.as_text().is_none())
        {
            self.found.expected(claims, "a map from each claim to its value, or a list of values");
        }
        let numbers = claims.and_then(Node::as_mapping).unwrap_or_default().iter();
        for entry in numbers.filter(|entry| matches!(entry.value.to_json(), Json::Number(_) | Json::Bool(_)))
        {
            self.found.expected(&entry.value, "a string, or a list of strings");
        }
        // The document is the Registry Server's matter, but without these it is none.
        let Some(server) = server.filter(|server| server.as_mapping().is_some()) else {
            if let Some(server) = server.filter(|server| server.as_text().is_none()) {
                self.found.expected(server, "the entry's `server.json`, a map");
            }
            return;
        };
        for key in ["name", "version"] {
            if server.get(key).is_none() {
                self.found.error(server.span, format!("the document of an entry lacks `{key}`"));
            }
        }
    }

    /// Every entry of the Registry Server.
    pub(super) fn catalogue(&mut self, node: &Node) -> Option<Catalogue> {
        self.ledger.need([Capability::PolicyChange]);
        if node.as_sequence().is_none() {
            self.found
                .expected(node, "a list of entries")
                .help("an entry is `{source: name, claims: {…}, server: {name: …, version: …}}`");
            return None;
        }
        for entry in node.as_sequence().unwrap_or_default() {
            self.catalogue_entry(entry);
        }
        Some(Catalogue { of: Component::new("registry-server"), entries: self.json(node)? })
    }
}

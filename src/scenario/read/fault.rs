//! `fault` and `restore`: a component misbehaves, and behaves again.

use spanned_yaml::{Entry, Fields, Node};

use super::{
    reader::Reader,
    words::{CERTIFICATES, CHANGES, ENDPOINTS, ENVELOPE_SIGNATURES, FAULTS, IDP_ENTRY, SIGNATURES, listed},
};
use crate::{
    model::{absence::Absence, duration, identifier::Component},
    outcome::Capability,
    scenario::{
        syntax::{Fault, SignWith},
        template::JsonTemplate,
    },
};

impl Reader<'_> {
    pub(super) fn fault(&mut self, node: &Node) -> Option<Fault> {
        let mut fields = Fields::new(node, "`fault`", &mut self.found)?;
        let of = fields.required("of", &mut self.found).and_then(|node| self.component(node));
        let endpoint = fields.optional("endpoint");
        let is = fields.required("is", &mut self.found);
        let count = fields.optional("count");
        let matching = fields.entry("matching");
        let word = is.and_then(|node| self.text(node).zip(Some(node.span)))?;
        let Some((kind, of_only, needed, allowed)) =
            FAULTS.iter().find(|(kind, ..)| *kind == word.0).copied()
        else {
            self.unknown(word.1, &word.0, "fault", FAULTS.iter().map(|(kind, ..)| *kind));
            return None;
        };
        let gone = Absence::by_name(kind).is_some();
        self.ledger.need([if gone { Capability::Outage } else { Capability::FaultInjection }]);
        for key in needed {
            fields.required(key, &mut self.found);
        }
        let all: Vec<_> =
            FAULTS.iter().flat_map(|(.., needed, allowed)| needed.iter().chain(*allowed)).copied().collect();
        for key in &all {
            fields.entry(key);
        }
        fields.finish(&mut self.found);
        self.only(
            node,
            &format!("is: {kind}"),
            &all,
            &["of", "endpoint", "is", "count", "matching"],
            &[needed, allowed],
        );
        let members = self.fault_members(node, kind, &all);
        if CHANGES.contains(&kind) && !allowed.iter().any(|key| node.get(key).is_some()) {
            self.found
                .error(word.1, format!("this `{kind}` changes nothing"))
                .help(format!("say what is different: {}", listed(allowed.iter().copied())));
        }
        let of = of?;
        self.ledger.fault(&of);
        if let Some(only) = of_only
            && only != of.as_str()
        {
            self.found.error(word.1, format!("only `{only}` can be `{kind}`"));
        }
        let endpoint = match endpoint {
            Some(node) => Some(self.endpoint(node, &of)?),
            None => None,
        };
        let whole = gone || matches!(kind, "unreachable" | "refused" | "certificate");
        if let (Some(node), true) = (node.get("endpoint"), whole) {
            self.found
                .error(node.span, format!("`{kind}` is of a whole component"))
                .help("a connection has no endpoint: remove it");
        }
        for key in ["why", "matching"] {
            let entry = node.as_mapping().and_then(|entries| entries.iter().find(|entry| entry.key == key));
            if let Some(entry) = entry
                && of.as_str() != "idp"
            {
                self.found.error(entry.key_span, format!("only a fault of `idp` has `{key}`"));
            }
        }
        let mut members = members?;
        if let Some(entry) = matching {
            if whole {
                self.found
                    .error(entry.key_span, format!("`{kind}` acts before there is a request"))
                    .help("a connection matches nothing: remove it");
            }
            members.push((entry.key.clone(), self.entry_values(&entry.value)?));
        }
        let count = match count {
            Some(node) if gone => {
                self.found
                    .error(node.span, format!("who is `{kind}` is so until a `restore`"))
                    .help("remove the count");
                return None;
            }
            Some(node) => Some(self.whole_number(node)?),
            None => None,
        };
        Some(Fault { of, endpoint, kind, members, count })
    }

    fn fault_members(
        &mut self,
        node: &Node,
        kind: &str,
        all: &[&str],
    ) -> Option<Vec<(String, JsonTemplate)>> {
        let mut members = Vec::new();
        for Entry { key, value, .. } in node.as_mapping().unwrap_or_default() {
            if !all.contains(&key.as_str()) {
                continue;
            }
            if key == "delay"
                && let Some(text) = value.as_text().filter(|text| !text.contains("${"))
                && let Err(error) = duration::parse(text)
            {
                self.found.error(value.span, error.to_string());
            }
            let number = value.to_json().as_u64();
            match key.as_str() {
                _ if has_variable(value) => {}
                "bytes" | "seconds" if number.is_none() => {
                    self.found.expected(value, "a number");
                }
                "status" if !number.is_some_and(|status| (100..=599).contains(&status)) => {
                    self.found.expected(value, "a status from 100 to 599");
                }
                "why" => {
                    self.one_of(value, "reason", &CERTIFICATES.map(|word| (word, ())));
                }
                "sign" if kind == "envelope" => {
                    self.one_of(value, "signature", &ENVELOPE_SIGNATURES.map(|word| (word, ())));
                }
                "sign" => {
                    if let Some(SignWith::Kept) = self.one_of(value, "signature", &SIGNATURES) {
                        self.found.error(value.span, "there is no signature to keep");
                    }
                }
                _ => {}
            }
            members.push((key.clone(), self.json(value)?));
        }
        Some(members)
    }

    /// Pointers into an entry of the IdP's journal, and what they must be for the fault to act.
    fn entry_values(&mut self, node: &Node) -> Option<JsonTemplate> {
        let entries = node.as_mapping().filter(|entries| !entries.is_empty());
        let Some(entries) = entries else {
            self.found.expected(node, "a map with at least one member of an entry of the journal");
            return None;
        };
        for entry in entries {
            self.entry_pointer(&entry.key, entry.key_span, &IDP_ENTRY)?;
        }
        self.json(node)
    }

    /// An endpoint of a component, by the name that its journal has for it.
    pub(super) fn endpoint(&mut self, node: &Node, of: &Component) -> Option<String> {
        let endpoint = self.literal(node)?;
        let kind = of.as_str().split(':').next().unwrap_or_default();
        let known = ENDPOINTS.iter().find(|(component, _)| *component == kind);
        if let Some((component, endpoints)) = known
            && !endpoints.contains(&endpoint.as_str())
        {
            let what = format!("endpoint of `{component}`");
            self.unknown(node.span, &endpoint, &what, endpoints.iter().copied());
        }
        Some(endpoint)
    }

    fn whole_number(&mut self, node: &Node) -> Option<u64> {
        let number = node.to_json().as_u64().filter(|number| *number > 0);
        if number.is_none() {
            self.found.expected(node, "a number from 1");
        }
        number
    }

    pub(super) fn restore(&mut self, node: &Node) -> Option<Component> {
        let component = self.component(node)?;
        self.ledger.need([Capability::FaultInjection]);
        if !self.ledger.broken(&component) {
            self.found
                .error(node.span, format!("nothing is wrong with `{component}` yet"))
                .help(format!("a `fault: {{of: {component}, …}}` stands before it"));
        }
        Some(component)
    }
}

fn has_variable(node: &Node) -> bool {
    node.as_text().is_some_and(|text| text.contains("${"))
}

//! `refuse`: a component must refuse a token, for the expected rule, beside a control.

use spanned_yaml::{Fields, Node};

use super::{
    ledger::{Beside, Verdict, by_moment},
    reader::Reader,
    words::NEVER_COUNT,
};
use crate::scenario::syntax::Refuse;

impl Reader<'_> {
    pub(super) fn refuse(&mut self, node: &Node) -> Option<Refuse> {
        let mut fields = Fields::new(node, "`refuse`", &mut self.found)?;
        let by = fields.required("by", &mut self.found).and_then(|node| self.component(node));
        let token = fields.required("token", &mut self.found).and_then(|node| self.token_use(node));
        let rule_node = fields.required("rule", &mut self.found);
        let rule = rule_node.and_then(|node| self.rule(Some(node)));
        if let (Some(by), Some(rule), Some(node)) = (&by, &rule, rule_node) {
            self.at_home(rule, by, node);
        }
        let control = fields.required("control", &mut self.found).and_then(|node| self.named(node));
        let differs = fields.optional("differs").map(|node| self.differs(node));
        let status = fields.optional("status").map_or(Some(401), |node| self.refusal_status(node));
        fields.finish(&mut self.found);
        self.ledger.check();

        let (by, token, control) = (by?, token?, control?);
        self.ledger.judge(&by, Verdict::Refuses, &token.name);
        self.ledger.refuses(&by);
        let (name, control_name) = (token.name.clone(), control.name.clone());
        let differs = differs.flatten();
        self.ledger.beside(Beside {
            by: by.clone(),
            verdict: Verdict::Refuses,
            token: Some(token),
            control: Some(control),
            by_moment: differs.as_deref().is_some_and(by_moment),
        });
        Some(Refuse { by, token: name, rule: rule?, control: control_name, differs, status: status? })
    }

    /// The members in which a token and its control differ.
    pub(super) fn differs(&mut self, node: &Node) -> Option<Vec<String>> {
        let names = self.names(node)?;
        for member in node.as_sequence().unwrap_or_default() {
            if let Some(name) = member.as_text().filter(|name| NEVER_COUNT.contains(name)) {
                self.found
                    .error(member.span, format!("`{name}` differs between any two tokens"))
                    .help("it never counts: leave it out");
            }
        }
        Some(names)
    }

    fn refusal_status(&mut self, node: &Node) -> Option<u16> {
        let status = node.to_json().as_u64().and_then(|status| u16::try_from(status).ok());
        let status = status.filter(|status| (400..=599).contains(status));
        if status.is_none() {
            self.found.error(node.span, "a refusal has a status from 400 to 599");
        }
        status
    }
}

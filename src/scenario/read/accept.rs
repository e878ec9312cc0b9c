//! `accept`: a component must accept a token.

use spanned_yaml::{Fields, Node};

use super::{
    ledger::{Beside, Verdict, by_moment},
    reader::Reader,
    variable::Place,
};
use crate::scenario::syntax::Accept;

impl Reader<'_> {
    pub(super) fn accept(&mut self, node: &Node) -> Option<Accept> {
        let mut fields = Fields::new(node, "`accept`", &mut self.found)?;
        let by = fields.required("by", &mut self.found).and_then(|node| self.component(node));
        let token = fields.required("token", &mut self.found).and_then(|node| self.token_use(node));
        let rule = fields.optional("rule");
        let rule = self.rule(rule);
        let control = fields.optional("control").map(|node| self.named(node));
        let differs = fields.optional("differs").map(|node| self.differs(node));
        let warn = fields.optional("warn").map(|node| self.template(node, Place::Step));
        fields.finish(&mut self.found);
        self.ledger.check();

        let (by, token) = (by?, token?);
        let differs = differs.flatten();
        let control = control.map_or(Some(None), |control| control.map(Some))?;
        self.ledger.judge(&by, Verdict::Accepts, &token.name);
        let (name, control_name) = (token.name.clone(), control.as_ref().map(|control| control.name.clone()));
        self.ledger.beside(Beside {
            by: by.clone(),
            verdict: Verdict::Accepts,
            token: Some(token),
            control,
            by_moment: differs.as_deref().is_some_and(by_moment),
        });
        Some(Accept { by, token: name, rule: rule?, control: control_name, differs, warn: warn.flatten() })
    }
}

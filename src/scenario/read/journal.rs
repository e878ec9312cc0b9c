//! `journal`: how often an endpoint was called.

use spanned_yaml::{Fields, Node};

use super::{matching::Actual, reader::Reader, words::IDP_ENDPOINTS};
use crate::{outcome::Capability, scenario::syntax::JournalCheck};

impl Reader<'_> {
    pub(super) fn journal(&mut self, node: &Node) -> Option<JournalCheck> {
        let mut fields = Fields::new(node, "`journal`", &mut self.found)?;
        let of = fields.required("of", &mut self.found).and_then(|node| self.component(node));
        let endpoint_node = fields.required("endpoint", &mut self.found);
        let endpoint = endpoint_node.and_then(|node| self.literal(node));
        let matching =
            fields.optional("matching").map_or(Some(Vec::new()), |node| self.pointer_matchers(node));
        let count =
            fields.required("count", &mut self.found).and_then(|node| self.matcher(node, Actual::Count));
        let rule = fields.optional("rule");
        let rule = self.rule(rule);
        fields.finish(&mut self.found);
        self.ledger.check();
        self.ledger.need([Capability::Journal]);

        let (of, endpoint) = (of?, endpoint?);
        if of.as_str() == "idp" && !IDP_ENDPOINTS.contains(&endpoint.as_str()) {
            let span = endpoint_node.map_or(node.span, |node| node.span);
            self.unknown(span, &endpoint, "endpoint of the IdP", IDP_ENDPOINTS.into_iter());
        }
        Some(JournalCheck { of, endpoint, matching: matching?, count: count?, rule: rule? })
    }
}

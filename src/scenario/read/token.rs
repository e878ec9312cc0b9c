//! `token`: matchers on a token that the case has.

use spanned_yaml::{Fields, Node};

use super::reader::Reader;
use crate::scenario::syntax::TokenCheck;

impl Reader<'_> {
    pub(super) fn token_check(&mut self, node: &Node) -> Option<TokenCheck> {
        let mut fields = Fields::new(node, "`token`", &mut self.found)?;
        let token = fields.required("token", &mut self.found).and_then(|node| self.token_use(node));
        let rule = fields.optional("rule");
        let rule = self.rule(rule);
        let header = fields.optional("header").map(|node| self.pointer_matchers(node));
        let claims = fields.optional("claims").map(|node| self.pointer_matchers(node));
        let span = fields.span();
        fields.finish(&mut self.found);
        if header.is_none() && claims.is_none() {
            self.found
                .error(span, "`token` expects nothing")
                .help("write matchers under `header` or `claims`");
        }
        self.ledger.check();
        Some(TokenCheck {
            token: token?.name,
            rule: rule?,
            header: header.flatten().unwrap_or_default(),
            claims: claims.flatten().unwrap_or_default(),
        })
    }
}

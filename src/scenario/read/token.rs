//! `token`: matchers on a token that the case has, and what to keep of it.

use spanned_yaml::{Fields, Node};

use super::{
    ledger::{Kind, Origin},
    reader::Reader,
};
use crate::scenario::syntax::TokenCheck;

impl Reader<'_> {
    pub(super) fn token_check(&mut self, node: &Node) -> Option<TokenCheck> {
        let mut fields = Fields::new(node, "`token`", &mut self.found)?;
        let token = fields.required("token", &mut self.found).and_then(|node| self.token_use(node));
        let rule = fields.optional("rule");
        let header = fields.optional("header").map(|node| self.pointer_matchers(node));
        let claims = fields.optional("claims").map(|node| self.pointer_matchers(node));
        let capture_entry = fields.entry("capture");
        let capture = capture_entry.map(|entry| self.token_captures(&entry.value));
        let span = fields.span();
        fields.finish(&mut self.found);
        let checks = header.is_some() || claims.is_some();
        if !checks && capture.is_none() {
            self.found
                .error(span, "`token` expects nothing")
                .help("write matchers under `header` or `claims`");
        }
        let token = token?;
        if let Some(entry) = capture_entry
            && self.ledger.origin(Kind::Token, &token.name) == Some(Origin::Other)
        {
            self.found
                .error(entry.key_span, format!("`{}` is no access token of a `sign_in`", token.name))
                .help("what the scenario itself writes into a token is nothing that the IdP said");
        }
        // To keep something is no check.
        let rule = if checks || rule.is_some() {
            self.ledger.check();
            Some(self.rule_borne_out(rule)?)
        } else {
            None
        };
        Some(TokenCheck {
            token: token.name,
            rule,
            header: header.flatten().unwrap_or_default(),
            claims: claims.flatten().unwrap_or_default(),
            capture: capture.flatten().unwrap_or_default(),
        })
    }
}

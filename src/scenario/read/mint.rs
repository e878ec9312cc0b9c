//! `mint`: the IdP makes a token with any header and claim.

use spanned_yaml::{Entry, Fields, Node};

use super::{
    ledger::Origin,
    reader::Reader,
    variable::Place,
    words::{ENCODINGS, SIGNATURES},
};
use crate::{
    outcome::Capability,
    scenario::{
        syntax::{Mint, MintBase, SignWith},
        template::JsonTemplate,
    },
};

impl Reader<'_> {
    pub(super) fn mint(&mut self, node: &Node) -> Option<Mint> {
        let mut fields = Fields::new(node, "`mint`", &mut self.found)?;
        let name = fields.required("as", &mut self.found);
        let from = fields.entry("from");
        let like = fields.entry("like");
        let text = fields.entry("text");
        let claims = fields.entry("claims");
        let without = fields.entry("without");
        let header = fields.entry("header");
        let without_header = fields.entry("without_header");
        let raw_header = fields.entry("raw_header");
        let raw_payload = fields.entry("raw_payload");
        let encoding = fields.entry("encoding");
        let inflates_to = fields.entry("inflates_to");
        let sign = fields.entry("sign");
        fields.finish(&mut self.found);

        for second in [from, like, text].into_iter().flatten().skip(1) {
            self.found
                .error(second.key_span, "a token starts from one thing only")
                .help("keep one of `from`, `like` and `text`");
        }
        if text.is_some() {
            let all = [
                claims,
                without,
                header,
                without_header,
                raw_header,
                raw_payload,
                encoding,
                inflates_to,
                sign,
            ];
            self.idle(&all, "text", "the text is the token, to the letter");
        } else {
            self.ledger.need([Capability::Minting]);
        }
        if raw_header.is_some() {
            self.idle(&[header, without_header], "raw_header", "its text is the header, to the letter");
        }
        if raw_payload.is_some() {
            self.idle(&[claims, without], "raw_payload", "its text is the payload, to the letter");
        }
        let base = match (from, like, text) {
            (Some(from), ..) => self.token_use(&from.value).map(|token| MintBase::Token(token.name)),
            (_, _, Some(text)) => self.template(&text.value, Place::Step).map(MintBase::Text),
            (_, like, _) => self.like(like.map(|entry| &entry.value)),
        };
        let sign_entry = sign;
        let sign =
            sign.map_or(Some(SignWith::Issuer), |entry| self.one_of(&entry.value, "signature", &SIGNATURES));
        if let (Some(entry), Some(sign)) = (sign_entry, sign) {
            self.signature_fits(entry, sign, from.is_some(), raw_header.is_some());
        }
        let encoding = match encoding {
            Some(entry) => Some(self.one_of(&entry.value, "encoding", &ENCODINGS)?),
            None => None,
        };
        let inflates_to = match inflates_to {
            Some(entry) => Some(self.inflated(&entry.value)?),
            None => None,
        };
        let mut raw = |entry: Option<&Entry>| match entry {
            Some(entry) => self.template(&entry.value, Place::Step).map(Some),
            None => Some(None),
        };
        let (raw_header, raw_payload) = (raw(raw_header), raw(raw_payload));
        let claims = claims.map_or(Some(Vec::new()), |entry| self.members(&entry.value));
        let without = without.map_or(Some(Vec::new()), |entry| self.names(&entry.value));
        let header = header.map_or(Some(Vec::new()), |entry| self.members(&entry.value));
        let without_header = without_header.map_or(Some(Vec::new()), |entry| self.names(&entry.value));
        self.both(claims.as_deref(), without.as_deref(), node, "without");
        self.both(header.as_deref(), without_header.as_deref(), node, "without_header");
        let name = self.define_token(Some(name?), "", node.span, Origin::Other);
        Some(Mint {
            name: name?,
            base: base?,
            header: header?,
            without_header: without_header?,
            claims: claims?,
            without: without?,
            raw_header: raw_header?,
            raw_payload: raw_payload?,
            encoding,
            inflates_to,
            sign: sign?,
        })
    }

    /// What one key says to the letter, others cannot change.
    fn idle(&mut self, entries: &[Option<&Entry>], beside: &str, reason: &str) {
        for entry in entries.iter().copied().flatten() {
            self.found
                .error(entry.key_span, format!("`{}` has no meaning beside `{beside}`", entry.key))
                .help(reason);
        }
    }

    /// A number of bytes, or a variable that is one.
    fn inflated(&mut self, node: &Node) -> Option<JsonTemplate> {
        let sound =
            node.to_json().as_u64().is_some() || node.as_text().is_some_and(|text| text.contains("${"));
        if !sound {
            self.found.expected(node, "a number of bytes");
            return None;
        }
        self.json(node)
    }

    /// A signature that is kept needs a token that has one, and a key in the header needs a header to be in.
    fn signature_fits(&mut self, entry: &Entry, sign: SignWith, from: bool, raw_header: bool) {
        match sign {
            SignWith::Kept if !from => {
                self.found
                    .error(entry.value.span, "there is no signature to keep")
                    .help("it is that of the token which this one starts `from`");
            }
            SignWith::EmbeddedJwk | SignWith::EmbeddedX5c if raw_header => {
                self.found
                    .error(entry.value.span, "a `raw_header` has no place for a key")
                    .help("set `header` members instead");
            }
            _ => {}
        }
    }

    fn like(&mut self, node: Option<&Node>) -> Option<MintBase> {
        let nothing =
            MintBase::Like { issuer: None, user: None, client_id: None, scopes: None, audience: None };
        let Some(node) = node else { return Some(nothing) };
        let mut fields = Fields::new(node, "`like`", &mut self.found)?;
        let scopes = fields.optional("scopes").map(|node| self.templates(node));
        let mut template = |key| fields.optional(key).and_then(|node| self.template(node, Place::Step));
        let base = MintBase::Like {
            issuer: template("issuer"),
            user: template("user"),
            client_id: template("client_id"),
            scopes: scopes.flatten(),
            audience: template("audience"),
        };
        fields.finish(&mut self.found);
        Some(base)
    }

    /// What is set cannot be removed as well.
    fn both(
        &mut self,
        set: Option<&[(String, JsonTemplate)]>,
        removed: Option<&[String]>,
        node: &Node,
        key: &str,
    ) {
        let set: Vec<_> = set.unwrap_or_default().iter().map(|(name, _)| name.as_str()).collect();
        let nodes = node.get(key).and_then(Node::as_sequence).unwrap_or_default();
        for name in removed.unwrap_or_default() {
            if !set.contains(&name.as_str()) {
                continue;
            }
            let span =
                nodes.iter().find(|node| node.as_text() == Some(name)).map_or(node.span, |node| node.span);
            self.found.error(span, format!("`{name}` is both set and removed")).help("keep one of the two");
        }
    }
}

//! `expect`: what the answer to a request must be.

use spanned_yaml::{Fields, Node};

use super::{ledger::Verdict, matching::Actual, reader::Reader};
use crate::scenario::{
    matcher::Matcher,
    syntax::Expect,
    template::{JsonTemplate, Part},
};

impl Reader<'_> {
    /// `beside_a_control`: a refusal would count, so whether it is one may be left open.
    pub(super) fn expect(&mut self, node: &Node, beside_a_control: bool) -> Option<Expect> {
        let mut fields = Fields::new(node, "`expect`", &mut self.found)?;
        let status = fields.optional("status").map(|node| self.matcher(node, Actual::Status));
        let headers = fields.optional("headers").map(|node| self.header_matchers(node));
        let json = fields.optional("json").map(|node| self.pointer_matchers(node));
        let body = fields.optional("body").map(|node| self.matcher(node, Actual::Text));
        let challenge = fields.optional("challenge").map(|node| self.challenge(node));
        let challenge_order = fields.optional("challenge_order").map(|node| self.names(node));
        let jws = fields.optional("jws").map(|node| {
            let mut fields = Fields::new(node, "`jws`", &mut self.found)?;
            let signed_by = fields.required("signed_by", &mut self.found).and_then(|node| self.key_set(node));
            let header = fields.optional("header").map(|node| self.pointer_matchers(node));
            let payload = fields.optional("payload").map(|node| self.pointer_matchers(node));
            fields.finish(&mut self.found);
            Some((signed_by, header.flatten().unwrap_or_default(), payload.flatten().unwrap_or_default()))
        });
        fields.finish(&mut self.found);

        let (jws_signed_by, jws_header, jws_payload) = jws.flatten().unwrap_or_default();
        let expect = Expect {
            jws_signed_by,
            status: status.flatten(),
            headers: headers.flatten().unwrap_or_default(),
            json: json.flatten().unwrap_or_default(),
            body: body.flatten(),
            challenge: challenge.flatten().unwrap_or_default(),
            challenge_order: challenge_order.flatten(),
            jws_header,
            jws_payload,
        };
        self.decided(expect.status.as_ref(), node, beside_a_control);
        Some(expect)
    }

    /// Whether the request is answered or refused is left open only where either would count.
    fn decided(&mut self, status: Option<&Matcher>, node: &Node, beside_a_control: bool) {
        let Some(at) = node.get("status").filter(|status| !status.is_null()) else {
            let first = node.as_mapping().and_then(<[_]>::first).map_or(node.span, |entry| entry.key_span);
            self.found.error(first, "`expect` needs `status`").help(
                "say what is expected: an answer below 400, or a refusal from 400 up beside a `control:`",
            );
            return;
        };
        let Some(status) = status else { return };
        if !admits(status, 100..600) {
            self.found.error(at.span, "no status meets this").help("these expectations exclude one another");
        } else if outcome(status).is_none() && !beside_a_control {
            let error = self.found.error(at.span, "this leaves open whether the request is refused");
            error.help(
                "every status that is expected is below 400, or every one is from 400 up; or name a `control:`",
            );
        }
    }

    /// A JWK Set: a variable that is one, or an object with `keys`.
    fn key_set(&mut self, node: &Node) -> Option<JsonTemplate> {
        let set = self.json(node)?;
        let sound = match &set {
            JsonTemplate::Text(text) => matches!(text.parts.as_slice(), [Part::Variable(..)]),
            JsonTemplate::Map(members) => members.iter().any(|(name, _)| name == "keys"),
            JsonTemplate::Fixed(_) | JsonTemplate::List(_) => false,
        };
        if !sound {
            self.found
                .expected(node, "a JWK Set")
                .help("keep the published one, `capture: {keys: {json: ''}}`, and write `${capture.keys}`");
        }
        sound.then_some(set)
    }

    fn header_matchers(&mut self, node: &Node) -> Option<Vec<(String, Matcher)>> {
        self.matchers(node, Actual::Text, Self::header_name)
    }

    /// Matchers by JSON pointer.
    pub(super) fn pointer_matchers(&mut self, node: &Node) -> Option<Vec<(String, Matcher)>> {
        self.matchers(node, Actual::Json, Self::pointer)
    }

    fn challenge(&mut self, node: &Node) -> Option<Vec<(String, Matcher)>> {
        self.matchers(node, Actual::Text, |reader, name, span| reader.name(name, span, "a parameter"))
    }
}

/// Which verdict on a token a status stands for: refused from 400 on. Nothing where the expectation leaves it open, or
/// a variable decides.
pub(super) fn outcome(status: &Matcher) -> Option<Verdict> {
    match (admits(status, 100..400), admits(status, 400..600)) {
        (true, false) => Some(Verdict::Accepts),
        (false, true) => Some(Verdict::Refuses),
        _ => None,
    }
}

/// Some status of a range meets the expectation. A variable may meet any.
fn admits(status: &Matcher, mut range: std::ops::Range<u16>) -> bool {
    status.has_variables() || range.any(|code| status.holds(Some(&code.into())))
}

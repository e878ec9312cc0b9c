//! `expect`: what the answer to a request must be.

use spanned_yaml::{Fields, Node};

use super::{ledger::Verdict, matching::Actual, reader::Reader};
use crate::scenario::{matcher::Matcher, syntax::Expect};

impl Reader<'_> {
    pub(super) fn expect(&mut self, node: &Node) -> Option<Expect> {
        let mut fields = Fields::new(node, "`expect`", &mut self.found)?;
        let status = fields.optional("status").map(|node| self.matcher(node, Actual::Status));
        let headers = fields.optional("headers").map(|node| self.header_matchers(node));
        let json = fields.optional("json").map(|node| self.pointer_matchers(node));
        let body = fields.optional("body").map(|node| self.matcher(node, Actual::Text));
        let challenge = fields.optional("challenge").map(|node| self.challenge(node));
        let challenge_order = fields.optional("challenge_order").map(|node| self.names(node));
        let jws = fields.optional("jws").map(|node| {
            let mut fields = Fields::new(node, "`jws`", &mut self.found)?;
            let header = fields.optional("header").map(|node| self.pointer_matchers(node));
            let payload = fields.optional("payload").map(|node| self.pointer_matchers(node));
            fields.finish(&mut self.found);
            if says_nothing(node) {
                self.found
                    .error(node.span, "`jws` expects nothing")
                    .help("write matchers under `header` or `payload`");
            }
            Some((header.flatten().unwrap_or_default(), payload.flatten().unwrap_or_default()))
        });
        fields.finish(&mut self.found);

        let (jws_header, jws_payload) = jws.flatten().unwrap_or_default();
        let expect = Expect {
            status: status.flatten(),
            headers: headers.flatten().unwrap_or_default(),
            json: json.flatten().unwrap_or_default(),
            body: body.flatten(),
            challenge: challenge.flatten().unwrap_or_default(),
            challenge_order: challenge_order.flatten(),
            jws_header,
            jws_payload,
        };
        if let (Some(status), Some(at)) = (&expect.status, node.get("status"))
            && !admits(status, 100..600)
        {
            self.found.error(at.span, "no status meets this").help("these expectations exclude one another");
        }
        if says_nothing(node) {
            self.found.error(node.span, "`expect` expects nothing").help("say at least what the `status` is");
        }
        Some(expect)
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

/// A map without a single value.
fn says_nothing(node: &Node) -> bool {
    node.as_mapping().unwrap_or_default().iter().all(|entry| entry.value.is_null())
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

//! `capture`: what to keep of an answer, as `${capture.name}`.

use spanned_yaml::Node;

use super::{
    ledger::{Kind, Origin},
    reader::Reader,
    words::{CAPTURES, TOKEN_CAPTURES},
};
use crate::scenario::syntax::{Capture, TokenCapture};

impl Reader<'_> {
    pub(super) fn captures(&mut self, node: &Node) -> Option<Vec<(String, Capture)>> {
        let kept = self.kept(node, Origin::Other, Self::capture)?;
        for (name, _) in kept.iter().filter(|(_, what)| matches!(what, Capture::Status)) {
            self.ledger.status(name);
        }
        Some(kept)
    }

    /// What to keep of a token that a sign-in brought.
    pub(super) fn token_captures(&mut self, node: &Node) -> Option<Vec<(String, TokenCapture)>> {
        if node.as_mapping().is_some_and(<[_]>::is_empty) {
            self.found.expected(node, "something to keep");
        }
        self.kept(node, Origin::SignIn, |reader, node| {
            let what = reader.single(node, "a capture", &TOKEN_CAPTURES)?;
            if what.key == "form" {
                if what.value.as_bool() != Some(true) {
                    reader.found.expected(&what.value, "`true`");
                }
                return Some(TokenCapture::Form);
            }
            let text = reader.text(&what.value)?;
            let pointer = reader.pointer(&text, what.value.span)?;
            Some(match what.key.as_str() {
                "header" => TokenCapture::Header(pointer),
                _ => TokenCapture::Claims(pointer),
            })
        })
    }

    /// What to keep of what a client says: a pointer, by the same rules as in `expect`.
    pub(super) fn client_captures(&mut self, node: &Node, known: &[&str]) -> Option<Vec<(String, String)>> {
        self.kept(node, Origin::Other, |reader, node| {
            let what = reader.single(node, "a capture", &["json"])?;
            let text = reader.text(&what.value)?;
            reader.said_pointer(&text, what.value.span, known)
        })
    }

    /// Names that the scenario gives to what it keeps, and what that is.
    pub(super) fn kept<T>(
        &mut self,
        node: &Node,
        origin: Origin,
        what: impl Fn(&mut Self, &Node) -> Option<T>,
    ) -> Option<Vec<(String, T)>> {
        let Some(entries) = node.as_mapping() else {
            self.found.expected(node, "a map of captures");
            return None;
        };
        if entries.is_empty() {
            self.found.error(node.span, "nothing is captured").help("`name: {…}`, or leave `capture` out");
        }
        let captures: Vec<_> = entries
            .iter()
            .map(|entry| {
                let name = self.define(Kind::Capture, &entry.key, entry.key_span, origin);
                let what = what(self, &entry.value);
                name.zip(what)
            })
            .collect();
        captures.into_iter().collect()
    }

    fn capture(&mut self, node: &Node) -> Option<Capture> {
        let what = self.single(node, "a capture", &CAPTURES)?;
        let value = &what.value;
        Some(match what.key.as_str() {
            key @ ("status" | "body") => {
                if value.as_bool() != Some(true) {
                    self.found.expected(value, "`true`");
                }
                if key == "body" { Capture::Body } else { Capture::Status }
            }
            "header" => {
                let text = self.text(value)?;
                Capture::Header(self.header_name(&text, value.span)?)
            }
            key => {
                let text = self.text(value)?;
                let pointer = self.pointer(&text, value.span)?;
                match key {
                    "jws_header" => Capture::JwsHeader(pointer),
                    "jws_payload" => Capture::JwsPayload(pointer),
                    _ => Capture::Json(pointer),
                }
            }
        })
    }
}

//! `capture`: what to keep of an answer, as `${capture.name}`.

use spanned_yaml::{Entry, Node};

use super::{
    ledger::{Kind, Origin},
    reader::Reader,
    words::CAPTURES,
};
use crate::scenario::syntax::Capture;

impl Reader<'_> {
    pub(super) fn captures(&mut self, node: &Node) -> Option<Vec<(String, Capture)>> {
        let Some(entries) = node.as_mapping() else {
            self.found.expected(node, "a map of captures");
            return None;
        };
        let captures: Vec<_> = entries.iter().map(|entry| self.capture(entry)).collect();
        captures.into_iter().collect()
    }

    /// What to keep of what a client says: a pointer, by the same rules as in `expect`.
    pub(super) fn client_captures(&mut self, node: &Node, known: &[&str]) -> Option<Vec<(String, String)>> {
        let Some(entries) = node.as_mapping() else {
            self.found.expected(node, "a map of captures");
            return None;
        };
        let captures: Vec<_> = entries
            .iter()
            .map(|entry| {
                let name = self.define(Kind::Capture, &entry.key, entry.key_span, Origin::Other);
                let what = self.single(&entry.value, "a capture", &["json"])?;
                let text = self.text(&what.value)?;
                Some((name?, self.said_pointer(&text, what.value.span, known)?))
            })
            .collect();
        captures.into_iter().collect()
    }

    fn capture(&mut self, entry: &Entry) -> Option<(String, Capture)> {
        let name = self.define(Kind::Capture, &entry.key, entry.key_span, Origin::Other);
        let what = self.single(&entry.value, "a capture", &CAPTURES)?;
        let value = &what.value;
        let capture = match what.key.as_str() {
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
        };
        Some((name?, capture))
    }
}

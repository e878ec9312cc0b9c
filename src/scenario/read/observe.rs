//! `observe`: which of the two sides of a divergence the platform is on. No requirement is at stake in it.

use spanned_yaml::{Fields, Node};

use super::{
    ledger::{Kind, Origin},
    matching::Actual,
    reader::Reader,
    variable::Place,
};
use crate::{model::identifier::DivergenceId, scenario::syntax::Observe};

impl Reader<'_> {
    pub(super) fn observe(&mut self, node: &Node) -> Option<Observe> {
        let mut fields = Fields::new(node, "`observe`", &mut self.found)?;
        let id_node = fields.required("divergence", &mut self.found);
        let value_node = fields.required("value", &mut self.found);
        let value = value_node.and_then(|node| self.template(node, Place::Step));
        let is = fields.required("is", &mut self.found);
        fields.finish(&mut self.found);

        let id_node = id_node?;
        let id = DivergenceId::new(self.text(id_node)?);
        let context = self.context;
        let Some(known) = context.divergences.get(&id) else {
            let ids = context.divergences.keys().map(DivergenceId::as_str);
            self.unknown(id_node.span, id.as_str(), "divergence", ids);
            return None;
        };
        let is = is?;
        let Some(entries) = is.as_mapping() else {
            self.found.expected(is, "a map from each observation to what the value is then");
            return None;
        };
        for entry in entries.iter().filter(|entry| !known.contains(&entry.key)) {
            let words = known.iter().map(String::as_str);
            self.unknown(entry.key_span, &entry.key, &format!("observation of `{id}`"), words);
        }
        if entries.len() < 2 {
            self.found
                .error(is.span, "only one thing can be observed here, so nothing is")
                .help("say of at least two observations what the value is then");
        }
        let capture = value.as_ref().and_then(|value| Some(captured(&value.written())?.to_owned()));
        if let (Some(node), Some(_), None) = (value_node, &value, &capture) {
            self.found
                .error(node.span, "what is observed comes from the platform")
                .help("capture it in a step before, and write `${capture.name}`");
        }
        for entry in entries.iter().filter(|entry| entry.value.get("present").is_some()) {
            self.found
                .error(entry.value.span, "every value that was captured meets this, or none does")
                .help("say what the value is then");
        }
        let is_status = capture.as_ref().is_some_and(|capture| self.ledger.is_status(capture));
        let is: Vec<_> = entries
            .iter()
            .map(|entry| {
                let matcher = self.matcher(&entry.value, Actual::Json)?;
                if is_status && matcher.takes_every_status() {
                    self.found
                        .error(entry.value.span, "every status meets this")
                        .help("say which one the platform gives then");
                }
                Some((entry.key.clone(), matcher))
            })
            .collect();
        let capture = capture?;
        let of_idp = self.ledger.origin(Kind::Capture, &capture) == Some(Origin::SignIn);
        Some(Observe { divergence: id, capture, of_idp, is: is.into_iter().collect::<Option<_>>()? })
    }
}

/// The name in `${capture.name}`, where there is nothing else.
fn captured(text: &str) -> Option<&str> {
    text.strip_prefix("${capture.")?.strip_suffix('}').filter(|name| !name.contains('}'))
}

//! Secrets: registered where they are made or read, redacted wherever text is captured.
//!
//! A [`Secrets`] registry belongs to one run. What is registered never reaches a report, a log or an error.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

/// The registry. Clones share their content.
#[derive(Clone, Default)]
pub struct Secrets(Arc<Mutex<BTreeMap<String, &'static str>>>);

impl Secrets {
    /// Registers a secret under the word that is shown in its place: `password`, `client secret`. The forms in
    /// which it may travel (percent-encoded, inside JSON) are registered with it. Too short to be a secret
    /// (under four characters) is left alone, or the redaction would eat ordinary text.
    pub fn register(&self, secret: &str, shown_as: &'static str) {
        if secret.len() < 4 {
            return;
        }
        let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let quoted = serde_json::Value::from(secret).to_string();
        let json = quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(secret);
        let mut registry = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for form in [secret, &encoded, json] {
            registry.insert(form.to_owned(), shown_as);
        }
    }

    /// The text with every registered secret replaced by `[its name]`, longest first.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        let registry = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found: Vec<_> =
            registry.iter().filter(|(secret, _)| text.contains(secret.as_str())).collect();
        found.sort_by_key(|(secret, _)| std::cmp::Reverse(secret.len()));
        let mut text = text.to_owned();
        for (secret, name) in found {
            text = text.replace(secret.as_str(), &format!("[{name}]"));
        }
        text
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::Secrets;

    #[test]
    fn every_form_of_a_secret_is_redacted() {
        let secrets = Secrets::default();
        secrets.register("p@ss \"word\"", "password");
        let text = secrets.redact(r#"password=p%40ss+%22word%22&x=1 {"p":"p@ss \"word\""} p@ss "word""#);
        assert_eq!(text, r#"password=[password]&x=1 {"p":"[password]"} [password]"#);
    }

    #[test]
    fn a_longer_secret_goes_first() {
        let secrets = Secrets::default();
        secrets.register("abcd", "short");
        secrets.register("abcdef", "long");
        assert_eq!(secrets.redact("abcdef abcd"), "[long] [short]");
    }
}

//! Secrets: registered where they are made or read, redacted wherever text is captured.
//!
//! A [`Secrets`] registry belongs to one run, a fork of it to a case. What is registered never reaches a report, a log or an error.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

/// A setting that names an object of the cluster in which a secret is, and is none itself.
pub(crate) const EXISTING: &str = "existingSecret";

/// By its name a setting holds a secret, in whatever style it is written.
pub(crate) fn names_a_secret(setting: &str) -> bool {
    let plain: String =
        setting.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let words = [
        "secret",
        "password",
        "passphrase",
        "authorization",
        "token",
        "apikey",
        "accesskey",
        "privatekey",
        "credential",
        "credentials",
    ];
    !setting.eq_ignore_ascii_case(EXISTING) && words.iter().any(|word| plain.ends_with(word))
}

/// The registry. Clones share their content.
#[derive(Clone, Default)]
pub struct Secrets(Arc<Mutex<BTreeMap<String, &'static str>>>);

impl Secrets {
    /// What is registered here, and from then on what is registered in the fork alone. A case has secrets of its own,
    /// which no other case's text can hold: to look for them there takes time that grows with the run.
    #[must_use]
    pub fn fork(&self) -> Self {
        let content = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Self(Arc::new(Mutex::new(content)))
    }

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

    /// The text with every registered secret replaced by `[its name]`: one pass, at each place the longest that is
    /// there. What was put in is not looked at again, so a secret that is a word of a mask leaves the mask whole.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        let registry = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The order of a `BTreeMap`, reversed: of two that begin alike, the longer comes first.
        let mut by_first: BTreeMap<u8, Vec<(&str, &'static str)>> = BTreeMap::new();
        for (secret, name) in registry.iter().rev() {
            let Some(first) = secret.as_bytes().first() else { continue };
            by_first.entry(*first).or_default().push((secret, name));
        }
        let mut redacted = String::with_capacity(text.len());
        let mut rest = text;
        let mut kept = 0;
        while let Some(byte) = rest.as_bytes().get(kept) {
            let found = by_first.get(byte).and_then(|secrets| {
                // No secret begins within a character, so neither does what follows `kept`.
                let here = rest.get(kept..)?;
                secrets.iter().find_map(|(secret, name)| Some((here.strip_prefix(*secret)?, *name)))
            });
            if let Some((after, name)) = found {
                redacted.push_str(rest.get(..kept).unwrap_or_default());
                redacted.push('[');
                redacted.push_str(name);
                redacted.push(']');
                rest = after;
                kept = 0;
            } else {
                kept += 1;
            }
        }
        redacted.push_str(rest);
        redacted
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::{Secrets, names_a_secret};

    #[test]
    fn a_name_says_that_a_secret_follows() {
        for name in [
            "clientSecret",
            "db_password",
            "Authorization",
            "access-token",
            "apiKey",
            "API_KEY",
            "private_key",
            "secretAccessKey",
        ] {
            assert!(names_a_secret(name), "{name}");
        }
        for name in ["existingSecret", "secretName", "tokenUrl", "key", ""] {
            assert!(!names_a_secret(name), "{name}");
        }
    }

    #[test]
    fn every_form_of_a_secret_is_redacted() {
        let secrets = Secrets::default();
        secrets.register("p@ss \"word\"", "password");
        let text = secrets.redact(r#"password=p%40ss+%22word%22&x=1 {"p":"p@ss \"word\""} p@ss "word""#);
        assert_eq!(text, r#"password=[password]&x=1 {"p":"[password]"} [password]"#);
    }

    #[test]
    fn a_fork_knows_more_than_its_origin() {
        let run = Secrets::default();
        run.register("of the run", "password");
        let case = run.fork();
        case.register("of the case", "password");
        assert_eq!(case.redact("of the run, of the case"), "[password], [password]");
        assert_eq!(run.redact("of the run, of the case"), "[password], of the case");
    }

    #[test]
    fn a_mask_is_not_looked_into() {
        let secrets = Secrets::default();
        for (secret, name) in
            [("word", "client secret"), ("pass", "password"), ("secret", "pass"), ("client", "x")]
        {
            secrets.register(secret, name);
        }
        assert_eq!(
            secrets.redact("passsecretword, wordpass"),
            "[password][pass][client secret], [client secret][password]"
        );
        assert_eq!(secrets.redact("no passphrase"), "no [password]phrase");
    }

    #[test]
    fn a_secret_is_found_anywhere_and_nothing_else_is() {
        let secrets = Secrets::default();
        secrets.register("gr\u{f6}\u{df}e", "size");
        secrets.register("aaab", "letters");
        assert_eq!(secrets.redact("\u{6771}gr\u{f6}\u{df}e\u{6771}"), "\u{6771}[size]\u{6771}");
        assert_eq!(secrets.redact("aaaaab aaa"), "aa[letters] aaa");
        assert_eq!(secrets.redact("aaabaaab"), "[letters][letters]");
        assert_eq!(secrets.redact(""), "");
    }

    #[test]
    fn a_long_text_and_many_secrets_take_no_time() {
        let secrets = Secrets::default();
        for n in 0..50 {
            secrets.register(&format!("aaaaaaaaaaaaaaaaaaaaaaaa-{n}"), "password");
        }
        let text = "a".repeat(100 * 1024);
        assert_eq!(secrets.redact(&text), text);
    }

    #[test]
    fn a_longer_secret_goes_first() {
        let secrets = Secrets::default();
        secrets.register("abcd", "short");
        secrets.register("abcdef", "long");
        assert_eq!(secrets.redact("abcdef abcd"), "[long] [short]");
    }
}

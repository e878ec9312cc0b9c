//! Diagnostics show the line they are about. A line that holds a secret is shown with the secret masked.
//!
//! The mask works on lines, not on the tree, because a file that does not parse must not show its secrets either.

use std::borrow::Cow;

use spanned_yaml::{Diagnostics, Severity, Source, closest};

use super::placeholder;
use crate::model::secret::{EXISTING, names_a_secret};

/// The same findings over the masked text. Offsets stay valid: every masked character keeps its length.
pub(super) fn findings(parsed: &Diagnostics) -> Diagnostics {
    let source = parsed.source();
    let masked: String = source.text().split_inclusive('\n').map(mask).collect();
    let mut findings = Diagnostics::new(Source::new(source.name(), masked));
    for finding in parsed.iter() {
        let copy = match finding.severity {
            Severity::Error => findings.error(finding.span, &finding.message),
            Severity::Warning => findings.warning(finding.span, &finding.message),
        };
        copy.label.clone_from(&finding.label);
        copy.help.clone_from(&finding.help);
    }
    findings
}

fn mask(line: &str) -> Cow<'_, str> {
    let secret = line.match_indices(':').find(|(colon, _)| line.get(..*colon).is_some_and(is_secret_key));
    let Some((colon, _)) = secret else { return line.into() };
    let (key, value) = line.split_at(colon + 1);
    if placeholder::is_in(value.trim_matches(|c: char| c.is_whitespace() || c == '\'' || c == '"')) {
        return line.into();
    }
    let stars = |c: char| if c.is_whitespace() { c.to_string() } else { "*".repeat(c.len_utf8()) };
    format!("{key}{}", value.chars().map(stars).collect::<String>()).into()
}

/// The last word before a colon names a secret.
fn is_secret_key(before: &str) -> bool {
    let before = before.trim_end_matches(|c: char| c.is_whitespace() || c == '\'' || c == '"');
    let word =
        before.rsplit(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).next().unwrap_or_default();
    names_a_secret(word)
        || (!word.eq_ignore_ascii_case(EXISTING) && closest(word, ["clientSecret"]).is_some())
}

#[cfg(test)]
mod tests {
    use super::mask;

    #[test]
    fn secrets_are_masked_and_the_rest_is_not() {
        assert_eq!(mask("  clientSecret: 'hunter2'\n"), "  clientSecret: *********\n");
        assert_eq!(mask("  clientSecet: hunter2"), "  clientSecet: *******");
        assert_eq!(mask("oidc: {clientId: a, clientSecret: b}"), "oidc: {clientId: a, clientSecret: **");
        assert_eq!(mask("secret: é"), "secret: **");
        assert_eq!(mask("existingSecret: 'key'"), "existingSecret: 'key'");
        assert_eq!(mask("clientSecret: '<SECRET>'"), "clientSecret: '<SECRET>'");
        assert_eq!(mask("clientId: 'abc'"), "clientId: 'abc'");
    }
}

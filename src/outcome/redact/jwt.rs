//! Tokens in compact form (RFC 7515 §3.1, RFC 7516 §3.1): decoded for a reader, and without what makes them valid.

use base64::{
    Engine as _,
    alphabet::URL_SAFE,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde_json::Value;

use crate::outcome::TokenShown;

/// Lenient, as this is for showing: a malformed token should still be readable.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A claim's text longer than this is cut: an oversized token is a defect under test, not reading matter.
const LONGEST_TEXT: usize = 512;

/// The shortest first part that is taken for a header: `{"alg":…` is longer in base64url.
const SHORTEST_HEADER: usize = 12;

/// What takes a signature's place.
const CUT: &str = "[signature cut]";

/// A token as a report shows it: header and claims decoded as far as they can be, and its form in words:
/// `JWT, RS256`, `opaque, 43 characters`, `5 parts (JWE)`. The signature is not kept.
#[must_use]
pub fn show_token(name: &str, text: &str) -> TokenShown {
    let parts: Vec<_> = text.split('.').collect();
    let header = parts.first().filter(|_| parts.len() > 1).and_then(|part| decode(part));
    let claims = parts.get(1).filter(|_| header.is_some() && parts.len() < 5).and_then(|part| decode(part));
    let algorithm = header.as_ref().map(|header| match header.get("alg") {
        Some(Value::String(name)) => name.clone(),
        Some(_) => "`alg` is no string".to_owned(),
        None => "no `alg`".to_owned(),
    });
    let form = match (parts.len(), algorithm) {
        (1, _) => format!("opaque, {} characters", text.chars().count()),
        (3, Some(algorithm)) if claims.is_some() => format!("JWT, {algorithm}"),
        (3, Some(algorithm)) => format!("JWT, {algorithm}, claims unreadable"),
        (3, None) => "3 parts, header unreadable".to_owned(),
        (5, _) => "5 parts (JWE)".to_owned(),
        (count, Some(algorithm)) => format!("{count} parts, {algorithm}"),
        (count, None) => format!("{count} parts, header unreadable"),
    };
    TokenShown { name: name.to_owned(), header, claims, form }
}

/// The JSON object in a part, if there is one.
fn decode(part: &str) -> Option<Value> {
    let bytes = LENIENT.decode(part).ok()?;
    let value: Value = serde_json::from_slice(&bytes).ok()?;
    value.is_object().then(|| shorten(value))
}

fn shorten(value: Value) -> Value {
    match value {
        Value::String(text) if text.chars().count() > LONGEST_TEXT => {
            let start: String = text.chars().take(64).collect();
            Value::String(format!("{start}… ({} characters)", text.chars().count()))
        }
        Value::Array(items) => items.into_iter().map(shorten).collect(),
        Value::Object(members) => {
            Value::Object(members.into_iter().map(|(name, value)| (name, shorten(value))).collect())
        }
        other => other,
    }
}

/// The text with the signature of everything that looks like a JWT replaced by `[signature cut]`. Header and payload
/// stay. Of tokens with more than three parts (a JWE, or a malformed one) everything after the second part goes.
///
/// Rather too much than too little: what follows two parts, the first of which starts like an encoded JSON object, is
/// cut up to the first character that no encoding of a signature has.
#[must_use]
pub fn cut_signatures(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_token_character(c)).unwrap_or(rest.len());
        let (run, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        // A JSON encoder may write `/` of the standard alphabet as `\/`, and percent-encoding is in the alphabet.
        let cut = cut_run(run);
        shown.push_str(cut.as_deref().unwrap_or(run));
        rest = after;
        if cut.is_some() {
            rest = skip_escaped_slashes(rest);
        }
        let other = rest.find(is_token_character).unwrap_or(rest.len());
        let (between, after) = rest.split_at_checked(other).unwrap_or((rest, ""));
        shown.push_str(between);
        rest = after;
    }
    shown
}

/// Both base64 alphabets, padding, percent-encoding and the dot.
const fn is_token_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | '/' | '=' | '%' | '~')
}

fn skip_escaped_slashes(mut rest: &str) -> &str {
    while let Some(after) = rest.strip_prefix("\\/") {
        let end = after.find(|c| !is_token_character(c)).unwrap_or(after.len());
        rest = after.get(end..).unwrap_or_default();
    }
    rest
}

/// A run of token characters without its signature; none if there is none in it.
fn cut_run(run: &str) -> Option<String> {
    let parts: Vec<_> = run.split('.').collect();
    let header = parts.iter().position(|part| starts_a_token(part))?;
    let kept = parts.get(..header + 2)?;
    let signature = parts.get(header + 2..)?;
    if signature.iter().all(|part| part.is_empty()) {
        return None;
    }
    // A full stop after the token belongs to the sentence.
    let stop = if run.ends_with('.') { "." } else { "" };
    Some(format!("{}.{CUT}{stop}", kept.join(".")))
}

/// The part is, or ends in, the encoding of a JSON object's beginning.
fn starts_a_token(part: &str) -> bool {
    if part.find("eyJ").is_some_and(|at| part.len() - at >= SHORTEST_HEADER) {
        return true;
    }
    let last = part.rsplit(['=', '/', '%', '+']).find(|piece| !piece.is_empty()).unwrap_or(part);
    [part, last].into_iter().any(|piece| decode(piece).is_some())
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use proptest::prelude::*;

    use super::*;

    fn jwt(header: &str, claims: &str, signature: &str) -> String {
        format!("{}.{}.{signature}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn forms() {
        let form = |text: &str| show_token("t", text).form;
        assert_eq!(form(&jwt(r#"{"alg":"RS256"}"#, "{}", "c2ln")), "JWT, RS256");
        assert_eq!(form(&jwt(r#"{"alg":"none"}"#, "{}", "")), "JWT, none");
        assert_eq!(form(&jwt(r#"{"typ":"JWT"}"#, "{}", "c2ln")), "JWT, no `alg`");
        assert_eq!(form(&jwt(r#"{"alg":1}"#, "[]", "c2ln")), "JWT, `alg` is no string, claims unreadable");
        assert_eq!(form(&"a".repeat(43)), "opaque, 43 characters");
        assert_eq!(form("eyJhbGciOiJSUzI1NiJ9.e30"), "2 parts, RS256");
        assert_eq!(form("eyJhbGciOiJkaXIifQ..a.b.c"), "5 parts (JWE)");
        assert_eq!(form("a.b.c"), "3 parts, header unreadable");
    }

    #[test]
    fn what_is_decoded() {
        let token =
            show_token("good", &jwt(r#"{"alg":"ES256"}"#, &format!(r#"{{"a":"{}"}}"#, "x".repeat(600)), "s"));
        assert_eq!(token.header, Some(serde_json::json!({"alg": "ES256"})));
        let claims = token.claims.unwrap();
        assert!(claims["a"].as_str().unwrap().ends_with("… (600 characters)"), "{claims}");
        let jwe = show_token("jwe", "eyJhbGciOiJkaXIifQ..a.b.c");
        assert_eq!((jwe.header, jwe.claims), (Some(serde_json::json!({"alg": "dir"})), None));
    }

    #[test]
    fn signatures_are_cut_and_the_rest_stays() {
        let token = "eyJhbGciOiJSUzI1NiJ9.e30.c2ln";
        assert_eq!(cut_signatures(&format!("see {token}.")), "see eyJhbGciOiJSUzI1NiJ9.e30.[signature cut].");
        assert_eq!(
            cut_signatures(&format!("?t={token}&u={token}#")),
            "?t=eyJhbGciOiJSUzI1NiJ9.e30.[signature cut]&u=eyJhbGciOiJSUzI1NiJ9.e30.[signature cut]#"
        );
        assert_eq!(cut_signatures(&format!("{token}.x.y")), "eyJhbGciOiJSUzI1NiJ9.e30.[signature cut]");
        assert_eq!(
            cut_signatures(r#""eyJhbGciOiJSUzI1NiJ9.e30.a\/b\/c""#),
            r#""eyJhbGciOiJSUzI1NiJ9.e30.[signature cut]""#
        );
        for untouched in [
            "",
            "em.example.com/a.b.c",
            "https://example.com/x.y.z?keyJoin.a.b",
            "1.2.3",
            "eyJhbGciOiJub25lIn0.e30.",
        ] {
            assert_eq!(cut_signatures(untouched), untouched);
        }
    }

    proptest! {
        #[test]
        fn no_signature_survives_anywhere(
            before in "\\PC{0,20}",
            after in "\\PC{0,20}",
            spaces in " {0,2}",
            algorithm in "[A-Z0-9]{1,6}",
            claims in "[a-z]{0,30}",
            signature in proptest::collection::vec(any::<u8>(), 30..70),
            standard in any::<bool>(),
        ) {
            let signature = if standard { STANDARD.encode(&signature) } else { URL_SAFE_NO_PAD.encode(&signature) };
            let header = format!("{{{spaces}\"alg\":\"{algorithm}\"}}");
            let token = jwt(&header, &format!(r#"{{"sub":"{claims}"}}"#), &signature);
            // What is not the usual `{"` is found at a boundary only.
            let before = if spaces.is_empty() { before } else { format!("{before} ") };
            let shown = cut_signatures(&format!("{before}{token}{after}"));
            prop_assert!(!shown.contains(&signature), "{}", shown);
            let start = signature.get(..20).unwrap_or_default();
            let before = cut_signatures(&before);
            prop_assert!(before.contains(start) || !shown.contains(start), "{}", shown);
        }
    }
}

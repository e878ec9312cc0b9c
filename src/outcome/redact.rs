//! What is shown of captured traffic. Nothing that still opens a door gets into a result.
//!
//! Three nets, one behind the other. Secrets that the run knows are replaced by name
//! ([`Secrets`](crate::model::secret::Secrets)). What this module knows by its place (a header, a form field, a member
//! of a token response) is masked. And whatever looks like a JWT, anywhere, loses its signature.
//! A mask says in words what was there, in brackets: `[client_secret]`.

mod jwt;

pub use jwt::{cut_signatures, show_token};

use super::{Check, CheckStatus};

/// Parameters of forms and URLs that are credentials by themselves (RFC 6749, 7521, 7636, 8628, 8693).
const FORM_SECRETS: [&str; 11] = [
    "client_secret",
    "password",
    "code",
    "code_verifier",
    "device_code",
    "user_code",
    "refresh_token",
    "assertion",
    "client_assertion",
    "subject_token",
    "actor_token",
];

/// Parameters that carry a token: a JWT is shown without its signature, anything else is masked.
const FORM_TOKENS: [&str; 3] = ["access_token", "id_token", "token"];

/// Members of JSON bodies that are credentials.
const JSON_SECRETS: [&str; 7] = [
    "refresh_token",
    "client_secret",
    "password",
    "device_code",
    "user_code",
    "verification_uri_complete",
    "code_verifier",
];

/// Members of JSON bodies that carry a token.
const JSON_TOKENS: [&str; 2] = ["access_token", "id_token"];

impl Check {
    /// The check with every text of it as `redact` leaves it. A check is built from what a target said, so this is
    /// the one door through which it gets into a result.
    #[must_use]
    pub fn redacted(self, redact: &dyn Fn(&str) -> String) -> Self {
        // Without `..`: a member that is added has to be thought about here.
        let Self { what, requirement, status, expected, observed, note, cause } = self;
        Self {
            what: redact(&what),
            requirement,
            status: status.redacted(redact),
            expected: redact(&expected),
            observed: redact(&observed),
            note: note.as_deref().map(redact),
            cause,
        }
    }
}

impl CheckStatus {
    /// The status with its reason as `redact` leaves it.
    #[must_use]
    pub fn redacted(self, redact: &dyn Fn(&str) -> String) -> Self {
        match self {
            Self::Pass => Self::Pass,
            Self::Fail => Self::Fail,
            Self::Warn(reason) => Self::Warn(redact(&reason)),
            Self::Skipped(reason) => Self::Skipped(redact(&reason)),
            Self::NotApplicable(reason) => Self::NotApplicable(redact(&reason)),
            Self::NotExercised(reason) => Self::NotExercised(redact(&reason)),
            Self::Error(reason) => Self::Error(redact(&reason)),
            Self::ExpectedFail(reason) => Self::ExpectedFail(redact(&reason)),
            Self::UnexpectedPass(reason) => Self::UnexpectedPass(redact(&reason)),
        }
    }
}

/// Headers without credentials: `Authorization` keeps its scheme and, of a JWT, all but the signature; cookies keep
/// their names and attributes; the query and fragment of a `Location` are masked like a form.
#[must_use]
pub fn redact_headers(headers: &[(String, String)]) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| (name.clone(), redact_header(name, value))).collect()
}

fn redact_header(name: &str, value: &str) -> String {
    match name.to_ascii_lowercase().as_str() {
        "authorization" | "proxy-authorization" => redact_credentials(value),
        "cookie" => value.split(';').map(redact_cookie).collect::<Vec<_>>().join(";"),
        "set-cookie" => match value.split_once(';') {
            Some((cookie, attributes)) => format!("{};{attributes}", redact_cookie(cookie)),
            None => redact_cookie(value),
        },
        "location" | "content-location" | "referer" => redact_url(value),
        _ => cut_signatures(value),
    }
}

/// `Bearer eyJ….eyJ….[signature cut]`, `Basic [credential, 24 characters]`.
fn redact_credentials(value: &str) -> String {
    let (scheme, credential) = match value.split_once(' ') {
        Some((scheme, credential)) => (format!("{scheme} "), credential),
        None => (String::new(), value),
    };
    let cut = cut_signatures(credential);
    if scheme.trim().eq_ignore_ascii_case("bearer") && (cut != credential || is_unsigned(credential)) {
        return format!("{scheme}{cut}");
    }
    match credential.chars().count() {
        0 => value.to_owned(),
        length => format!("{scheme}[credential, {length} characters]"),
    }
}

/// A JWT with an empty third part has nothing to cut and opens nothing that an attacker could not open.
fn is_unsigned(credential: &str) -> bool {
    credential.ends_with('.') && show_token("", credential).header.is_some()
}

/// `session=[cookie]`; a cookie that was emptied stays as it is.
fn redact_cookie(cookie: &str) -> String {
    match cookie.split_once('=') {
        Some((name, value)) if !value.trim().is_empty() => format!("{name}=[cookie]"),
        Some(_) => cookie.to_owned(),
        None if cookie.trim().is_empty() => cookie.to_owned(),
        None => "[cookie]".to_owned(),
    }
}

/// A URL whose query and fragment are masked like a form; user information before the host is masked too.
#[must_use]
pub fn redact_url(url: &str) -> String {
    let (rest, fragment) = split_before(url, '#');
    let (address, query) = split_before(rest, '?');
    let masked = |part: &str| match part.chars().next() {
        Some(mark) => format!("{mark}{}", redact_pairs(part.get(mark.len_utf8()..).unwrap_or_default())),
        None => String::new(),
    };
    format!("{}{}{}", cut_signatures(&without_user_info(address)), masked(query), masked(fragment))
}

fn split_before(text: &str, mark: char) -> (&str, &str) {
    text.find(mark).and_then(|at| text.split_at_checked(at)).unwrap_or((text, ""))
}

fn without_user_info(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    let (authority, path) = split_before(rest, '/');
    match authority.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://[credential]@{host}{path}"),
        None => address.to_owned(),
    }
}

/// A body without credentials: a form by its parameters, JSON by its members, anything else by its JWTs. A body that
/// was cut off in the middle is redacted up to its end.
#[must_use]
pub fn redact_form(body: &str) -> String {
    if body.trim_start().starts_with(['{', '[', '<']) { redact_json(body) } else { redact_pairs(body) }
}

/// `a=1&client_secret=[client_secret]`, with the order and the encoding of the rest as they were.
fn redact_pairs(pairs: &str) -> String {
    let redact = |pair: &str| match pair.split_once('=') {
        Some((_, "")) | None => cut_signatures(pair),
        Some((name, value)) => {
            let plain: String =
                url::form_urlencoded::parse(name.as_bytes()).map(|(name, _)| name.into_owned()).collect();
            format!("{name}={}", redact_value(&plain, value, &FORM_SECRETS, &FORM_TOKENS))
        }
    };
    pairs.split('&').map(redact).collect::<Vec<_>>().join("&")
}

/// Works on the text, so that a truncated body is redacted too and the rest stays as the target wrote it.
fn redact_json(body: &str) -> String {
    let mut redacted = String::with_capacity(body.len());
    let mut rest = body;
    while let Some(quote) = rest.find('"') {
        let (before, from_quote) = rest.split_at_checked(quote).unwrap_or((rest, ""));
        let (name, after) = split_string(from_quote);
        redacted.push_str(before);
        redacted.push_str(name);
        rest = after;
        let value_at = after.trim_start();
        let Some(value) = value_at.strip_prefix(':').map(str::trim_start) else { continue };
        let plain = name.trim_matches('"');
        let secret = JSON_SECRETS.contains(&plain) || JSON_TOKENS.contains(&plain);
        if !(secret && value.starts_with('"')) {
            continue;
        }
        let (text, after) = split_string(value);
        let between = after_prefix(rest, value);
        let text = text.strip_prefix('"').unwrap_or(text);
        let (text, closing) = text.strip_suffix('"').map_or((text, ""), |text| (text, "\""));
        redacted.push_str(between);
        redacted.push('"');
        redacted.push_str(&redact_value(plain, text, &JSON_SECRETS, &JSON_TOKENS));
        redacted.push_str(closing);
        rest = after;
    }
    redacted.push_str(rest);
    cut_signatures(&redacted)
}

/// What of `whole` comes before its suffix `end`.
fn after_prefix<'a>(whole: &'a str, end: &str) -> &'a str {
    whole.strip_suffix(end).unwrap_or_default()
}

/// A JSON string with its quotes, and what follows it. Without a closing quote, everything.
fn split_string(text: &str) -> (&str, &str) {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return text.split_at_checked(at + 1).unwrap_or((text, "")),
            _ => {}
        }
    }
    (text, "")
}

fn redact_value(name: &str, value: &str, secrets: &[&str], tokens: &[&str]) -> String {
    if secrets.contains(&name) {
        return format!("[{name}]");
    }
    let cut = cut_signatures(value);
    if tokens.contains(&name) && cut == value && !value.is_empty() && !is_unsigned(value) {
        return format!("[{name}, {}]", show_token("", value).form);
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(name: &str, value: &str) -> String {
        redact_header(name, value)
    }

    const JWT: &str = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl";

    #[test]
    fn every_text_of_a_check_is_redacted() {
        let text = || "has s3cret in it".to_owned();
        let statuses = [
            CheckStatus::Pass,
            CheckStatus::Fail,
            CheckStatus::Warn(text()),
            CheckStatus::Skipped(text()),
            CheckStatus::NotApplicable(text()),
            CheckStatus::NotExercised(text()),
            CheckStatus::Error(text()),
            CheckStatus::ExpectedFail(text()),
            CheckStatus::UnexpectedPass(text()),
        ];
        for status in statuses {
            let check = Check {
                what: text(),
                requirement: None,
                status: status.clone(),
                expected: text(),
                observed: text(),
                note: Some(text()),
                cause: Some(crate::outcome::Cause::Harness),
            };
            let texts = |check: &Check| {
                let json = serde_json::to_string(check).unwrap();
                (json.matches("s3cret").count(), json.matches("[password]").count())
            };
            let (before, _) = texts(&check);
            let redacted = check.redacted(&|text| text.replace("s3cret", "[password]"));
            assert_eq!(texts(&redacted), (0, before), "{status:?}");
            assert_eq!(redacted.status.name(), status.name());
            assert_eq!(redacted.cause, Some(crate::outcome::Cause::Harness));
        }
    }

    #[test]
    fn credentials_keep_their_scheme_only() {
        assert_eq!(header("Authorization", "Basic dXNlcjpwYXNz"), "Basic [credential, 12 characters]");
        assert_eq!(header("authorization", "Bearer 0123456789"), "Bearer [credential, 10 characters]");
        assert_eq!(header("authorization", "secret"), "[credential, 6 characters]");
        assert_eq!(
            header("authorization", &format!("bearer {JWT}")),
            "bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.[signature cut]"
        );
        assert_eq!(
            header("authorization", "Bearer eyJhbGciOiJub25lIn0.e30."),
            "Bearer eyJhbGciOiJub25lIn0.e30."
        );
    }

    #[test]
    fn cookies_keep_their_names_and_attributes() {
        assert_eq!(header("cookie", "a=1; b=x=y"), "a=[cookie]; b=[cookie]");
        assert_eq!(header("set-cookie", "sid=42; Path=/; HttpOnly"), "sid=[cookie]; Path=/; HttpOnly");
        assert_eq!(header("set-cookie", "sid=; Max-Age=0"), "sid=; Max-Age=0");
    }

    #[test]
    fn urls_lose_codes_and_passwords() {
        assert_eq!(
            header("location", "http://127.0.0.1:1/cb?code=abc&state=s#id_token=opaque"),
            "http://127.0.0.1:1/cb?code=[code]&state=s#id_token=[id_token, opaque, 6 characters]"
        );
        assert_eq!(redact_url("https://me:pass@host/x"), "https://[credential]@host/x");
        assert_eq!(redact_url("https://host/a@b"), "https://host/a@b");
    }

    #[test]
    fn forms_lose_their_secrets() {
        assert_eq!(
            redact_form("grant_type=password&password=p%40ss&client%5Fsecret=s&scope=a+b&code="),
            "grant_type=password&password=[password]&client%5Fsecret=[client_secret]&scope=a+b&code="
        );
        assert_eq!(redact_form("hello = world"), "hello = world");
    }

    #[test]
    fn token_responses_lose_what_opens_doors() {
        let body = format!(
            r#"{{"access_token" : "{JWT}", "id_token":"{JWT}","refresh_token":"r\"1","expires_in":3600,"x":"refresh_token"}}"#
        );
        let shown = redact_form(&body);
        assert_eq!(
            shown,
            r#"{"access_token" : "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.[signature cut]", "id_token":"eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.[signature cut]","refresh_token":"[refresh_token]","expires_in":3600,"x":"refresh_token"}"#
        );
        assert_eq!(
            redact_form(r#"{"access_token":"abc"#),
            r#"{"access_token":"[access_token, opaque, 3 characters]"#
        );
        assert_eq!(
            redact_form(r#"{"error":"invalid_grant","code":7}"#),
            r#"{"error":"invalid_grant","code":7}"#
        );
    }
}

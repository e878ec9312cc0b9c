//! The credential of a request: PLATFORM.md TOK-BEARER, RFC 6750 §2.1, RFC 9110 §11.4.

use std::borrow::Cow;

use axum::http::{HeaderMap, header::AUTHORIZATION};

use super::refusal::Refusal;
use crate::model::rule::{Rule, Rules};

/// The token of the request's one `Authorization` header. Neither the query string nor the body is ever looked at
/// (RFC 6750 §5.3).
pub(super) fn credential<'r>(
    headers: &'r HeaderMap,
    query: Option<&'r str>,
    body: &'r [u8],
    rules: Rules,
) -> Result<Cow<'r, str>, Refusal> {
    let elsewhere = if rules.hold(Rule::TokBearer) { None } else { in_parameters(query, body) };
    if let Some(token) = elsewhere {
        return Ok(token);
    }
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let credential = match (values.next(), values.next()) {
        (None, _) => Err(Refusal::NoCredential),
        (Some(_), Some(_)) => Err(Refusal::TwoCredentials),
        (Some(value), None) => {
            value.to_str().ok().and_then(bearer).map(Cow::Borrowed).ok_or(Refusal::NotBearer)
        }
    };
    match credential {
        Err(refusal) if !rules.hold(Rule::TokBearer) => in_any_header(headers).ok_or(refusal),
        credential => credential,
    }
}

/// `"Bearer" 1*SP b64token`, the scheme in any case.
fn bearer(credentials: &str) -> Option<&str> {
    let (scheme, token) = credentials.split_once(' ')?;
    let token = token.trim_start_matches(' ');
    (scheme.eq_ignore_ascii_case("Bearer") && is_b64token(token)).then_some(token)
}

/// `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`.
fn is_b64token(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    !body.is_empty()
        && body.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/')
        })
}

/// TOK-BEARER broken: what looks like a token, in whichever header it stands and in whichever form.
fn in_any_header(headers: &HeaderMap) -> Option<Cow<'_, str>> {
    let values = headers.values().filter_map(|value| value.to_str().ok());
    let mut pieces = values.flat_map(|value| value.split([' ', '\t', ',', ';', '"', '=']));
    pieces.find(|piece| piece.starts_with("eyJ") && is_b64token(piece)).map(Cow::Borrowed)
}

/// TOK-BEARER broken: a parameter of the query or of a form (RFC 6750 §2.2 and §2.3), before any header.
fn in_parameters<'r>(query: Option<&'r str>, body: &'r [u8]) -> Option<Cow<'r, str>> {
    let parameters = |text| url::form_urlencoded::parse(text);
    parameters(query.unwrap_or_default().as_bytes())
        .chain(parameters(body))
        .find(|(name, value)| name == "access_token" || value.starts_with("eyJ"))
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn of(values: &[&[u8]]) -> Result<String, Refusal> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_bytes(value).expect("a header value"));
        }
        credential(&headers, Some("access_token=query"), b"access_token=form", Rules::ALL)
            .map(Cow::into_owned)
    }

    #[test]
    fn one_b64token_after_the_scheme_in_any_case() {
        for good in [
            "Bearer a.b-c_d~e+f/g==",
            "bearer a.b-c_d~e+f/g==",
            "BEARER a.b-c_d~e+f/g==",
            "Bearer   a.b-c_d~e+f/g==",
        ] {
            assert_eq!(of(&[good.as_bytes()]).as_deref(), Ok("a.b-c_d~e+f/g=="), "{good}");
        }
    }

    #[test]
    fn anything_else_is_a_malformed_request() {
        let bad: [&[u8]; 14] = [
            b"",
            b"Bearer",
            b"Bearer ",
            b"Bearer =",
            b"Bearer a b",
            b"Bearer a,",
            b"Bearer a, Bearer b",
            b"Bearer\ta",
            b"Bearer a\t",
            b"Bearer a=b",
            b"Bearer \"a\"",
            b"Bearer \xc3\xa9",
            b"Basic dXNlcjpwYXNz",
            b"Bearera",
        ];
        for bad in bad {
            assert_eq!(of(&[bad]), Err(Refusal::NotBearer), "{}", String::from_utf8_lossy(bad));
        }
        assert_eq!(of(&[b"Bearer a", b"Bearer a"]), Err(Refusal::TwoCredentials));
        assert_eq!(of(&[b"Bearer a", b"Basic b"]), Err(Refusal::TwoCredentials));
    }

    #[test]
    fn a_token_elsewhere_is_read_only_under_the_sabotage() {
        assert_eq!(of(&[]), Err(Refusal::NoCredential));
        let forwarded: HeaderMap =
            [("x-forwarded-access-token".parse().unwrap(), HeaderValue::from_static("eyJ.e30.c2ln"))]
                .into_iter()
                .collect();
        assert_eq!(credential(&forwarded, None, b"", Rules::ALL), Err(Refusal::NoCredential));
        assert_eq!(
            credential(&forwarded, None, b"", Rules::without(Rule::TokBearer)).as_deref(),
            Ok("eyJ.e30.c2ln")
        );
        let broken = Rules::without(Rule::TokBearer);
        let read =
            |query, body| credential(&HeaderMap::new(), Some(query), body, broken).map(Cow::into_owned);
        assert_eq!(read("x=1&access_token=a%2Eb", b"").as_deref(), Ok("a.b"));
        assert_eq!(read("x=1", b"y=2&access_token=c").as_deref(), Ok("c"));
        assert_eq!(read("x=1", b"\xff"), Err(Refusal::NoCredential));
        let bearer = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static("Bearer a"))]);
        assert_eq!(credential(&bearer, None, b"access_token=b", broken).as_deref(), Ok("b"));
        assert_eq!(credential(&bearer, None, b"access_token=b", Rules::ALL).as_deref(), Ok("a"));
    }
}

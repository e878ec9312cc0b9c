//! The credential of a request: PLATFORM.md TOK-BEARER, RFC 6750 §2.1, RFC 9110 §11.4.

use std::borrow::Cow;

use axum::http::{HeaderMap, header::AUTHORIZATION};

use super::refusal::Refusal;
use crate::model::rule::{Rule, Rules};

/// The token of the request's one `Authorization` header. The query string is never looked at (RFC 6750 §5.3).
pub(super) fn credential<'r>(
    headers: &'r HeaderMap,
    query: Option<&'r str>,
    rules: Rules,
) -> Result<Cow<'r, str>, Refusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let credential = match (values.next(), values.next()) {
        (None, _) => Err(Refusal::NoCredential),
        (Some(_), Some(_)) => Err(Refusal::TwoCredentials),
        (Some(value), None) => {
            value.to_str().ok().and_then(bearer).map(Cow::Borrowed).ok_or(Refusal::NotBearer)
        }
    };
    match credential {
        Err(refusal) if !rules.hold(Rule::TokBearer) => anywhere(headers, query).ok_or(refusal),
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

/// TOK-BEARER broken: what looks like a token, in whichever header it stands and in whichever form, or in the query.
fn anywhere<'r>(headers: &'r HeaderMap, query: Option<&'r str>) -> Option<Cow<'r, str>> {
    let values = headers.values().filter_map(|value| value.to_str().ok());
    let mut pieces = values.flat_map(|value| value.split([' ', '\t', ',', ';', '"', '=']));
    let in_header = pieces.find(|piece| piece.starts_with("eyJ") && is_b64token(piece));
    in_header.map(Cow::Borrowed).or_else(|| {
        url::form_urlencoded::parse(query?.as_bytes())
            .find(|(name, value)| name == "access_token" || value.starts_with("eyJ"))
            .map(|(_, value)| value)
    })
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
        credential(&headers, Some("access_token=query"), Rules::ALL).map(Cow::into_owned)
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
        assert_eq!(credential(&forwarded, None, Rules::ALL), Err(Refusal::NoCredential));
        assert_eq!(
            credential(&forwarded, None, Rules::without(Rule::TokBearer)).as_deref(),
            Ok("eyJ.e30.c2ln")
        );
        let broken = Rules::without(Rule::TokBearer);
        let read = |query| credential(&HeaderMap::new(), Some(query), broken).map(Cow::into_owned);
        assert_eq!(read("x=1&access_token=a%2Eb").as_deref(), Ok("a.b"));
        assert_eq!(read("x=1"), Err(Refusal::NoCredential));
    }
}

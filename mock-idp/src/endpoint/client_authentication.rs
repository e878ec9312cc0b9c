//! Which client asks at the token endpoint, and whether it proves that (RFC 6749 §2.3).

use axum::http::{HeaderMap, header::AUTHORIZATION};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use url::form_urlencoded;

use crate::{
    clock::Clock as _,
    journal::{Note, short},
    profile::Section,
    refusal::Rule,
    request::{Call, Refusal},
    tenant::Client,
};

/// The request has an `Authorization` header: its refusal is a challenge (RFC 6749 §5.2).
pub(super) fn uses_header(call: &Call<'_>) -> bool {
    call.headers.contains_key(AUTHORIZATION)
}

/// The client, authenticated in the one way that it used.
pub(super) fn authenticate<'a>(call: &'a Call<'_>, note: &mut Note) -> Result<&'a Client, Refusal> {
    let posted_id = call.form.one("client_id")?;
    let posted_secret = call.form.one("client_secret")?;
    note.client_id = posted_id.map(short);
    let (id, secret) = if uses_header(call) {
        note.client_auth = Some("basic");
        let (id, secret) = basic(&call.headers).ok_or(Rule::ClientAuthenticationWrong)?;
        note.client_id = Some(short(&id));
        if posted_secret.is_some() || posted_id.is_some_and(|posted| posted != id) {
            return Err(Rule::ClientAuthenticationTwice.into());
        }
        (id, Some(secret))
    } else {
        note.client_auth = Some(if posted_secret.is_some() { "post" } else { "none" });
        let id = posted_id.ok_or(Rule::ClientIdMissing)?;
        (id.to_owned(), posted_secret.map(str::to_owned))
    };
    let client = call.provider.tenant.client(&id).ok_or(Rule::ClientUnknown)?;
    match (&client.secret, secret) {
        (Some(known), Some(given)) if known.matches(&given) => {
            if known.has_expired(call.provider.clock.now()) {
                return Err(Rule::ClientSecretExpired.into());
            }
            Ok(client)
        }
        (Some(_), Some(_)) => Err(Rule::ClientSecretWrong.into()),
        (Some(_), None) => Err(Rule::ClientCredentialsMissing.into()),
        (None, None) => Ok(client),
        (None, Some(_)) => Err(Rule::ClientAuthenticationWrong.into()),
    }
}

/// The client at introspection or revocation. One without a secret is taken at its word only where the provider says
/// so, in a member of its metadata (RFC 7662 §2.1, RFC 7009 §2.1).
pub(super) fn for_tokens<'a>(
    call: &'a Call<'_>,
    methods: &str,
    note: &mut Note,
) -> Result<&'a Client, Refusal> {
    if !call.is_form() {
        return Err(Rule::RequestMalformed.into());
    }
    let client = authenticate(call, note)?;
    let metadata = call.profile().section(Section::Metadata);
    let methods =
        metadata.iter().find(|field| field.name == methods).and_then(|field| field.value.as_array());
    let takes_none = methods.is_some_and(|methods| methods.iter().any(|method| method == "none"));
    if client.secret.is_none() && !takes_none {
        return Err(Rule::ClientCredentialsMissing.into());
    }
    Ok(client)
}

/// Id and secret, each form-encoded before they were joined (RFC 6749 §2.3.1).
pub(super) fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let (scheme, credentials) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(credentials.trim()).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    Some((decode(id), decode(secret)))
}

fn decode(text: &str) -> String {
    // `name=value` without a name: the parser decodes the value.
    let pair = format!("={}", text.replace('&', "%26"));
    form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_form_decoded() {
        assert_eq!(decode("a%2Bb+c%3A%25"), "a+b c:%");
        assert_eq!(decode("a&b=c"), "a&b=c");
    }
}

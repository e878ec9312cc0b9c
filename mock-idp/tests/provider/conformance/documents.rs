//! Discovery: rows 54 to 58.

use serde_json::Value as Json;
use url::Url;

use super::{Verdict, must};
use crate::rig::Rig;

async fn document(rig: &Rig) -> Json {
    rig.json(&format!("{}/.well-known/openid-configuration", rig.issuer())).await
}

fn has(document: &Json, member: &str, value: &str) -> bool {
    document[member].as_array().is_some_and(|values| values.iter().any(|known| known == value))
}

pub(super) async fn issuer(rig: &Rig) -> Verdict {
    must(document(rig).await["issuer"] == rig.issuer(), "another issuer")
}

pub(super) async fn required(rig: &Rig) -> Verdict {
    let document = document(rig).await;
    let issuer = Url::parse(rig.issuer()).unwrap();
    must(
        issuer.scheme() == "https" && issuer.query().is_none() && issuer.fragment().is_none(),
        "the issuer",
    )?;
    for member in
        ["issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "response_types_supported"]
    {
        must(document.get(member).is_some(), member)?;
    }
    for (name, value) in document.as_object().unwrap() {
        if name.ends_with("_endpoint") || name == "jwks_uri" {
            must(value.as_str().is_some_and(|url| url.starts_with("https://")), name)?;
        }
    }
    Ok(())
}

/// OpenID Connect appends the well-known path, RFC 8414 puts it before the issuer's path.
pub(super) async fn addresses(rig: &Rig) -> Verdict {
    let issuer = Url::parse(rig.issuer()).unwrap();
    let path = issuer.path().trim_end_matches('/');
    let inserted =
        format!("{}/.well-known/oauth-authorization-server{path}", issuer.origin().ascii_serialization());
    let response = rig.get(&inserted).await;
    must(response.status() == 200, "no document where RFC 8414 wants it")?;
    must(response.json::<Json>().await.unwrap()["issuer"] == document(rig).await["issuer"], "another issuer")
}

pub(super) async fn pkce(rig: &Rig) -> Verdict {
    must(has(&document(rig).await, "code_challenge_methods_supported", "S256"), "no S256")
}

pub(super) async fn openid(rig: &Rig) -> Verdict {
    let document = document(rig).await;
    must(has(&document, "id_token_signing_alg_values_supported", "RS256"), "no RS256")?;
    must(document["subject_types_supported"].is_array(), "no subject types")
}

//! Microsoft Entra ID: applications for accounts of many tenants, and the endpoints of none.

use serde_json::json;

use crate::{
    entra::{API, CLI, TENANT, UNPERMITTED, claims, scope, sign_in_at},
    rig::{Rig, decode},
};

const COMMON: &str = "https://login.microsoftonline.com/common/v2.0";
const ORGANIZATIONS: &str = "https://login.microsoftonline.com/organizations/v2.0";
const CONSUMERS: &str = "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0";
const OWN: &str = "https://login.microsoftonline.com/7c1d4f0e-2b3a-4c5d-8e9f-a0b1c2d3e4f5/v2.0";
const PARTNER: &str = "2f6e1d8c-7b5a-4f3e-9d2c-1b0a9f8e7d6c";
const ANN: &str = "ann@acme.test";
const DAN: &str = "dan@partner.test";
const EVE: &str = "eve_partner.test#EXT#@acme.test";
const FINN: &str = "finn@outlook.test";

#[tokio::test]
async fn a_document_of_no_tenant_has_a_gap_in_its_issuer() {
    let rig = Rig::shipped("entra-multitenant");
    for endpoint in [COMMON, ORGANIZATIONS] {
        let document = rig.json(&format!("{endpoint}/.well-known/openid-configuration")).await;
        assert_eq!(document["issuer"], "https://login.microsoftonline.com/{tenantid}/v2.0");
        assert_eq!(document["tenant_region_scope"], json!(null));
        let keys = rig.json(document["jwks_uri"].as_str().unwrap()).await;
        assert_eq!(keys["keys"][0]["issuer"], document["issuer"]);
        let own = rig.json(&rig.endpoint(OWN, "jwks_uri").await).await;
        assert_eq!(
            (&own["keys"][0]["kid"], &own["keys"][0]["issuer"]),
            (&keys["keys"][0]["kid"], &json!(OWN))
        );
    }
    let v1 = rig.json("https://login.microsoftonline.com/common/.well-known/openid-configuration").await;
    assert_eq!(v1["issuer"], "https://sts.windows.net/{tenantid}/");
    let consumers = "https://login.microsoftonline.com/consumers/v2.0/.well-known/openid-configuration";
    assert_eq!(rig.json(consumers).await["issuer"], CONSUMERS, "personal accounts have a tenant");
    assert!(rig.issuers.iter().all(|issuer| !issuer.contains('{')), "{:?}", rig.issuers);
}

/// Rows: who, where, and the tenant of the tokens or the number of the refusal.
#[tokio::test]
async fn tokens_are_of_the_users_tenant() {
    let rig = Rig::shipped("entra-multitenant");
    let partner = format!("https://login.microsoftonline.com/{PARTNER}/v2.0");
    let rows = [
        (ANN, COMMON, Ok(TENANT)),
        (ANN, ORGANIZATIONS, Ok(TENANT)),
        (ANN, OWN, Ok(TENANT)),
        (ANN, &partner, Err("AADSTS50020")),
        (DAN, COMMON, Ok(PARTNER)),
        (DAN, &partner, Ok(PARTNER)),
        (DAN, "https://login.microsoftonline.com/partner.test/v2.0", Ok(PARTNER)),
        (DAN, OWN, Err("AADSTS50020")),
        (EVE, OWN, Ok(TENANT)),
        (FINN, COMMON, Err("AADSTS50020")),
        (FINN, ORGANIZATIONS, Err("AADSTS50020")),
    ];
    let ask = format!("openid profile {}", scope("access_as_user"));
    for (who, endpoint, expected) in rows {
        let tokens = sign_in_at(&rig, endpoint, who, CLI, &ask, &[]).await;
        match expected {
            Ok(tenant) => {
                let tokens = tokens.unwrap();
                let issuer = format!("https://login.microsoftonline.com/{tenant}/v2.0");
                for name in ["access_token", "id_token"] {
                    let claims = rig.verify(&issuer, tokens[name].as_str().unwrap()).await.unwrap();
                    assert_eq!(
                        (&claims["iss"], &claims["tid"]),
                        (&json!(issuer), &json!(tenant)),
                        "{who} {name}"
                    );
                }
                let idp = format!("https://sts.windows.net/{PARTNER}/");
                let idp = if who == EVE { json!(idp) } else { json!(null) };
                assert_eq!(claims(&tokens)["idp"], idp, "{who}: of guests alone");
            }
            Err(number) => {
                let why = tokens.unwrap_err();
                assert!(why.starts_with(number), "{who} at {endpoint}: {why}");
            }
        }
    }
}

#[tokio::test]
async fn a_token_of_version_1_is_of_the_users_tenant_too() {
    let rig = Rig::changed(
        "entra-multitenant",
        "requested_access_token_version: 2\n    sign_in_audience: AzureADMultipleOrgs\n    # Authentication",
        "requested_access_token_version: 1\n    sign_in_audience: AzureADMultipleOrgs\n    # Authentication",
    );
    let ask = format!("openid {}", scope("access_as_user"));
    let tokens = sign_in_at(&rig, COMMON, DAN, CLI, &ask, &[]).await.unwrap();
    assert_eq!(claims(&tokens)["iss"], format!("https://sts.windows.net/{PARTNER}/"));
    let id = decode(tokens["id_token"].as_str().unwrap())["claims"].clone();
    assert_eq!(id["iss"], format!("https://login.microsoftonline.com/{PARTNER}/v2.0"));
}

#[tokio::test]
async fn personal_accounts_are_let_in_by_the_audience() {
    let text = crate::rig::shipped("entra-multitenant")
        .replace("AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount");
    let rig = Rig::start(&text, [7; 32]);
    let ask = format!("openid {}", scope("access_as_user"));
    for endpoint in [COMMON, "https://login.microsoftonline.com/consumers/v2.0"] {
        let tokens = sign_in_at(&rig, endpoint, FINN, CLI, &ask, &[]).await.unwrap();
        assert_eq!(claims(&tokens)["iss"], CONSUMERS);
    }
    let why = sign_in_at(&rig, ORGANIZATIONS, FINN, CLI, &ask, &[]).await.unwrap_err();
    assert!(why.starts_with("AADSTS50020"), "{why}");
}

#[tokio::test]
async fn one_application_is_for_personal_accounts_as_it_is_shipped() {
    let rig = Rig::shipped("entra-multitenant");
    let client = "d7c6b5a4-f3e2-4d1c-9b0a-8f7e6d5c4b3a";
    let ask = format!("openid {client}/access_as_user");
    let tokens = sign_in_at(&rig, COMMON, FINN, client, &ask, &[]).await.unwrap();
    assert_eq!((&claims(&tokens)["iss"], &claims(&tokens)["aud"]), (&json!(CONSUMERS), &json!(client)));
}

#[tokio::test]
async fn an_application_of_one_tenant_is_for_that_tenant() {
    let rig = Rig::shipped("entra-multitenant");
    let partner = format!("https://login.microsoftonline.com/{PARTNER}/v2.0");
    let ask = scope("access_as_user");
    let why = sign_in_at(&rig, COMMON, ANN, UNPERMITTED, &ask, &[]).await.unwrap_err();
    assert!(why.contains("AADSTS50194"), "a page, no redirect: {why}");
    let why = sign_in_at(&rig, &partner, DAN, UNPERMITTED, &ask, &[]).await.unwrap_err();
    assert!(why.contains("AADSTS700016"), "a page, no redirect: {why}");
    assert!(sign_in_at(&rig, OWN, ANN, UNPERMITTED, &ask, &[]).await.is_ok());
    let from = "sign_in_audience: AzureADMultipleOrgs\n    # Authentication: a public";
    let rig = Rig::changed("entra-multitenant", from, "# Authentication: a public");
    let why = sign_in_at(&rig, COMMON, DAN, CLI, &ask, &[]).await.unwrap_err();
    assert!(why.starts_with("AADSTS650052"), "the API is not there: {why}");
    let tokens = sign_in_at(&rig, COMMON, ANN, CLI, &ask, &[]).await.unwrap();
    assert_eq!(claims(&tokens)["aud"], API);
}

//! The refresh token grant (RFC 6749 §6). When a token is to be refreshed is its keeper's matter.

use super::{Registration, ServerMetadata, SignIn, SignInError, Tokens, token_response};

pub(super) async fn run(
    flow: &mut SignIn<'_>,
    registration: &Registration,
    refresh_token: &str,
) -> Result<Tokens, SignInError> {
    let metadata = ServerMetadata::fetch(flow.courier, &registration.issuer, flow.rules).await?;
    // No scope: those that were granted.
    let fields = vec![
        ("grant_type".into(), "refresh_token".into()),
        ("refresh_token".into(), refresh_token.to_owned()),
    ];
    let mut tokens = token_response::request(flow, &metadata.token_endpoint, registration, fields).await?;
    tokens.refresh_token.get_or_insert_with(|| refresh_token.to_owned());
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use crate::{
        chance::Chance,
        model::rule::Rules,
        net::courier::Answer,
        signin::{
            SignIn, SignInError,
            scripted::{Scripted, discovery, json, registration},
        },
    };

    #[tokio::test]
    async fn a_new_refresh_token_replaces_the_old_and_none_keeps_it() {
        for (rotated, kept) in [(r#","refresh_token":"new""#, "new"), ("", "old")] {
            let server = Scripted::new(move |request| match request.url.as_str() {
                "https://idp.test/.well-known/openid-configuration" => discovery(),
                "https://idp.test/token" => {
                    let body = request.body.clone().unwrap_or_default();
                    assert!(body.contains("grant_type=refresh_token&refresh_token=old&client_id=cli"));
                    json(200, &format!(r#"{{"access_token":"a","token_type":"Bearer"{rotated}}}"#))
                }
                url => panic!("{url}"),
            });
            let mut chance = Chance::from_seed([7; 32]);
            let mut flow = SignIn { courier: &server, chance: &mut chance, rules: Rules::ALL };
            let tokens = flow.refresh_token(&registration(), "old").await.unwrap();
            assert_eq!(tokens.refresh_token.as_deref(), Some(kept));
        }
    }

    #[tokio::test]
    async fn a_refused_refresh_is_told_in_the_servers_words() {
        let server = Scripted::new(|request| {
            if request.url.ends_with("/token") {
                json(400, r#"{"error":"invalid_grant"}"#)
            } else {
                discovery()
            }
        });
        let mut chance = Chance::from_seed([7; 32]);
        let mut flow = SignIn { courier: &server, chance: &mut chance, rules: Rules::ALL };
        let refused = flow.refresh_token(&registration(), "old").await.map(|_| ());
        assert_eq!(refused, Err(SignInError::Refused { error: "invalid_grant".into(), description: None }));
        let lost = Scripted::new(|_| Answer { status: 502, headers: Vec::new(), body: Vec::new() });
        let mut flow = SignIn { courier: &lost, chance: &mut chance, rules: Rules::ALL };
        let failed = flow.refresh_token(&registration(), "old").await.map(|_| ());
        assert!(matches!(failed, Err(SignInError::Protocol(_))));
    }
}

//! `POST /control/keys/rotate` and `/retire`: `{"issuer"}` → `{"issuer","kid","published"}`.

use serde::Deserialize;
use serde_json::json;

use super::answer::{self, Answer, Problem, server_of};
use crate::provider::Provider;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    issuer: String,
}

/// Signs with a new key from now on; the old ones stay published.
pub(super) async fn rotate(provider: &Provider, body: &[u8]) -> Result<Answer, Problem> {
    let Which { issuer } = answer::read(body)?;
    let server = server_of(provider, &issuer)?;
    {
        let mut state = provider.state();
        let key = state.new_key(&provider.tenant);
        if let Some(ring) = state.rings.get_mut(server) {
            ring.rotate(key);
        }
    }
    provider.signer(server).await.ok_or(Problem::Internal("the key could not be made"))?;
    ring(provider, server, &issuer)
}

/// Takes the keys that no longer sign out of the key set.
pub(super) fn retire(provider: &Provider, body: &[u8]) -> Result<Answer, Problem> {
    let Which { issuer } = answer::read(body)?;
    let server = server_of(provider, &issuer)?;
    if let Some(ring) = provider.state().rings.get_mut(server) {
        ring.retire();
    }
    ring(provider, server, &issuer)
}

fn ring(provider: &Provider, server: usize, issuer: &str) -> Result<Answer, Problem> {
    let state = provider.state();
    let ring = state.rings.get(server).ok_or(Problem::Internal("the server has no keys"))?;
    let published: Vec<_> = ring.published().map(|key| key.id.as_str()).collect();
    Ok(Answer::Document(json!({"issuer": issuer, "kid": ring.current().id, "published": published})))
}

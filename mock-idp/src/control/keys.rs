//! `POST /control/keys/rotate` and `/retire`: `{"issuer"}` → `{"issuer","kid","published"}`, `published` being the
//! key that signs, the one that will, and those that did.

use serde::Deserialize;
use serde_json::json;

use super::answer::{self, Answer, Problem, server_of};
use crate::provider::Provider;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotation {
    issuer: String,
    /// The old keys leave the key set at once.
    #[serde(default)]
    emergency: bool,
    /// The next key is published only; the rotation after this one uses it.
    #[serde(default)]
    ahead: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    issuer: String,
}

/// Signs with a new key from now on; the old ones stay published until they are retired.
pub(super) async fn rotate(provider: &Provider, body: &[u8]) -> Result<Answer, Problem> {
    let Rotation { issuer, emergency, ahead } = answer::read(body)?;
    if emergency && ahead {
        return Err(Problem::Invalid("give either `emergency` or `ahead`".to_owned()));
    }
    let server = server_of(provider, &issuer)?;
    {
        let mut state = provider.state();
        let needs_key = state.rings.get(server).is_some_and(|ring| !ring.has_next());
        if ahead && !needs_key {
            return Err(Problem::Invalid("the next key is published already: rotate to it".to_owned()));
        }
        let new = needs_key.then(|| state.new_key(&provider.tenant));
        if let Some(ring) = state.rings.get_mut(server) {
            if let Some(new) = new {
                ring.announce(new);
            }
            if !ahead {
                ring.rotate();
            }
            if emergency {
                ring.retire();
            }
        }
    }
    // Makes what is not there yet, so that no request waits for it.
    provider.published(server).await.ok_or(Problem::Internal("the key could not be made"))?;
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

//! `POST /control/keys/rotate`, `/retire` and `/publish`: `{"issuer"}` → `{"issuer","kid","published"}`,
//! `published` being the ids in the order of the key set.

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::answer::{self, Answer, Problem, server_of};
use crate::{
    keys::{Algorithm, Extra, Slot},
    provider::Provider,
};

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
        let needs_key = state.ring(server).is_some_and(|ring| !ring.has_next());
        if ahead && !needs_key {
            return Err(Problem::Invalid("the next key is published already: rotate to it".to_owned()));
        }
        let new = needs_key.then(|| state.new_key(&provider.tenant));
        if let Some(ring) = state.ring_mut(server) {
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
    if let Some(ring) = provider.state().ring_mut(server) {
        ring.retire();
    }
    ring(provider, server, &issuer)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Publication {
    issuer: String,
    key: Spare,
    #[serde(default)]
    set: Map<String, Json>,
    #[serde(default)]
    without: Vec<String>,
    #[serde(default)]
    first: bool,
}

/// A key that is no issuer's.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Spare {
    Unpublished,
    Es256,
    #[serde(rename = "rsa-1024")]
    Rsa1024,
    #[serde(rename = "rsa-2048")]
    Rsa2048,
}

/// Adds an entry to the key set, of a key that signs nothing of the issuer's, and with the members wanted.
pub(super) async fn publish(provider: &Provider, body: &[u8]) -> Result<Answer, Problem> {
    let Publication { issuer, key, set, without, first } = answer::read(body)?;
    let server = server_of(provider, &issuer)?;
    let own = provider.tenant.servers.get(server).map_or(Algorithm::Rs256, |server| server.algorithm);
    let (algorithm, slot) = match key {
        Spare::Unpublished => (own, Slot::Unpublished),
        Spare::Es256 => (Algorithm::Es256, Slot::Unpublished),
        Spare::Rsa1024 => (Algorithm::Rs256, Slot::Weak),
        Spare::Rsa2048 => (Algorithm::Rs256, Slot::Unpublished),
    };
    provider.spare(algorithm, slot).await.ok_or(Problem::Internal("the key could not be made"))?;
    {
        let mut state = provider.state();
        let key = state.spare_key(&provider.tenant, slot);
        if let Some(ring) = state.ring_mut(server) {
            ring.extras.push(Extra { algorithm, key, set, without, first });
        }
    }
    ring(provider, server, &issuer)
}

fn ring(provider: &Provider, server: usize, issuer: &str) -> Result<Answer, Problem> {
    let state = provider.state();
    let ring = state.ring(server).ok_or(Problem::Internal("the server has no keys"))?;
    let mut published: Vec<_> = ring.published().map(|key| key.id.as_str()).collect();
    for extra in &ring.extras {
        // An entry without an id is in the key set all the same.
        let place = if extra.first { 0 } else { published.len() };
        published.splice(place..place, extra.id());
    }
    Ok(Answer::Document(json!({"issuer": issuer, "kid": ring.current().id, "published": published})))
}

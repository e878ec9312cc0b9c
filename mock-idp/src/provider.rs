//! A running provider: the tenant, its keys, its clock and what changes.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use jiff::SignedDuration;

use crate::{
    clock::RunningClock,
    fault::Connections,
    keys::{Algorithm, KeyPool, SigningKey, Slot},
    profile::{Profile, template::Vars},
    route::{Place, Routes},
    state::State,
    tenant::{AccessTokens, Server, Tenant},
};

/// Everything that the endpoints need. Shared by the public and the control listener.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) tenant: Tenant,
    pub(crate) clock: RunningClock,
    pub(crate) routes: Routes,
    pub(crate) connections: Arc<Connections>,
    /// What it listens on.
    pub(crate) address: SocketAddr,
    keys: KeyPool,
    seed: [u8; 32],
    state: Mutex<State>,
    /// What documents and tokens say of each server, by its index.
    constants: Vec<Arc<Vars>>,
}

/// The key that signs for a server now.
#[derive(Clone, Debug)]
pub(crate) struct Signer {
    pub(crate) key: Arc<SigningKey>,
    pub(crate) id: String,
}

impl Provider {
    pub(crate) fn new(
        tenant: Tenant,
        seed: [u8; 32],
        clock: RunningClock,
        keys: KeyPool,
        address: SocketAddr,
    ) -> Self {
        let state = Mutex::new(State::new(&tenant, seed));
        let routes = Routes::new(&tenant);
        let constants = tenant.servers.iter().map(|server| Arc::new(constants_of(server))).collect();
        Self { tenant, clock, routes, connections: Arc::default(), address, keys, seed, state, constants }
    }

    pub(crate) fn profile(&self) -> &'static Profile {
        self.tenant.profile
    }

    /// The state, locked. Never held across an await.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How far an issuer's clock is off. What it keeps, and when that expires, goes by the provider's own.
    pub(crate) fn skew(&self, issuer: &str) -> SignedDuration {
        self.state().skews.get(issuer).copied().unwrap_or_default()
    }

    /// Back to the state of the start, the clock included.
    pub(crate) fn reset(&self) {
        self.clock.reset();
        let start = State::new(&self.tenant, self.seed);
        let before = std::mem::replace(&mut *self.state(), start);
        if before.faults.has_outage() {
            self.connections.end();
        }
    }

    /// The server's signing key. Nothing if a key cannot be made.
    pub(crate) async fn signer(&self, server: usize) -> Option<Signer> {
        let (current, algorithm) = {
            let state = self.state();
            let ring = state.ring(server)?;
            (ring.current().clone(), ring.algorithm)
        };
        let key = self.keys.key(algorithm, current.slot).await?;
        Some(Signer { key, id: current.id })
    }

    /// The key that signs access tokens of a form: for one that is published nowhere, an id that no key set has.
    pub(crate) async fn access_token_signer(&self, server: usize, form: AccessTokens) -> Option<Signer> {
        if form != AccessTokens::JwtUnpublishedKey {
            return self.signer(server).await;
        }
        let id = self.state().unpublished_key_id.clone();
        Some(Signer { key: self.unpublished(server).await?, id })
    }

    /// What signs ID tokens: the server's key, or its second one where the profile has one for that.
    pub(crate) async fn id_token_signer(&self, server: usize) -> Option<Signer> {
        let profile = self.tenant.servers.get(server)?.profile;
        if profile.second_key() == Some("id_token") {
            return self.second(server).await;
        }
        self.signer(server).await
    }

    /// A key beside those that rotate, where the profile has one: for ID tokens, or for encryption.
    pub(crate) async fn second(&self, index: usize) -> Option<Signer> {
        let server = self.tenant.servers.get(index)?;
        let key = self.keys.key(server.algorithm, Slot::Second(index)).await?;
        let hash = digest(&SHA256, format!("second key\n{}", server.issuer).as_bytes());
        Some(Signer { key, id: URL_SAFE_NO_PAD.encode(hash) })
    }

    /// The key of the server's kind that no key set has.
    pub(crate) async fn unpublished(&self, server: usize) -> Option<Arc<SigningKey>> {
        self.spare(self.tenant.servers.get(server)?.algorithm, Slot::Unpublished).await
    }

    /// A key that is no server's.
    pub(crate) async fn spare(&self, algorithm: Algorithm, slot: Slot) -> Option<Arc<SigningKey>> {
        self.keys.key(algorithm, slot).await
    }

    /// Every published key of a server with its id, the one that signs first.
    pub(crate) async fn published(&self, server: usize) -> Option<Vec<Signer>> {
        let (ring, algorithm) = {
            let state = self.state();
            let ring = state.ring(server)?;
            (ring.published().cloned().collect::<Vec<_>>(), ring.algorithm)
        };
        let mut signers = Vec::new();
        for key in ring {
            signers.push(Signer { key: self.keys.key(algorithm, key.slot).await?, id: key.id });
        }
        Some(signers)
    }

    /// What a server's documents and tokens say of the server itself.
    pub(crate) fn server_vars(&self, server: &Server) -> Vars {
        let index = self.tenant.servers.iter().position(|known| std::ptr::eq(known, server));
        let constants = index.and_then(|index| self.constants.get(index)).cloned();
        let mut vars = Vars::over(constants.unwrap_or_else(|| Arc::new(constants_of(server))));
        vars.set("tenant.idp", self.state().organization.as_str());
        vars
    }
}

fn constants_of(server: &Server) -> Vars {
    const ENDPOINTS: [(Place, &str); 9] = [
        (Place::Authorize, "endpoint.authorize"),
        (Place::DeviceAuthorize, "endpoint.device_authorize"),
        (Place::Introspect, "endpoint.introspect"),
        (Place::Keys, "endpoint.keys"),
        (Place::Logout, "endpoint.logout"),
        (Place::Register, "endpoint.register"),
        (Place::Revoke, "endpoint.revoke"),
        (Place::Token, "endpoint.token"),
        (Place::Userinfo, "endpoint.userinfo"),
    ];
    let mut vars = Vars::default();
    vars.set("server.id", server.id.as_str());
    vars.set("server.origin", server.origin.as_str());
    vars.set("issuer", server.issuer.as_str());
    vars.set("issuer.path", server.path.as_str());
    vars.set("key.alg", server.algorithm.name());
    for (place, name) in ENDPOINTS {
        vars.set_some(name, place.url(server));
    }
    vars
}

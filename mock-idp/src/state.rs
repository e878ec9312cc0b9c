//! What changes while the provider runs. A reset throws it away and begins anew from the tenant and the seed.

mod bounded;
mod issued;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use self::bounded::Bounded;
pub(crate) use self::issued::{Issued, IssuedTokens};

/// So many sign-ins, codes and devices wait at once, each with texts of kilobytes.
const MOST_WAITING: usize = 5_000;
/// So many small things are remembered.
const MOST: usize = 20_000;

use crate::{
    chance::{Chance, Purpose},
    fault::Faults,
    journal::Journal,
    keys::{KeyRing, RingKey, Slot},
    policy::Requested,
    refusal::Rule,
    response_type::{ResponseMode, ResponseType},
    tenant::{Client, Grant, Tenant, User},
};

/// A user's or machine's right to tokens of one audience.
#[derive(Clone, Debug)]
pub(crate) struct Authorization {
    /// Index of the server in the tenant.
    pub(crate) server: usize,
    pub(crate) client: String,
    /// By which it was first had: a refresh asks the policies for the same.
    pub(crate) grant: Grant,
    /// The user's id; none for a machine.
    pub(crate) user: Option<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) audience: String,
    /// Seconds since the epoch; none for a machine.
    pub(crate) auth_time: Option<i64>,
    pub(crate) nonce: Option<String>,
    /// The sign-in's id; none for a machine.
    pub(crate) session: Option<String>,
    /// Set by an access policy's rule.
    pub(crate) access_token_seconds: Option<i64>,
    /// Asked for with Google's `access_type=offline`, or by a device.
    pub(crate) offline: bool,
}

impl Authorization {
    /// One that waits for somebody to sign in.
    pub(crate) fn waiting(server: usize, client: &Client, grant: Grant, requested: Requested) -> Self {
        Self {
            server,
            client: client.id.clone(),
            grant,
            user: None,
            scopes: requested.scopes,
            audience: requested.audience,
            auth_time: None,
            nonce: None,
            session: None,
            access_token_seconds: None,
            offline: false,
        }
    }
}

/// An authorization request that waits for somebody to sign in.
#[derive(Clone, Debug)]
pub(crate) struct Transaction {
    /// Without user and time.
    pub(crate) authorization: Authorization,
    pub(crate) defaulted: bool,
    pub(crate) redirect_uri: String,
    pub(crate) state: Option<String>,
    pub(crate) response_type: ResponseType,
    pub(crate) response_mode: ResponseMode,
    pub(crate) challenge: Option<String>,
    pub(crate) expires: Timestamp,
}

/// An authorization code that was not redeemed yet.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) authorization: Authorization,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: Option<String>,
    pub(crate) expires: Timestamp,
    pub(crate) family: u64,
}

/// Somebody who has signed in with a browser.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// The user's id.
    pub(crate) user: String,
    /// As tokens have it. Not the cookie's value.
    pub(crate) id: String,
    pub(crate) auth_time: Timestamp,
    pub(crate) expires: Timestamp,
}

/// A device that waits for somebody to sign in for it (RFC 8628 §3.2).
#[derive(Clone, Debug)]
pub(crate) struct Device {
    /// Without user and time.
    pub(crate) authorization: Authorization,
    pub(crate) defaulted: bool,
    /// As it is shown.
    pub(crate) user_code: String,
    pub(crate) expires: Timestamp,
    /// Seconds between two polls.
    pub(crate) interval: i64,
    /// When it asked last.
    pub(crate) polled: Option<Timestamp>,
    pub(crate) decision: Decision,
}

/// What came of a device's request.
#[derive(Clone, Debug)]
pub(crate) enum Decision {
    /// Nobody has decided yet.
    Pending,
    /// Somebody has signed in.
    Granted(Box<Authorization>),
    /// Refused on the page, or by the policies.
    Refused(Rule),
}

/// A refresh token.
#[derive(Clone, Debug)]
pub(crate) struct Refresh {
    pub(crate) authorization: Authorization,
    /// All tokens that go back to one code: they fall together.
    pub(crate) family: u64,
    /// When it was exchanged for a newer one.
    pub(crate) used: Option<Timestamp>,
    pub(crate) expires: Timestamp,
}

/// The state of a run.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) chance: Chance,
    /// Okta's `idp` claim: the organization.
    pub(crate) organization: String,
    /// Each with its id.
    pub(crate) users: Vec<User>,
    rings: Vec<KeyRing>,
    /// By the server's index: which of the rings is its.
    ring_of: Vec<usize>,
    /// The `kid` of tokens that a server signs with the unpublished key.
    pub(crate) unpublished_key_id: String,
    next_slot: usize,
    pub(crate) transactions: Bounded<Transaction, MOST_WAITING>,
    pub(crate) codes: Bounded<Code, MOST_WAITING>,
    /// Redeemed or burnt codes, with the family that a replay revokes.
    pub(crate) spent: Bounded<u64, MOST>,
    /// Challenges of PKCE that were seen, by their digest.
    pub(crate) challenges: Bounded<(), MOST>,
    /// By device code. Expired ones stay, or their devices could not be told so.
    pub(crate) devices: Bounded<Device, MOST_WAITING>,
    pub(crate) refresh: Bounded<Refresh, MOST>,
    pub(crate) issued: IssuedTokens,
    /// By the cookie's value.
    pub(crate) sessions: Bounded<Session, MOST>,
    next_family: u64,
    /// By issuer: how far its clock is off.
    pub(crate) skews: BTreeMap<String, SignedDuration>,
    pub(crate) faults: Faults,
    pub(crate) journal: Journal,
}

impl State {
    pub(crate) fn new(tenant: &Tenant, seed: [u8; 32]) -> Self {
        let mut state = Self {
            chance: Chance::new(seed),
            organization: String::new(),
            users: Vec::new(),
            rings: Vec::new(),
            ring_of: Vec::new(),
            unpublished_key_id: String::new(),
            next_slot: 0,
            transactions: Bounded::default(),
            codes: Bounded::default(),
            spent: Bounded::default(),
            challenges: Bounded::default(),
            devices: Bounded::default(),
            refresh: Bounded::default(),
            issued: IssuedTokens::default(),
            sessions: Bounded::default(),
            next_family: 0,
            skews: BTreeMap::new(),
            faults: Faults::default(),
            journal: Journal::default(),
        };
        state.organization = format!("00o{}", state.chance.alphanumeric(Purpose::Tenant, 17));
        state.unpublished_key_id = state.key_id(tenant, Purpose::UnpublishedKeyId);
        let shares = tenant.servers_share_keys();
        for server in &tenant.servers {
            if state.rings.is_empty() || !shares {
                let key = state.new_key(tenant);
                state.rings.push(KeyRing::new(server.algorithm, key));
            }
            state.ring_of.push(state.rings.len() - 1);
        }
        state.set_users(tenant, tenant.users.clone());
        state
    }

    /// The keys of a server; several may share them.
    pub(crate) fn ring(&self, server: usize) -> Option<&KeyRing> {
        self.rings.get(*self.ring_of.get(server)?)
    }

    pub(crate) fn ring_mut(&mut self, server: usize) -> Option<&mut KeyRing> {
        self.rings.get_mut(*self.ring_of.get(server)?)
    }

    /// A key in a slot that no server of this tenant has.
    pub(crate) fn new_key(&mut self, tenant: &Tenant) -> RingKey {
        let id = self.key_id(tenant, Purpose::KeyId);
        let slot = Slot::Published(self.next_slot);
        self.next_slot += 1;
        RingKey { id, slot }
    }

    /// An id for a key that is no server's.
    pub(crate) fn spare_key(&mut self, tenant: &Tenant, slot: Slot) -> RingKey {
        RingKey { id: self.key_id(tenant, Purpose::SpareKeyId), slot }
    }

    fn key_id(&mut self, tenant: &Tenant, purpose: Purpose) -> String {
        let length = tenant.profile.seconds("kid_length");
        self.chance.url_safe(purpose, usize::try_from(length).unwrap_or(22))
    }

    /// Replaces all users. Who has no id keeps that of their login, or is given one.
    pub(crate) fn set_users(&mut self, tenant: &Tenant, users: Vec<User>) {
        let before = std::mem::take(&mut self.users);
        for mut user in users {
            if user.id.is_none() {
                let known = before.iter().find(|known| known.login == user.login);
                user.id = known.and_then(|known| known.id.clone()).or_else(|| Some(self.new_user_id(tenant)));
            }
            self.users.push(user);
        }
    }

    /// A prefix and random characters, or a GUID where the profile has no prefix.
    fn new_user_id(&mut self, tenant: &Tenant) -> String {
        match tenant.profile.setting("user_id_prefix").as_str() {
            Some(prefix) => format!("{prefix}{}", self.chance.alphanumeric(Purpose::User, 17)),
            None => self.chance.guid(Purpose::User),
        }
    }

    pub(crate) fn user(&self, id: &str) -> Option<&User> {
        self.users.iter().find(|user| user.id.as_deref() == Some(id))
    }

    pub(crate) fn user_by_login(&self, login: &str) -> Option<&User> {
        self.users.iter().find(|user| user.login == login)
    }

    /// The device that shows this code and still waits. Case and separators do not matter (RFC 8628 §6.1).
    pub(crate) fn waiting_device(&mut self, user_code: &str, now: Timestamp) -> Option<&mut Device> {
        let letters = |code: &str| -> String {
            code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
        };
        let wanted = letters(user_code);
        self.devices.values_mut().find(|device| {
            letters(&device.user_code) == wanted
                && device.expires > now
                && matches!(device.decision, Decision::Pending)
        })
    }

    pub(crate) fn new_family(&mut self) -> u64 {
        self.next_family += 1;
        self.next_family
    }

    /// Takes back every token of a family (RFC 6749 §4.1.2, RFC 9700 §4.14.2).
    pub(crate) fn revoke(&mut self, family: u64) {
        self.refresh.retain(|refresh| refresh.family != family);
        self.issued.revoke_family(family);
    }

    /// Forgets what has expired.
    pub(crate) fn tidy(&mut self, now: Timestamp) {
        self.transactions.retain(|transaction| transaction.expires > now);
        self.codes.retain(|code| code.expires > now);
        self.refresh.retain(|refresh| refresh.expires > now);
        self.sessions.retain(|session| session.expires > now);
        self.issued.tidy(now);
    }
}

//! The platform's policy, as far as it concerns this application: its flags and where the registry is. From the
//! Enterprise Manager, with an access token of the application's own (client credentials of the Manager's scope), in an
//! envelope whose signature is verified.
//!
//! What cannot be had opens nothing. The last verified envelope serves until its own end, as at any client.

use std::sync::{Mutex, PoisonError};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value as Json};
use url::Url;

use super::{Parts, claims, sign_in::flow_rules};
use crate::{
    model::{
        duration,
        envelope::{self, Payload},
        identifier::Issuer,
        rule::{Rule, Rules},
    },
    net::courier::{Courier, Request, SendError},
    signin::{Registration, SignIn, SignInError},
    token::{Algorithm, KeySet, json},
};

const DISCOVERY: &str = "/.well-known/toolhive-configuration";

/// How far ahead of our time an envelope may be dated.
const MOST_AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// The longest time without asking again, whatever the envelope says.
const LONGEST: SignedDuration = SignedDuration::from_hours(1);

/// What the policy says to this application.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Policy {
    /// The assistant is shown.
    pub(super) assistant: bool,
    /// Where the Registry Server is.
    pub(super) registry: Option<String>,
    /// Why the Manager's policy, or the newest one, is not in force; for the person to read.
    pub(super) notice: Option<String>,
}

/// The envelope of the last contact.
#[derive(Default)]
pub(super) struct Policies(Mutex<Option<Held>>);

#[derive(Clone)]
struct Held {
    config: Map<String, Json>,
    issued_at: Timestamp,
    not_after: Timestamp,
    fetched: Timestamp,
    refresh: SignedDuration,
}

#[derive(Deserialize)]
struct Discovery {
    config_endpoint: String,
    jwks_uri: String,
    oidc: Oidc,
}

#[derive(Deserialize)]
struct Oidc {
    issuer: String,
    scopes: Vec<String>,
}

/// Why there is no policy.
#[derive(Debug, thiserror::Error)]
enum NoPolicy {
    #[error(transparent)]
    NoAnswer(#[from] SendError),
    #[error("`{url}` answered {status}")]
    Status { url: String, status: u16 },
    #[error("`{0}` is not the document that is expected there")]
    Document(String),
    #[error("it names a place on another origin, or one without TLS: `{0}`")]
    Origin(String),
    #[error("it wants tokens of `{0}`, to which this application does not show its secret")]
    Issuer(String),
    #[error("this application has no client secret")]
    NoSecret,
    #[error("the identity provider gives this application no token for it: {0}")]
    NoToken(#[from] SignInError),
    #[error("{0}")]
    Envelope(&'static str),
}

impl Policies {
    pub(super) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn held(&self) -> Option<Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps an envelope unless a newer one is there.
    fn keep(&self, new: Held) -> Result<Held, NoPolicy> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.as_ref().is_some_and(|held| held.issued_at > new.issued_at) {
            return Err(NoPolicy::Envelope("its envelope is older than the one before"));
        }
        Ok(held.insert(new).clone())
    }
}

impl Held {
    fn is_fresh(&self, now: Timestamp) -> bool {
        let age = now.duration_since(self.fetched);
        !age.is_negative() && age < self.refresh && self.holds(now)
    }

    fn holds(&self, now: Timestamp) -> bool {
        now < self.not_after
    }
}

impl Parts {
    /// The policy of now.
    pub(super) async fn policy(&self) -> Policy {
        let own = self.settings.api_base_url.clone();
        let Some(manager) = self.settings.enterprise_manager_url.as_deref() else {
            return Policy { registry: own, ..Policy::default() };
        };
        let rules = self.surroundings.rules;
        let now = self.now();
        let held = self.policies.held();
        if let Some(held) = held.as_ref().filter(|held| held.is_fresh(now)) {
            return held.policy(own, None, rules);
        }
        match self.fetch_policy(manager.trim_end_matches('/')).await {
            Ok(fetched) => fetched.policy(own, None, rules),
            Err(error) => {
                let why = format!("The Enterprise Manager’s policy could not be read: {error}.");
                match held.filter(|held| held.holds(now)) {
                    Some(held) => {
                        held.policy(own, Some(format!("{why} The last one is used until it ends.")), rules)
                    }
                    None if !rules.hold(Rule::UiPolicy) => {
                        Policy { assistant: true, registry: own, notice: None }
                    }
                    None => Policy { notice: Some(why), ..Policy::default() },
                }
            }
        }
    }

    async fn fetch_policy(&self, manager: &str) -> Result<Held, NoPolicy> {
        let found: Discovery = document(self.http(), &format!("{manager}{DISCOVERY}")).await?;
        let own = origin(manager);
        for place in [&found.config_endpoint, &found.jwks_uri] {
            if origin(place) != own || !place.starts_with("https://") {
                return Err(NoPolicy::Origin(place.clone()));
            }
        }
        let token = self.own_token(found.oidc).await?;
        let keys = get(self.http(), Request::get(&found.jwks_uri)).await?;
        let keys = KeySet::parse(&keys, Rules::ALL).ok_or(NoPolicy::Document(found.jwks_uri))?;
        let request = Request::get(&found.config_endpoint).header("authorization", format!("Bearer {token}"));
        let answer = get(self.http(), request).await?;
        let jws = String::from_utf8(answer).map_err(|_| NoPolicy::Document(found.config_endpoint))?;
        let now = self.now();
        let payload = if self.surroundings.rules.hold(Rule::UiPolicy) {
            verify(jws.trim(), &keys, manager, now)?
        } else {
            unverified(jws.trim())?
        };
        let refresh = duration::parse(&payload.refresh_interval)
            .ok()
            .filter(SignedDuration::is_positive)
            .ok_or(NoPolicy::Envelope("its envelope has no refresh interval"))?;
        self.policies.keep(Held {
            config: payload.config,
            issued_at: payload.issued_at,
            not_after: payload.not_after,
            fetched: now,
            refresh: refresh.min(LONGEST),
        })
    }

    /// An access token of the application itself. Its secret goes to its own IdP alone.
    async fn own_token(&self, oidc: Oidc) -> Result<String, NoPolicy> {
        if origin(&oidc.issuer) != origin(self.settings.issuer.as_str()) {
            return Err(NoPolicy::Issuer(oidc.issuer));
        }
        let own = self.registration.clone().ok_or(NoPolicy::NoSecret)?;
        // Those of a person's sign-in are no machine's.
        let scopes =
            oidc.scopes.into_iter().filter(|scope| !["openid", "offline_access"].contains(&&**scope));
        let registration = Registration {
            issuer: Issuer::new(oidc.issuer),
            scopes: scopes.collect(),
            resource: self.settings.enterprise_manager_resource.clone(),
            ..own
        };
        let mut chance = self.chance();
        let mut flow =
            SignIn { courier: self.http(), chance: &mut chance, rules: flow_rules(self.surroundings.rules) };
        Ok(flow.client_credentials(&registration).await?.access_token)
    }
}

impl Held {
    fn policy(&self, own: Option<String>, notice: Option<String>, rules: Rules) -> Policy {
        let value = |directive: &str| self.config.get(directive).and_then(|directive| directive.get("value"));
        let registry = value("registry").and_then(|value| value.get("server_api_url")).and_then(Json::as_str);
        Policy {
            assistant: value("assistant") == Some(&Json::Bool(true)) || !rules.hold(Rule::UiFlags),
            registry: registry.filter(|_| rules.hold(Rule::UiRegistry)).map(str::to_owned).or(own),
            notice,
        }
    }
}

/// What an envelope says: for the sabotage of UI-POLICY alone.
fn unverified(jws: &str) -> Result<Payload, NoPolicy> {
    serde_json::from_value(claims::unverified(jws).into())
        .map_err(|_| NoPolicy::Envelope("its envelope is of another form"))
}

/// EM-ENVELOPE as CL-VERIFY reads it: ES256 by a key of the Manager's, of the Manager, for now.
fn verify(jws: &str, keys: &KeySet, manager: &str, now: Timestamp) -> Result<Payload, NoPolicy> {
    let refused = |why: &'static str| NoPolicy::Envelope(why);
    let parts: Vec<_> = jws.split('.').collect();
    let [header, payload, signature] = parts[..] else {
        return Err(refused("its envelope is no compact JWS"));
    };
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
    let object = |part| decode(part).and_then(|bytes| json::object(&bytes));
    let header = object(header).ok_or(refused("its envelope has no header"))?;
    let member = |name| header.get(name).and_then(Json::as_str);
    if member("alg") != Some("ES256") || member("typ") != Some(envelope::TYP) || header.contains_key("crit") {
        return Err(refused("its envelope is signed in another way"));
    }
    let kid = member("kid").ok_or(refused("its envelope names no key"))?;
    let keys =
        keys.named(kid, Algorithm::Es256).map_err(|_| refused("its envelope’s key is not the Manager’s"))?;
    let signed = jws.rsplit_once('.').map_or("", |(signed, _)| signed).as_bytes();
    let signature = decode(signature).unwrap_or_default();
    if !keys.iter().any(|key| key.verify_sig(signed, &signature).is_ok()) {
        return Err(refused("its envelope’s signature does not verify"));
    }
    let members = object(payload).ok_or(refused("its envelope has no payload"))?;
    let payload: Payload =
        serde_json::from_value(members.into()).map_err(|_| refused("its envelope is of another form"))?;
    if payload.iss != manager {
        return Err(refused("its envelope is another Manager’s"));
    }
    if payload.not_after <= now || payload.not_after <= payload.issued_at {
        return Err(refused("its envelope has ended"));
    }
    if payload.issued_at.duration_since(now) > MOST_AHEAD {
        return Err(refused("its envelope is of the future"));
    }
    Ok(payload)
}

fn origin(text: &str) -> Option<String> {
    Url::parse(text).ok().map(|url| url.origin().ascii_serialization())
}

async fn document<T: serde::de::DeserializeOwned>(courier: &dyn Courier, url: &str) -> Result<T, NoPolicy> {
    let body = get(courier, Request::get(url)).await?;
    json::object(&body)
        .and_then(|members| serde_json::from_value(members.into()).ok())
        .ok_or_else(|| NoPolicy::Document(url.to_owned()))
}

async fn get(courier: &dyn Courier, request: Request) -> Result<Vec<u8>, NoPolicy> {
    let url = request.url.clone();
    let answer = courier.send(request).await?;
    if answer.status == 200 { Ok(answer.body) } else { Err(NoPolicy::Status { url, status: answer.status }) }
}

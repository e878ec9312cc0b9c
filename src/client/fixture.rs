//! What the tests of this module share: a platform and an IdP that answer from a script, keys that sign, a folder.

use std::{
    fs,
    path::{Path, PathBuf},
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use aws_lc_rs::{
    agreement::{ECDH_P256, PrivateKey},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use super::{Client, MemoryStore, PlatformUrl, SecretStore, Setup, bootstrap::bootstrap, keys::Keys};
use crate::{
    clock::ManualClock,
    model::{envelope::TYP, rule::Rules},
    net::courier::{Answer, Courier, Request, SendError},
};

pub(super) const PLATFORM: &str = "https://config.example.com";
const IDP: &str = "https://idp.test";

/// 2026-01-01.
pub(super) fn start() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

pub(super) fn platform_url() -> PlatformUrl {
    bootstrap(Some(PLATFORM), None, Rules::ALL).unwrap()
}

/// A folder for one test, gone with the value.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name =
            format!("touchstone-client-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// The names of what is in a folder below, sorted.
    pub(super) fn names(&self, below: &str) -> Vec<String> {
        let entries = fs::read_dir(self.0.join(below)).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

/// A Manager's key.
pub(super) struct Signer {
    pair: EcdsaKeyPair,
    kid: String,
}

impl Signer {
    /// The same key for the same number.
    pub(super) fn new(number: u8) -> Self {
        let scalar = [number; 32];
        let public = PrivateKey::from_private_key(&ECDH_P256, &scalar).unwrap().compute_public_key().unwrap();
        let pair = EcdsaKeyPair::from_private_key_and_public_key(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            &scalar,
            public.as_ref(),
        );
        Self { pair: pair.unwrap(), kid: format!("key-{number}") }
    }

    pub(super) fn kid(&self) -> &str {
        &self.kid
    }

    pub(super) fn jwk(&self) -> Json {
        let point = self.pair.public_key().as_ref();
        let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..]));
        json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": self.kid, "alg": "ES256", "use": "sig" })
    }

    pub(super) fn keys(&self) -> Keys {
        Keys::parse(json!({ "keys": [self.jwk()] }).to_string().as_bytes()).unwrap()
    }

    /// A payload of `start`, with members changed.
    pub(super) fn payload(changes: &Json) -> Json {
        let mut payload = json!({
            "iss": PLATFORM,
            "issued_at": "2026-01-01T00:00:00Z",
            "not_after": "2026-01-02T00:00:00Z",
            "refresh_interval": "5m",
            "config": {},
        });
        for (name, value) in changes.as_object().unwrap() {
            payload[name] = value.clone();
        }
        payload
    }

    pub(super) fn envelope(&self, changes: &Json) -> String {
        let header = json!({ "alg": "ES256", "typ": TYP, "kid": self.kid });
        self.sign(&header, &Self::payload(changes))
    }

    pub(super) fn sign(&self, header: &Json, payload: &Json) -> String {
        self.sign_text(&header.to_string(), &payload.to_string())
    }

    pub(super) fn sign_text(&self, header: &str, payload: &str) -> String {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

type Script = dyn Fn(&Request) -> Result<Answer, SendError> + Send + Sync;

/// Answers from a closure and remembers what it was asked.
pub(super) struct Scripted {
    script: Box<Script>,
    asked: Mutex<Vec<Request>>,
}

impl Scripted {
    pub(super) fn new(
        script: impl Fn(&Request) -> Result<Answer, SendError> + Send + Sync + 'static,
    ) -> Self {
        Self { script: Box::new(script), asked: Mutex::default() }
    }

    /// What was asked since the last time, as `GET path`.
    pub(super) fn asked(&self) -> Vec<Request> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

impl Courier for Scripted {
    fn send(&self, request: Request) -> Pin<Box<dyn Future<Output = Result<Answer, SendError>> + Send + '_>> {
        let answer = (self.script)(&request);
        self.asked.lock().unwrap().push(request);
        Box::pin(std::future::ready(answer))
    }
}

pub(super) fn answer(status: u16, body: &str) -> Answer {
    Answer { status, headers: Vec::new(), body: body.into() }
}

pub(super) fn no_answer(request: &Request) -> SendError {
    SendError::NoAnswer { url: request.url.clone(), cause: "connection refused".into() }
}

type Override = Box<dyn Fn(&Request) -> Option<Result<Answer, SendError>> + Send>;

/// What the scripted platform does; a test changes it as it goes.
pub(super) struct Behaviour {
    pub(super) signer: Signer,
    /// The changes of the envelope's payload.
    pub(super) payload: Json,
    /// Servers that the registry has.
    pub(super) members: Vec<&'static str>,
    /// The IdP's answers to a refresh: a status, and an error or nothing.
    pub(super) refresh: (u16, Option<&'static str>),
    /// The Manager's clock.
    pub(super) date: Option<String>,
    /// Asked first.
    pub(super) instead: Option<Override>,
    /// How many access tokens were issued; only the last is taken.
    pub(super) issued: u64,
}

/// A client's machine and the world around it.
pub(super) struct World {
    pub(super) clock: ManualClock,
    pub(super) scratch: Scratch,
    pub(super) store: Arc<MemoryStore>,
    pub(super) behaviour: Arc<Mutex<Behaviour>>,
    pub(super) courier: Scripted,
}

impl World {
    /// A world in which somebody has signed in already.
    pub(super) fn new(config: &Json) -> Self {
        let behaviour = Arc::new(Mutex::new(Behaviour {
            signer: Signer::new(1),
            payload: json!({ "config": config }),
            members: vec!["github", "fetch"],
            refresh: (200, None),
            date: None,
            instead: None,
            issued: 0,
        }));
        let shared = Arc::clone(&behaviour);
        let store = Arc::new(MemoryStore::default());
        let kept = json!({ "platform_url": PLATFORM, "refresh_token": "refresh-0" });
        store.write("refresh-token", kept.to_string().as_bytes()).unwrap();
        Self {
            clock: ManualClock::at(start()),
            scratch: Scratch::new(),
            store,
            behaviour,
            courier: Scripted::new(move |request| shared.lock().unwrap().answer(request)),
        }
    }

    pub(super) fn open(&self, rules: Rules) -> Client {
        Client::open(Setup {
            platform_url: platform_url(),
            folder: self.folder(),
            store: Arc::clone(&self.store) as Arc<dyn SecretStore>,
            clock: Arc::new(self.clock.clone()),
            seed: [7; 32],
            rules,
        })
    }

    pub(super) fn folder(&self) -> PathBuf {
        self.scratch.path().join("client")
    }

    pub(super) fn with<T>(&self, change: impl FnOnce(&mut Behaviour) -> T) -> T {
        change(&mut self.behaviour.lock().unwrap())
    }

    /// The Manager answers every request for the envelope so.
    pub(super) fn manager_answers(&self, status: u16, body: &'static str) {
        self.instead(move |request| is_config(request).then(|| Ok(answer(status, body))));
    }

    /// Nobody reaches the Manager.
    pub(super) fn outage(&self) {
        self.instead(|request| request.url.starts_with(PLATFORM).then(|| Err(no_answer(request))));
    }

    pub(super) fn instead(
        &self,
        script: impl Fn(&Request) -> Option<Result<Answer, SendError>> + Send + 'static,
    ) {
        self.with(|behaviour| behaviour.instead = Some(Box::new(script)));
    }

    pub(super) fn restore(&self) {
        self.with(|behaviour| behaviour.instead = None);
    }

    /// Another policy, signed at the clock's time.
    pub(super) fn policy(&self, config: &Json) {
        let now = crate::clock::Clock::now(&self.clock);
        let not_after = now + SignedDuration::from_hours(24);
        self.with(|behaviour| {
            behaviour.payload = json!({
                "config": config, "issued_at": now.to_string(), "not_after": not_after.to_string(),
            });
        });
    }

    /// The requests for the envelope since the last time.
    pub(super) fn config_requests(&self) -> Vec<Request> {
        self.courier.asked().into_iter().filter(is_config).collect()
    }
}

pub(super) fn is_config(request: &Request) -> bool {
    request.url == format!("{PLATFORM}/api/v1/config")
}

pub(super) fn header<'r>(request: &'r Request, name: &str) -> Option<&'r str> {
    request.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
}

impl Behaviour {
    fn answer(&mut self, request: &Request) -> Result<Answer, SendError> {
        if let Some(answer) = self.instead.as_ref().and_then(|instead| instead(request)) {
            return answer;
        }
        let json = |body: Json| Ok(answer(200, &body.to_string()));
        let registry = "https://registry.example.com/v0.1/servers/";
        if let Some(rest) = request.url.strip_prefix(registry) {
            let member = self.members.iter().find(|name| rest == format!("{name}/versions/latest"));
            return match member {
                Some(name) => json(json!({ "server": { "name": name } })),
                None => Ok(answer(404, "{}")),
            };
        }
        match request.url.strip_prefix(PLATFORM) {
            Some("/.well-known/oauth-protected-resource") => {
                json(json!({ "resource": PLATFORM, "authorization_servers": [IDP] }))
            }
            Some("/.well-known/toolhive-configuration") => json(json!({
                "config_endpoint": format!("{PLATFORM}/api/v1/config"),
                "jwks_uri": format!("{PLATFORM}/.well-known/jwks.json"),
                "oidc": { "issuer": IDP, "client_id": "cli", "scopes": ["openid", "offline_access"] },
            })),
            Some("/.well-known/jwks.json") => json(json!({ "keys": [self.signer.jwk()] })),
            Some("/api/v1/config") => Ok(self.config(request)),
            Some(_) => Ok(answer(404, "")),
            None => self.identity_provider(request),
        }
    }

    fn config(&self, request: &Request) -> Answer {
        let bearer = format!("Bearer access-{}", self.issued);
        if header(request, "authorization") != Some(&bearer) {
            return answer(401, "");
        }
        let etag = format!("\"{}\"", self.payload);
        let date = self.date.iter().map(|date| ("date".to_owned(), date.clone()));
        let headers = date.chain([("etag".to_owned(), etag.clone())]).collect();
        if header(request, "if-none-match") == Some(&etag) {
            return Answer { status: 304, headers, body: Vec::new() };
        }
        Answer { status: 200, headers, body: self.signer.envelope(&self.payload).into() }
    }

    fn identity_provider(&mut self, request: &Request) -> Result<Answer, SendError> {
        match request.url.strip_prefix(IDP) {
            Some("/.well-known/openid-configuration") => Ok(answer(
                200,
                &json!({
                    "issuer": IDP,
                    "authorization_endpoint": format!("{IDP}/authorize"),
                    "token_endpoint": format!("{IDP}/token"),
                })
                .to_string(),
            )),
            Some("/token") => {
                let (status, error) = self.refresh;
                if let Some(error) = error {
                    return Ok(answer(status, &json!({ "error": error }).to_string()));
                }
                self.issued += 1;
                Ok(answer(
                    status,
                    &json!({
                        "access_token": format!("access-{}", self.issued),
                        "token_type": "Bearer",
                        "refresh_token": format!("refresh-{}", self.issued),
                        "expires_in": 3_600,
                    })
                    .to_string(),
                ))
            }
            _ => Err(no_answer(request)),
        }
    }
}

/// A registry that nobody can override, and `block_new` after an hour.
pub(super) fn strict() -> Json {
    json!({
        "registry": { "value": { "api_url": "https://registry.example.com" }, "enforcement": "enforced" },
        "non_registry_servers": { "value": false, "enforcement": "enforced" },
        "playground": { "value": false, "enforcement": "default" },
        "degraded_mode": { "policy": "block_new", "grace_period": "1h", "message": "Call the help desk." },
    })
}

pub(super) fn warn() -> Json {
    let mut config = strict();
    config["degraded_mode"] = json!({ "policy": "warn", "grace_period": "1h" });
    config
}

pub(super) fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

/// A world and a client that had its first contact.
pub(super) async fn enrolled(config: &Json, rules: Rules) -> (World, Client) {
    let world = World::new(config);
    let mut client = world.open(rules);
    let poll = client.poll(&world.courier).await;
    assert!(poll.contact, "{poll:?}");
    world.courier.asked();
    (world, client)
}

/// The same, with nobody reaching the Manager any more, some minutes later.
pub(super) async fn away(config: &Json, by: i64, rules: Rules) -> (World, Client) {
    let (world, client) = enrolled(config, rules).await;
    world.outage();
    world.clock.advance(minutes(by));
    (world, client)
}

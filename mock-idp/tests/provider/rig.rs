//! A provider under test, a client that finds and trusts it, and the steps of a sign-in.

use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, LazyLock},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{DecodingKey, Validation, jwk::JwkSet};
use mock_idp::{
    IdpClock, KeyPool, ManualClock, Running, Settings, Tenant, WrongTls, start, tenants::SHIPPED,
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use reqwest::{Client, Method, Response, StatusCode};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};
use serde_json::{Value as Json, json};
use spanned_yaml::Source;
use url::Url;

/// RFC 7636 appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(crate) const LOOPBACK: &str = "http://127.0.0.1:49152/callback";
pub(crate) const SECRET: &str = "control-secret";
pub(crate) const START: &str = "2026-01-01T00:00:00Z";
pub(crate) const CLI: &str = "0oaclitouchstone1";
pub(crate) const WEB: &str = "0oaclouduitouch01";
pub(crate) const WEB_REDIRECT: &str = "https://cloud-ui.example.com/api/auth/oauth2/callback/okta";
pub(crate) const WEB_SECRET: &str = "cloud-ui-mock-secret";
pub(crate) const CONFIG: &str = "toolhive:config:read";

/// Keys are made once for all tests: no test compares keys of two providers.
static KEYS: LazyLock<KeyPool> = LazyLock::new(KeyPool::new);

pub(crate) struct Rig {
    pub(crate) http: Client,
    pub(crate) clock: ManualClock,
    pub(crate) issuers: Vec<String>,
    pub(crate) address: SocketAddr,
    control: SocketAddr,
    authority: CertificateDer<'static>,
    _running: Running,
}

/// The token endpoint's answer.
pub(crate) struct Tokens(pub(crate) Json);

impl Rig {
    /// A shipped tenant.
    pub(crate) fn shipped(name: &str) -> Self {
        Self::start(shipped(name), [7; 32])
    }

    /// A shipped tenant with a piece of text replaced.
    pub(crate) fn changed(name: &str, from: &str, to: &str) -> Self {
        let text = shipped(name);
        assert!(text.contains(from), "{from}");
        Self::start(&text.replace(from, to), [7; 32])
    }

    /// A provider that has no certificate for the fault of that name.
    pub(crate) fn with_one_certificate(name: &str) -> Self {
        Self::launch(shipped(name), [7; 32], KEYS.clone(), false)
    }

    /// A provider whose keys are of its seed too.
    pub(crate) fn seeded(text: &str, seed: [u8; 32]) -> Self {
        Self::launch(text, seed, KeyPool::seeded(seed), true)
    }

    /// A shipped tenant at an address of its own.
    pub(crate) fn moved(name: &str, origin: &str) -> Self {
        let (tenant, _) = Tenant::parse(&Source::new(name, shipped(name))).unwrap();
        Self::serve(tenant.at(origin).unwrap(), [7; 32], KEYS.clone(), true)
    }

    pub(crate) fn start(text: &str, seed: [u8; 32]) -> Self {
        Self::launch(text, seed, KEYS.clone(), true)
    }

    fn launch(text: &str, seed: [u8; 32], keys: KeyPool, has_wrong: bool) -> Self {
        let (tenant, warnings) = Tenant::parse(&Source::new("tenant.yaml", text)).unwrap();
        assert!(warnings.is_empty(), "{warnings}");
        Self::serve(tenant, seed, keys, has_wrong)
    }

    fn serve(tenant: Tenant, seed: [u8; 32], keys: KeyPool, has_wrong: bool) -> Self {
        let (hosts, issuers) = (tenant.hosts(), tenant.issuers());
        let certificates = Certificates::new(&hosts);
        let authority = certificates.trusted.der().clone();
        let clock = ManualClock::at(START.parse().unwrap());
        let bind = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let running = start(Settings {
            tenant,
            seed,
            clock: IdpClock::Manual(clock.clone()),
            keys,
            tls: certificates.tls(&certificates.trusted, |_| {}),
            wrong_tls: if has_wrong { certificates.wrong() } else { WrongTls::default() },
            listener: bind(),
            control: Some((bind(), SECRET.to_owned())),
        })
        .unwrap();
        let http = client(&authority, &hosts, running.address);
        let control = running.control_address.unwrap();
        let authority = authority.into_owned();
        Self { http, clock, issuers, address: running.address, control, authority, _running: running }
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.issuers[0]
    }

    /// Moves the provider's clock; a negative number sets it back.
    pub(crate) fn wait(&self, seconds: i64) {
        self.clock.advance(jiff::SignedDuration::from_secs(seconds));
    }

    pub(crate) async fn get(&self, url: &str) -> Response {
        self.http.get(url).send().await.unwrap()
    }

    /// A request byte by byte, which no client would send, and the answer until the connection ends.
    pub(crate) async fn raw(&self, request: String) -> String {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let (name, address) = ("localhost".try_into().unwrap(), self.address);
        let talk = move || {
            let connection = ClientConnection::new(Arc::new(config), name).unwrap();
            let mut stream = StreamOwned::new(connection, TcpStream::connect(address).unwrap());
            stream.write_all(request.as_bytes()).unwrap();
            let mut answer = Vec::new();
            // A provider that hangs up without a farewell has answered all the same.
            let _ = stream.read_to_end(&mut answer);
            String::from_utf8_lossy(&answer).into_owned()
        };
        tokio::task::spawn_blocking(talk).await.unwrap()
    }

    pub(crate) async fn json(&self, url: &str) -> Json {
        let response = self.get(url).await;
        assert_eq!(response.status(), StatusCode::OK, "{url}");
        response.json().await.unwrap()
    }

    /// An endpoint by its name in the discovery document.
    pub(crate) async fn endpoint(&self, issuer: &str, name: &str) -> String {
        let document = self.json(&document(issuer)).await;
        document[name].as_str().unwrap().to_owned()
    }

    /// An authorization request; `extra` replaces or adds parameters, an empty value leaves one out.
    pub(crate) async fn authorize(
        &self,
        issuer: &str,
        client: &str,
        scope: &str,
        extra: &[(&str, &str)],
    ) -> Response {
        self.authorize_with("", issuer, client, scope, extra).await
    }

    /// The same from a browser that has a cookie.
    pub(crate) async fn authorize_with(
        &self,
        cookie: &str,
        issuer: &str,
        client: &str,
        scope: &str,
        extra: &[(&str, &str)],
    ) -> Response {
        let endpoint = self.endpoint(issuer, "authorization_endpoint").await;
        let mut params = BTreeMap::from([
            ("client_id", client),
            ("redirect_uri", LOOPBACK),
            ("response_type", "code"),
            ("scope", scope),
            ("state", "st&te"),
            ("nonce", "n0nce"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]);
        params.extend(extra.iter().copied());
        params.retain(|_, value| !value.is_empty());
        self.http.get(endpoint).query(&params).header("cookie", cookie).send().await.unwrap()
    }

    /// Fills in the form of a sign-in page.
    pub(crate) async fn submit(&self, page: Response, user: &str, password: &str) -> Response {
        let url = page.url().clone();
        let html = page.text().await.unwrap();
        let action = url.join(&between(&html, "action=\"", "\"")).unwrap();
        let transaction = between(&html, "name=\"transaction\" value=\"", "\"");
        let form = [("transaction", transaction.as_str()), ("username", user), ("password", password)];
        self.http.post(action).form(&form).send().await.unwrap()
    }

    /// Signs Ann in and returns the parameters that come back to the client.
    pub(crate) async fn sign_in(
        &self,
        issuer: &str,
        client: &str,
        scope: &str,
        extra: &[(&str, &str)],
    ) -> BTreeMap<String, String> {
        let page = self.authorize(issuer, client, scope, extra).await;
        assert_eq!(page.status(), StatusCode::OK, "{:?}", page.headers());
        let response = self.submit(page, "ann@acme.test", "ann-mock-password").await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        returned(&response)
    }

    /// A form to an endpoint by its name in the discovery document, as `client` with its secret where there is one.
    pub(crate) async fn post(
        &self,
        issuer: &str,
        name: &str,
        client: Option<(&str, &str)>,
        form: &[(&str, &str)],
    ) -> Response {
        let request = self.http.post(self.endpoint(issuer, name).await).form(form);
        let request = match client {
            Some((id, secret)) => request.basic_auth(id, Some(secret)),
            None => request,
        };
        request.send().await.unwrap()
    }

    pub(crate) async fn token(&self, issuer: &str, form: &[(&str, &str)]) -> Response {
        let endpoint = self.endpoint(issuer, "token_endpoint").await;
        self.http.post(endpoint).form(form).send().await.unwrap()
    }

    pub(crate) async fn redeem(&self, issuer: &str, client: &str, code: &str, verifier: &str) -> Response {
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", client),
            ("code", code),
            ("redirect_uri", LOOPBACK),
            ("code_verifier", verifier),
        ];
        self.token(issuer, &form).await
    }

    /// The whole flow of a public client.
    pub(crate) async fn tokens(
        &self,
        issuer: &str,
        client: &str,
        scope: &str,
        extra: &[(&str, &str)],
    ) -> Tokens {
        let returned = self.sign_in(issuer, client, scope, extra).await;
        let response = self.redeem(issuer, client, &returned["code"], VERIFIER).await;
        assert_eq!(response.status(), StatusCode::OK);
        Tokens(response.json().await.unwrap())
    }

    pub(crate) async fn control(&self, method: Method, path: &str, body: Option<Json>) -> (StatusCode, Json) {
        let url = format!("https://localhost:{}/control/{path}", self.control.port());
        let request = self.http.request(method, url).bearer_auth(SECRET);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let response = request.send().await.unwrap();
        let status = response.status();
        (status, response.json().await.unwrap_or(Json::Null))
    }

    /// The control wire with another credential.
    pub(crate) async fn control_as(&self, credential: Option<&str>, path: &str) -> StatusCode {
        let url = format!("https://localhost:{}/control/{path}", self.control.port());
        let mut request = self.http.get(url);
        if let Some(credential) = credential {
            request = request.header("authorization", credential);
        }
        request.send().await.unwrap().status()
    }

    pub(crate) async fn mint(&self, order: Json) -> Json {
        let (status, minted) = self.control(Method::POST, "mint", Some(order)).await;
        assert_eq!(status, StatusCode::OK, "{minted}");
        minted
    }

    /// Verifies with an independent library against the published key set.
    pub(crate) async fn verify(&self, issuer: &str, token: &str) -> Result<Json, String> {
        let url = self.endpoint(issuer, "jwks_uri").await;
        let keys: JwkSet = serde_json::from_value(self.json(&url).await).unwrap();
        let header = jsonwebtoken::decode_header(token).map_err(|error| error.to_string())?;
        let key = header.kid.as_deref().and_then(|kid| keys.find(kid)).ok_or("no such key")?;
        let mut validation = Validation::new(header.alg);
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        let key = DecodingKey::from_jwk(key).map_err(|error| error.to_string())?;
        let data =
            jsonwebtoken::decode::<Json>(token, &key, &validation).map_err(|error| error.to_string())?;
        Ok(data.claims)
    }
}

impl Tokens {
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap_or_else(|| panic!("no {name} in {}", self.0))
    }

    pub(crate) fn access(&self) -> &str {
        self.text("access_token")
    }
}

/// The discovery document of an issuer, which may end in a slash.
pub(crate) fn document(issuer: &str) -> String {
    format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'))
}

pub(crate) fn shipped(name: &str) -> &'static str {
    SHIPPED.iter().find(|(known, _)| *known == name).unwrap().1
}

/// Header and claims.
pub(crate) fn decode(token: &str) -> Json {
    let part = |index: usize| -> Json {
        let part = token.split('.').nth(index).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    json!({"header": part(0), "claims": part(1)})
}

/// The parameters of a redirect, of query and fragment alike.
pub(crate) fn returned(response: &Response) -> BTreeMap<String, String> {
    let location = response.headers()["location"].to_str().unwrap();
    let url = Url::parse(location).unwrap();
    let text = url.fragment().or(url.query()).unwrap_or_default().to_owned();
    url::form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}

/// The cookie that an answer sets, as a browser sends it back.
pub(crate) fn cookie(response: &Response) -> String {
    let value = response.headers()["set-cookie"].to_str().unwrap();
    value.split(';').next().unwrap().to_owned()
}

/// Status and `error` of a JSON answer.
pub(crate) async fn refused(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body: Json = response.json().await.unwrap();
    (status, body["error"].as_str().unwrap_or_default().to_owned())
}

pub(crate) fn between(text: &str, before: &str, after: &str) -> String {
    let (_, rest) = text.split_once(before).unwrap();
    rest.split_once(after).unwrap().0.to_owned()
}

#[expect(clippy::disallowed_methods, reason = "a client with trust and names of its own, as the rule wants")]
fn client(authority: &CertificateDer<'_>, hosts: &[String], address: SocketAddr) -> Client {
    let root = reqwest::Certificate::from_der(authority).unwrap();
    let builder =
        Client::builder().tls_certs_only([root]).no_proxy().redirect(reqwest::redirect::Policy::none());
    hosts.iter().fold(builder, |builder, host| builder.resolve(host, address)).build().unwrap()
}

/// What certificates are made of.
struct Certificates {
    trusted: CertifiedIssuer<'static, KeyPair>,
    names: Vec<String>,
}

impl Certificates {
    fn new(hosts: &[String]) -> Self {
        let mut names = hosts.to_vec();
        names.push("localhost".to_owned());
        Self { trusted: authority("trusted"), names }
    }

    fn wrong(&self) -> WrongTls {
        WrongTls {
            untrusted: Some(self.tls(&authority("untrusted"), |_| {})),
            expired: Some(self.tls(&self.trusted, |params| {
                params.not_before = date_time_ymd(2020, 1, 1);
                params.not_after = date_time_ymd(2021, 1, 1);
            })),
            other_name: Some(self.tls(&self.trusted, |params| {
                *params = CertificateParams::new(vec!["elsewhere.invalid".to_owned()]).unwrap();
            })),
        }
    }

    fn tls(
        &self,
        authority: &CertifiedIssuer<'static, KeyPair>,
        change: fn(&mut CertificateParams),
    ) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(self.names.clone()).unwrap();
        change(&mut params);
        let leaf = params.signed_by(&key, authority).unwrap();
        let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], private)
            .unwrap();
        Arc::new(config)
    }
}

fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

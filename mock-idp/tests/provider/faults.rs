//! Faults, each as a client over real TLS sees it.

use std::{io::ErrorKind, time::Duration};

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value as Json, json};
use tokio::net::TcpStream;

use crate::rig::{CLI, CONFIG, Rig, VERIFIER, WEB, WEB_SECRET, decode, returned};

const KEYS: &str = "https://acme.okta.com/oauth2/aus1em/v1/keys";
const DISCOVERY: &str = "https://acme.okta.com/oauth2/aus1em/.well-known/openid-configuration";
/// What a test waits for an answer that does not come.
const PATIENCE: Duration = Duration::from_millis(200);

impl Rig {
    async fn fault(&self, order: Json) {
        let (status, answer) = self.control(Method::POST, "faults", Some(order)).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
    }

    async fn no_faults(&self) {
        assert_eq!(self.control(Method::DELETE, "faults", None).await.0, StatusCode::NO_CONTENT);
    }

    /// A request that may fail.
    async fn attempt(&self, url: &str) -> Result<Response, reqwest::Error> {
        self.http.get(url).send().await
    }

    /// A request that nobody answers in time.
    async fn wait_in_vain(&self, url: &str) {
        let error = self.http.get(url).timeout(PATIENCE).send().await.unwrap_err();
        assert!(error.is_timeout(), "{}", chain(&error));
    }

    /// Endpoint, status and fault of the newest entries of the journal, the newest first.
    async fn journal(&self) -> Vec<(String, u64, Json)> {
        let (_, journal) = self.control(Method::GET, "journal", None).await;
        let entries = journal.as_array().unwrap().iter().rev();
        let text = |entry: &Json| entry["endpoint"].as_str().unwrap().to_owned();
        entries
            .map(|entry| (text(entry), entry["status"].as_u64().unwrap(), entry["fault"].clone()))
            .collect()
    }
}

/// The whole chain of an error, which is where the reason is.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

#[tokio::test]
async fn nothing_answers() {
    let rig = Rig::shipped("okta-per-component");
    assert!(rig.attempt(KEYS).await.is_ok(), "and the connection is kept alive");
    rig.fault(json!({"kind": "unreachable"})).await;
    for _ in 0..2 {
        rig.wait_in_vain(KEYS).await;
    }
    rig.no_faults().await;
    assert!(rig.attempt(KEYS).await.is_ok());
    assert_eq!(rig.journal().await.len(), 2, "what did not arrive is not in the journal");
}

#[tokio::test]
async fn a_waiting_connection_ends_with_its_fault() {
    let rig = Rig::shipped("okta-per-component");
    rig.fault(json!({"kind": "unreachable", "count": 1})).await;
    let stream = TcpStream::connect(rig.address).await.unwrap();
    stream.try_write(b"never read").unwrap();
    while rig.control(Method::GET, "faults", None).await.1 != json!([]) {}
    assert!(rig.attempt(KEYS).await.is_ok(), "it was the one: the next is served");
    let mut buffer = [0; 1];
    assert_eq!(stream.try_read(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock, "it still waits");
    rig.fault(json!({"kind": "refused"})).await;
    assert_ended(&stream).await;
}

#[tokio::test]
async fn a_request_in_progress_ends_too() {
    let rig = Rig::shipped("okta-per-component");
    rig.fault(json!({"kind": "slow", "delay": "60s"})).await;
    let request = tokio::spawn(rig.http.get(KEYS).timeout(Duration::from_secs(30)).send());
    while rig.journal().await.is_empty() {}
    rig.fault(json!({"kind": "refused"})).await;
    let error = request.await.unwrap().unwrap_err();
    assert!(!error.is_timeout(), "{}", chain(&error));
}

#[tokio::test]
async fn connections_are_refused() {
    let rig = Rig::shipped("okta-per-component");
    assert!(rig.attempt(KEYS).await.is_ok());
    rig.fault(json!({"kind": "refused"})).await;
    let error = rig.attempt(KEYS).await.unwrap_err();
    assert!(!error.is_timeout() && error.is_connect(), "{}", chain(&error));
    let (status, _) = rig.control(Method::POST, "reset", None).await;
    assert_eq!(status, StatusCode::NO_CONTENT, "the control wire still answers");
    assert!(rig.attempt(KEYS).await.is_ok(), "a reset lifts all");
}

#[tokio::test]
async fn the_certificate_is_wrong() {
    let rig = Rig::shipped("okta-per-component");
    assert!(rig.attempt(KEYS).await.is_ok());
    for (order, reason) in [
        (json!({"kind": "certificate"}), "UnknownIssuer"),
        (json!({"kind": "certificate", "why": "expired"}), "certificate expired"),
        (json!({"kind": "certificate", "why": "other-name"}), "not valid for name"),
    ] {
        rig.fault(order).await;
        let error = rig.attempt(KEYS).await.unwrap_err();
        assert!(chain(&error).contains(reason), "{}", chain(&error));
        rig.no_faults().await;
        assert!(rig.attempt(KEYS).await.is_ok());
    }
}

#[tokio::test]
async fn one_shots_queue_up() {
    let rig = Rig::shipped("okta-per-component");
    for issuer in ["https://a.example", "https://b.example"] {
        let set = json!({"/issuer": issuer});
        rig.fault(json!({"kind": "document", "endpoint": "discovery", "set": set, "count": 1})).await;
    }
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(rig.json(DISCOVERY).await["issuer"].clone());
    }
    assert_eq!(seen, ["https://a.example", "https://b.example", rig.issuer()], "the issuer drifts");
}

#[tokio::test]
async fn a_fault_is_for_certain_requests() {
    let rig = Rig::shipped("okta-per-component");
    let path = "/oauth2/aus1ui/v1/keys";
    rig.fault(json!({"kind": "status", "status": 500, "matching": {"/path": path}})).await;
    assert!(rig.attempt(KEYS).await.unwrap().status().is_success());
    let other = rig.attempt(&format!("https://acme.okta.com{path}")).await.unwrap();
    assert_eq!(other.status(), StatusCode::INTERNAL_SERVER_ERROR);
    rig.no_faults().await;

    let only = json!({"/client_id": WEB, "/grant_type": "client_credentials"});
    rig.fault(json!({"kind": "status", "endpoint": "token", "status": 502, "matching": only})).await;
    rig.tokens(rig.issuer(), CLI, "openid", &[]).await;
    let token = rig.endpoint(rig.issuer(), "token_endpoint").await;
    let form = [("grant_type", "client_credentials"), ("scope", CONFIG)];
    let answer = rig.http.post(&token).basic_auth(WEB, Some(WEB_SECRET)).form(&form).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_GATEWAY);
    let (_, journal) = rig.control(Method::GET, "journal", None).await;
    let entry = journal.as_array().unwrap().last().unwrap();
    let asked = ["client_id", "grant_type", "fault"].map(|name| entry[name].as_str().unwrap());
    assert_eq!(asked, [WEB, "client_credentials", "status"], "the journal says what was asked");
    rig.no_faults().await;

    rig.fault(json!({"kind": "access_token", "claims": {"aud": "x"}, "matching": {"/client_id": WEB}})).await;
    let tokens = rig.tokens(rig.issuer(), CLI, "openid", &[]).await;
    assert_eq!(decode(tokens.access())["claims"]["aud"], "enterprise-manager");
}

#[tokio::test]
async fn the_provider_limits_its_rate() {
    let rig = Rig::shipped("okta-per-component");
    rig.fault(json!({"kind": "rate_limited", "seconds": 30, "count": 1})).await;
    let answer = rig.attempt(KEYS).await.unwrap();
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    let headers = ["x-rate-limit-remaining", "x-rate-limit-reset"].map(|name| &answer.headers()[name]);
    assert_eq!(headers, ["0", "1767225630"]);
    assert_eq!(answer.json::<Json>().await.unwrap()["errorCode"], "E0000047");
    assert!(rig.attempt(KEYS).await.unwrap().status().is_success());

    let rig = Rig::shipped("entra-quickstart");
    rig.fault(json!({"kind": "rate_limited", "endpoint": "token"})).await;
    let answer = rig.token(rig.issuer(), &[("grant_type", "client_credentials")]).await;
    assert_eq!((answer.status().as_u16(), &answer.headers()["retry-after"]), (429, &"60".parse().unwrap()));
    assert_eq!(answer.json::<Json>().await.unwrap()["error_codes"], json!([90055]));
}

#[tokio::test]
async fn an_access_token_is_issued_wrongly() {
    let rig = Rig::shipped("okta-per-component");
    let scope = &format!("openid {CONFIG}");
    let good = rig.tokens(rig.issuer(), CLI, scope, &[]).await;
    rig.fault(json!({
        "kind": "access_token", "header": {"typ": "x"}, "claims": {"aud": ["a"]}, "without": ["uid"],
        "without_header": ["kid"], "count": 1,
    }))
    .await;
    rig.fault(json!({"kind": "access_token", "sign": "ps256", "count": 1})).await;
    rig.fault(json!({"kind": "access_token", "sign": "embedded-jwk", "count": 1})).await;
    let edited = rig.tokens(rig.issuer(), CLI, scope, &[]).await;
    let edited = decode(edited.access());
    assert_eq!(edited["header"], json!({"alg": "RS256", "typ": "x"}));
    assert!(edited["claims"]["aud"] == json!(["a"]) && edited["claims"].get("uid").is_none());
    let other = rig.tokens(rig.issuer(), CLI, scope, &[]).await;
    assert_eq!(decode(other.access())["header"]["alg"], "PS256");
    assert!(rig.verify(rig.issuer(), other.access()).await.is_ok());
    assert!(rig.verify(rig.issuer(), other.text("id_token")).await.is_ok(), "the ID token is untouched");
    let embedded = rig.tokens(rig.issuer(), CLI, scope, &[]).await;
    assert_eq!(decode(embedded.access())["header"]["jwk"]["kty"], "RSA");
    assert_eq!(rig.verify(rig.issuer(), embedded.access()).await.unwrap_err(), "InvalidSignature");
    let names =
        |token: &str| decode(token)["header"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let after = rig.tokens(rig.issuer(), CLI, scope, &[]).await;
    assert_eq!(names(after.access()), names(good.access()), "one each");

    rig.fault(json!({"kind": "id_token", "sign": "none", "count": 1})).await;
    let unsigned = rig.tokens(rig.issuer(), CLI, scope, &[]).await;
    assert!(unsigned.text("id_token").ends_with('.'));
    rig.fault(json!({"kind": "access_token", "sign": "ecdsa-der", "count": 1})).await;
    let untouched = rig.tokens(rig.issuer(), CLI, scope, &[]).await;
    assert!(rig.verify(rig.issuer(), untouched.access()).await.is_ok());
    assert_eq!(
        rig.control(Method::GET, "faults", None).await.1[0]["count"],
        1,
        "what cannot be does not count"
    );
}

#[tokio::test]
async fn an_answer_is_slow() {
    let rig = Rig::shipped("okta-per-component");
    rig.fault(json!({"kind": "slow", "endpoint": "keys", "delay": "60s", "count": 1})).await;
    assert!(rig.attempt(DISCOVERY).await.is_ok(), "others are not");
    rig.wait_in_vain(KEYS).await;
    assert_eq!(rig.journal().await[0], ("keys".to_owned(), 200, json!("slow")), "it was asked all the same");
    assert!(rig.attempt(KEYS).await.is_ok(), "one only");
    rig.fault(json!({"kind": "slow", "delay": "1ms"})).await;
    assert!(rig.attempt(KEYS).await.is_ok(), "late, and right");
    assert_eq!(rig.journal().await[0], ("keys".to_owned(), 200, json!("slow")));
}

#[tokio::test]
async fn an_answer_is_another() {
    let rig = Rig::shipped("okta-per-component");
    rig.fault(json!({
        "kind": "status", "endpoint": "keys", "status": 503, "headers": {"Retry-After": "7", "date": "never"},
        "body": "down", "content_type": "text/plain", "count": 1,
    }))
    .await;
    let answer = rig.attempt(KEYS).await.unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    let headers =
        ["retry-after", "date", "content-type", "content-length"].map(|name| &answer.headers()[name]);
    assert_eq!(headers, ["7", "never", "text/plain", "4"]);
    assert_eq!(answer.text().await.unwrap(), "down");
    assert_eq!(rig.journal().await[0], ("keys".to_owned(), 503, json!("status")));

    rig.fault(json!({"kind": "body", "body": "<html>", "content_type": "text/html", "bytes": 8 << 20})).await;
    let answer = rig.http.get(KEYS).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-type"], "text/html");
    let body = answer.text().await.unwrap();
    assert_eq!((body.len(), body.trim_end()), (8 << 20, "<html>"));

    rig.fault(json!({"kind": "body", "endpoint": "keys"})).await;
    let answer = rig.attempt(KEYS).await.unwrap();
    assert!(answer.headers().get("content-type").is_none());
    assert_eq!(answer.text().await.unwrap(), "");
    assert_eq!(
        rig.attempt(DISCOVERY).await.unwrap().headers()["content-type"],
        "text/html",
        "the other is there"
    );

    rig.no_faults().await;
    rig.fault(json!({"kind": "redirect", "endpoint": "discovery", "location": "https://evil.example/x"}))
        .await;
    let answer = rig.attempt(DISCOVERY).await.unwrap();
    assert_eq!(answer.status(), StatusCode::FOUND);
    assert_eq!(answer.headers()["location"], "https://evil.example/x");
    assert_eq!(rig.attempt("https://acme.okta.com/healthz").await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn an_endpoint_that_is_not_asked_spends_nothing() {
    let rig = Rig::shipped("okta-per-component");
    let code = rig.sign_in(rig.issuer(), CLI, "openid", &[]).await["code"].clone();
    rig.fault(json!({"kind": "status", "endpoint": "token", "status": 502, "count": 1})).await;
    assert_eq!(rig.redeem(rig.issuer(), CLI, &code, VERIFIER).await.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(rig.redeem(rig.issuer(), CLI, &code, VERIFIER).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn documents_are_edited() {
    let rig = Rig::shipped("okta-per-component");
    let before = rig.json(DISCOVERY).await;
    rig.fault(json!({
        "kind": "document", "endpoint": "discovery",
        "set": {"/issuer": "https://evil.example"}, "without": ["/jwks_uri", "/nothing"],
    }))
    .await;
    let mut expected = before.clone();
    expected["issuer"] = "https://evil.example".into();
    expected.as_object_mut().unwrap().shift_remove("jwks_uri");
    assert_eq!(rig.json(DISCOVERY).await.to_string(), expected.to_string(), "and nothing else");
    rig.fault(json!({"kind": "document", "endpoint": "keys", "set": {"/keys": []}})).await;
    assert_eq!(rig.json(KEYS).await, json!({"keys": []}));
    let journal = rig.journal().await;
    assert_eq!(journal[0], ("keys".to_owned(), 200, json!("document")));
    assert_eq!(journal[2], ("discovery".to_owned(), 200, Json::Null));

    rig.no_faults().await;
    rig.fault(json!({"kind": "document", "endpoint": "token", "without": ["/expires_in"], "count": 1})).await;
    let tokens = rig.tokens(rig.issuer(), CLI, "openid", &[]).await;
    assert!(tokens.0.get("expires_in").is_none());
    rig.fault(json!({"kind": "document", "without": ["/no_such_member"], "count": 1})).await;
    rig.json(KEYS).await;
    assert_eq!(rig.journal().await[0].2, Json::Null, "it changed nothing");
    assert_eq!(rig.control(Method::GET, "faults", None).await.1[0]["count"], 1, "so it does not count");
}

#[tokio::test]
async fn a_body_ends_too_early() {
    let rig = Rig::shipped("okta-per-component");
    let whole = rig.attempt(KEYS).await.unwrap().bytes().await.unwrap();
    rig.fault(json!({"kind": "truncated", "endpoint": "keys", "count": 1})).await;
    let mut answer = rig.attempt(KEYS).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.content_length(), Some(whole.len() as u64));
    let mut part = Vec::new();
    let error = loop {
        match answer.chunk().await {
            Ok(Some(chunk)) => part.extend_from_slice(&chunk),
            Ok(None) => panic!("it is complete"),
            Err(error) => break error,
        }
    };
    assert_eq!(part, whole[..whole.len() / 2], "{}", chain(&error));
    assert_eq!(rig.journal().await[0], ("keys".to_owned(), 200, json!("truncated")));
    assert_eq!(rig.attempt(KEYS).await.unwrap().bytes().await.unwrap(), whole);

    rig.fault(json!({"kind": "body", "endpoint": "keys", "bytes": 1_000_001})).await;
    rig.fault(json!({"kind": "truncated", "endpoint": "keys"})).await;
    let error = rig.http.get(KEYS).send().await.unwrap().bytes().await.unwrap_err();
    assert!(error.is_decode() || error.is_body(), "a large one too: {}", chain(&error));
    assert_eq!(rig.journal().await[0].2, json!("body, truncated"));
}

#[tokio::test]
async fn the_way_back_to_the_client_is_edited() {
    let rig = Rig::shipped("generic");
    let client = "stacklok-cli";
    rig.fault(json!({
        "kind": "callback", "set": {"state": "x", "iss": "https://evil.example", "new": "1"}, "without": ["code"],
        "count": 1,
    }))
    .await;
    let edited = rig.sign_in(rig.issuer(), client, "openid", &[]).await;
    let edited: Vec<_> = edited.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(edited, [("iss", "https://evil.example"), ("new", "1"), ("state", "x")]);
    assert_eq!(rig.journal().await[0], ("login".to_owned(), 303, json!("callback")));
    assert_eq!(rig.sign_in(rig.issuer(), client, "openid", &[]).await["state"], "st&te");

    rig.fault(json!({"kind": "callback", "endpoint": "authorize", "without": ["state"]})).await;
    let refused = rig.authorize(rig.issuer(), client, "openid", &[("prompt", "none")]).await;
    assert!(!returned(&refused).contains_key("state"));
    assert!(
        rig.sign_in(rig.issuer(), client, "openid", &[]).await.contains_key("state"),
        "elsewhere it stays"
    );
}

#[tokio::test]
async fn an_id_token_is_signed_with_other_claims() {
    let rig = Rig::shipped("okta-per-component");
    rig.fault(json!({"kind": "id_token", "claims": {"nonce": "x", "aud": ["a", "b"]}, "without": ["amr"]}))
        .await;
    let tokens = rig.tokens(rig.issuer(), CLI, "openid", &[]).await;
    let claims = rig.verify(rig.issuer(), tokens.text("id_token")).await.unwrap();
    assert_eq!((&claims["nonce"], &claims["aud"]), (&json!("x"), &json!(["a", "b"])));
    assert!(claims.get("amr").is_none() && claims["sub"].is_string());
    assert_eq!(
        decode(tokens.access())["claims"]["aud"],
        "enterprise-manager",
        "the access token is untouched"
    );
    let journal = rig.journal().await;
    assert!(journal.contains(&("token".to_owned(), 200, json!("id_token"))), "{journal:?}");
}

#[tokio::test]
async fn an_order_that_cannot_be_is_refused_with_the_reason() {
    let rig = Rig::shipped("okta-per-component");
    for (order, reason) in [
        (json!({}), "missing field `kind`"),
        (json!({"kind": "slw"}), "unknown variant `slw`"),
        (json!({"kind": "truncated", "delay": "1s"}), "unknown field `delay`"),
        (json!({"kind": "slow", "delay": "1s", "dealy": "1s"}), "unknown field `dealy`"),
        (json!({"kind": "slow"}), "missing field `delay`"),
        (json!({"kind": "slow", "delay": "61s"}), "60s at most"),
        (json!({"kind": "slow", "delay": "-1s"}), "is no delay"),
        (json!({"kind": "slow", "delay": "soon"}), "`soon` is no delay"),
        (json!({"kind": "slow", "delay": "1s", "endpoint": "key"}), "`keys`"),
        (json!({"kind": "slow", "delay": "1s", "count": 0}), "`count` is 1 or more"),
        (json!({"kind": "refused", "endpoint": "keys"}), "of the whole provider"),
        (json!({"kind": "status", "status": 102}), "200 to 599"),
        (json!({"kind": "status", "status": 304, "body": "x"}), "has no body"),
        (json!({"kind": "status", "status": 500, "headers": {"content-length": "9"}}), "`content-length`"),
        (json!({"kind": "status", "status": 500, "headers": {"a b": "9"}}), "`a b` is no header name"),
        (json!({"kind": "status", "status": 500, "headers": {"x": "a\nb"}}), "the value of `x`"),
        (json!({"kind": "body", "bytes": 8_388_609}), "8388608 at most"),
        (json!({"kind": "redirect", "location": "\n"}), "the value of `location`"),
        (json!({"kind": "document"}), "nothing is set"),
        (json!({"kind": "document", "set": {"issuer": "x"}}), "`issuer` is no JSON pointer"),
        (json!({"kind": "document", "endpoint": "login", "without": ["/a"]}), "`discovery`, `keys`, `token`"),
        (json!({"kind": "callback", "set": {"state": 7}}), "invalid type"),
        (json!({"kind": "callback", "endpoint": "token", "without": ["a"]}), "`authorize`, `login`"),
        (json!({"kind": "id_token", "endpoint": "keys", "claims": {"a": 1}}), "`token`"),
        (json!({"kind": "access_token"}), "nothing is set"),
        (json!({"kind": "refused", "matching": {"/path": "/"}}), "leave out `matching`"),
        (json!({"kind": "truncated", "matching": {"path": "/"}}), "`path` is no JSON pointer"),
        (json!({"kind": "status", "status": 500, "matching": {"/user": "x"}}), "`/user` never fits"),
        (json!({"kind": "slow", "delay": "1s", "matching": {"/status": 500}}), "`/client_auth`"),
        (json!({"kind": "id_token", "claims": {"a": 1}, "matching": {"/user": "x"}}), "`/pkce`"),
    ] {
        let (status, answer) = rig.control(Method::POST, "faults", Some(order.clone())).await;
        assert_eq!(
            (status, &answer["error"]),
            (StatusCode::BAD_REQUEST, &json!("invalid_request")),
            "{order}"
        );
        let description = answer["error_description"].as_str().unwrap();
        assert!(description.contains(reason), "{order}: {description}");
    }
    assert_eq!(rig.control(Method::GET, "faults", None).await.1, json!([]));
}

#[tokio::test]
async fn without_another_certificate_the_fault_is_refused() {
    let rig = Rig::with_one_certificate("okta-per-component");
    let (status, answer) = rig.control(Method::POST, "faults", Some(json!({"kind": "certificate"}))).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(answer["error_description"], "this provider has no other certificate of that kind");
}

#[tokio::test]
async fn stopping_ends_those_that_are_kept_waiting() {
    let rig = Rig::shipped("okta-per-component");
    rig.fault(json!({"kind": "unreachable", "count": 1})).await;
    let stream = TcpStream::connect(rig.address).await.unwrap();
    while rig.control(Method::GET, "faults", None).await.1 != json!([]) {}
    drop(rig);
    assert_ended(&stream).await;
}

/// The other side has closed or reset the connection.
async fn assert_ended(stream: &TcpStream) {
    tokio::time::timeout(Duration::from_secs(10), stream.readable()).await.unwrap().unwrap();
    match stream.try_read(&mut [0; 1]) {
        Ok(read) => assert_eq!(read, 0),
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
}

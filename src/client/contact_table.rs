//! Tests: how the client asks a scripted platform, and what it takes for an answer, each rule held and broken.

use serde_json::json;

use super::{
    Mode, Outcome, SecretStore,
    fixture::{
        PLATFORM, Signer, World, answer, away, enrolled, header, is_config, minutes, no_answer, strict, warn,
    },
};
use crate::{
    model::rule::{Rule, Rules},
    net::{
        Client as HttpClient, Names, build_client,
        courier::{Answer, Courier, Request, SendError},
    },
    signin::Person,
};

#[tokio::test]
async fn the_first_contact_enrolls() {
    let world = World::new(&strict());
    let mut client = world.open(Rules::ALL);
    assert_eq!(client.status().mode, Mode::Unenrolled);
    let poll = client.poll(&world.courier).await;
    assert_eq!(
        json!(poll),
        json!({
            "contact": true, "outcome": "contact", "status": 200, "rule": null,
            "reason": "an envelope that verifies", "mode": "online",
        })
    );
    let status = json!(client.status());
    for (pointer, expected) in [
        ("/mode", json!("online")),
        ("/signed_in", json!(true)),
        ("/last_contact", json!("2026-01-01T00:00:00Z")),
        ("/issued_at", json!("2026-01-01T00:00:00Z")),
        ("/not_after", json!("2026-01-02T00:00:00Z")),
        ("/time", json!("2026-01-01T00:00:00Z")),
        ("/settings/non_registry_servers", json!({ "value": false, "source": "enforced" })),
        ("/settings/playground", json!({ "value": false, "source": "default" })),
        ("/running", json!([])),
        ("/warnings", json!([])),
        ("/events", json!([])),
    ] {
        assert_eq!(status.pointer(pointer), Some(&expected), "{pointer}");
    }
    let debug = format!("{client:?} {:?}", client.status());
    for secret in ["access-1", "refresh-1", "eyJ"] {
        assert!(!debug.contains(secret), "{debug}");
    }
}

#[tokio::test]
async fn what_is_a_contact_and_what_is_none() {
    for (status, body, outcome, rule) in [
        (401, "", Outcome::SignIn, "CL-CONTACT"),
        (403, "", Outcome::SignIn, "CL-CONTACT"),
        (204, "", Outcome::None, "CL-CONTACT"),
        (302, "", Outcome::None, "CL-CONTACT"),
        (404, "", Outcome::None, "CL-CONTACT"),
        (429, "", Outcome::None, "CL-CONTACT"),
        (503, "", Outcome::None, "CL-CONTACT"),
        (200, "", Outcome::Refused, "CL-VERIFY"),
        (200, "<html>sign in</html>", Outcome::Refused, "CL-VERIFY"),
        (200, r#"{"config":{}}"#, Outcome::Refused, "CL-VERIFY"),
    ] {
        for (rules, contact) in [(Rules::ALL, false), (Rules::without(Rule::ClContact), true)] {
            let (world, mut client) = enrolled(&strict(), rules).await;
            world.clock.advance(minutes(2));
            world.manager_answers(status, body);
            let poll = client.poll(&world.courier).await;
            assert_eq!((poll.contact, poll.status), (contact, Some(status)), "{status} {body}");
            assert_eq!(poll.mode, Mode::Online, "no degradation by the answer itself");
            let last = if contact { "2026-01-01T00:02:00Z" } else { "2026-01-01T00:00:00Z" };
            assert_eq!(client.status().last_contact.as_deref(), Some(last), "{status} {body}");
            if !contact {
                assert_eq!((poll.outcome, poll.rule.as_deref()), (outcome, Some(rule)), "{status} {body}");
                assert_eq!(client.status().signed_in, outcome != Outcome::SignIn);
                assert_eq!(client.status().events.len(), usize::from(outcome == Outcome::Refused));
            }
            world.restore();
            assert!(client.poll(&world.courier).await.contact, "it heals");
            assert!(client.status().signed_in);
        }
    }
    let (world, mut client) = away(&strict(), 1, Rules::without(Rule::ClContact)).await;
    let poll = client.poll(&world.courier).await;
    assert_eq!((poll.contact, poll.outcome, poll.status), (false, Outcome::None, None), "no answer is none");
}

#[tokio::test]
async fn a_304_counts_for_whoever_asked_for_it() {
    let (world, mut client) = enrolled(&strict(), Rules::ALL).await;
    world.clock.advance(minutes(2));
    let poll = client.poll(&world.courier).await;
    assert_eq!((poll.contact, poll.outcome, poll.status), (true, Outcome::Unchanged, Some(304)));
    assert_eq!(client.status().last_contact.as_deref(), Some("2026-01-01T00:02:00Z"));
    let newcomer = World::new(&strict());
    newcomer.manager_answers(304, "");
    let mut client = newcomer.open(Rules::ALL);
    let poll = client.poll(&newcomer.courier).await;
    assert_eq!((poll.contact, poll.outcome, poll.mode), (false, Outcome::None, Mode::Unenrolled));
    let asked = newcomer.config_requests();
    assert!(asked.iter().all(|request| header(request, "if-none-match").is_none()));
}

#[tokio::test]
async fn an_envelope_that_has_ended_is_no_contact() {
    // The envelope ends on the second of January, and the Manager signs none anew.
    for date in ["Fri, 02 Jan 2026 00:00:00 GMT", "Fri, 02 Jan 2026 01:00:00 GMT"] {
        for (rules, contact) in [(Rules::ALL, false), (Rules::without(Rule::ClVerify), true)] {
            let (world, mut client) = enrolled(&strict(), rules).await;
            world.clock.advance(minutes(25 * 60));
            world.with(|behaviour| behaviour.date = Some(date.into()));
            let poll = client.poll(&world.courier).await;
            assert_eq!((poll.contact, poll.status, poll.mode), (contact, Some(200), Mode::Expired), "{date}");
            if !contact {
                assert_eq!((poll.outcome, poll.rule.as_deref()), (Outcome::Refused, Some("CL-VERIFY")));
                assert_eq!(client.status().last_contact.as_deref(), Some("2026-01-01T00:00:00Z"));
                assert_eq!(client.status().events.len(), 1);
            }
            let newcomer = World::new(&strict());
            newcomer.with(|behaviour| behaviour.date = Some(date.into()));
            let mut client = newcomer.open(rules);
            assert_eq!(client.poll(&newcomer.courier).await.contact, contact);
            assert_eq!(client.status().mode == Mode::Unenrolled, !contact);
        }
    }
}

#[tokio::test]
async fn an_understated_date_permits_nothing_once_the_envelope_has_ended() {
    for date in [None, Some("Thu, 01 Jan 2026 00:04:00 GMT"), Some("Thu, 01 Jan 2026 23:59:59 GMT")] {
        let (world, mut client) = enrolled(&warn(), Rules::ALL).await;
        world.clock.advance(minutes(25 * 60));
        world.with(|behaviour| behaviour.date = date.map(str::to_owned));
        let poll = client.poll(&world.courier).await;
        assert_eq!((poll.contact, poll.mode), (true, Mode::Expired), "the machine's clock knows better");
        let decision = client.install(&world.courier, "github").await;
        assert_eq!((decision.permitted, decision.rule.as_str()), (false, "CL-EXPIRED"), "{decision:?}");
        assert!(decision.polled.is_some(), "a contact that leaves it ended is not recent");
        assert_eq!(client.status().next_poll.as_deref(), Some("2026-01-02T01:00:05Z"));
        world.policy(&warn());
        world.with(|behaviour| behaviour.date = Some("Fri, 02 Jan 2026 01:00:00 GMT".into()));
        assert_eq!(client.poll(&world.courier).await.mode, Mode::Online, "an envelope that lasts heals it");
    }
}

#[tokio::test]
async fn a_304_for_an_envelope_that_has_ended_is_no_contact() {
    for (date, contact) in [
        ("Thu, 01 Jan 2026 23:59:59 GMT", true),
        ("Fri, 02 Jan 2026 00:00:00 GMT", false),
        ("Fri, 02 Jan 2026 01:00:00 GMT", false),
    ] {
        let (world, mut client) = enrolled(&strict(), Rules::ALL).await;
        world.clock.advance(minutes(2));
        world.with(|behaviour| behaviour.date = Some(date.into()));
        let poll = client.poll(&world.courier).await;
        assert_eq!((poll.contact, poll.status, poll.mode), (contact, Some(304), Mode::Online), "{date}");
        assert_eq!(poll.rule.as_deref(), (!contact).then_some("CL-VERIFY"), "{date}");
        let moved = client.status().last_contact.as_deref() != Some("2026-01-01T00:00:00Z");
        assert_eq!(moved, contact, "{date}");
    }
}

#[tokio::test]
async fn who_polls_in_time_never_sees_the_end() {
    let world = World::new(&strict());
    world.with(|behaviour| behaviour.payload["refresh_interval"] = json!("100h"));
    let mut client = world.open(Rules::ALL);
    assert!(client.poll(&world.courier).await.contact);
    assert_eq!(client.status().next_poll.as_deref(), Some("2026-01-02T00:00:00Z"), "no later than its end");
    world.clock.advance(minutes(24 * 60));
    world.policy(&strict());
    let poll = client.wake(&world.courier).await.unwrap();
    assert_eq!((poll.contact, poll.status, poll.mode), (true, Some(200), Mode::Online));
}

#[tokio::test]
async fn an_envelope_that_does_not_verify_changes_nothing() {
    let open = json!({ "config": { "non_registry_servers": { "value": true, "enforcement": "enforced" } } });
    for (rules, accepted) in [(Rules::ALL, false), (Rules::without(Rule::ClVerify), true)] {
        let (world, mut client) = enrolled(&strict(), rules).await;
        world.clock.advance(minutes(1));
        let mut forged = open.clone();
        forged["issued_at"] = json!("2026-01-01T00:01:00Z");
        world.with(|behaviour| {
            behaviour.payload = forged;
            // The published key set stays the right one.
            behaviour.signer = Signer::new(2);
        });
        world.instead(|request| {
            let keys = json!({ "keys": [Signer::new(1).jwk()] }).to_string();
            request.url.ends_with("jwks.json").then(|| Ok(answer(200, &keys)))
        });
        let poll = client.poll(&world.courier).await;
        assert_eq!(poll.contact, accepted, "{poll:?}");
        assert_eq!(client.install(&world.courier, "outsider").await.permitted, accepted);
        let events = client.status().events;
        assert_eq!(events.first().map(|event| event.rule.as_str()), (!accepted).then_some("CL-VERIFY"));
    }
}

#[tokio::test]
async fn a_new_key_is_fetched_once_a_poll() {
    let (world, mut client) = enrolled(&strict(), Rules::ALL).await;
    world.clock.advance(minutes(1));
    world.policy(&warn());
    world.with(|behaviour| behaviour.signer = Signer::new(2));
    assert_eq!(client.poll(&world.courier).await.outcome, Outcome::Contact);
    let fetched = |world: &World| {
        world.courier.asked().iter().filter(|request| request.url.ends_with("jwks.json")).count()
    };
    assert_eq!(fetched(&world), 1);
    let restarted = world.open(Rules::ALL);
    assert_eq!(restarted.status().mode, Mode::Online, "the new keys are in the cache");
    world.policy(&strict());
    world.with(|behaviour| behaviour.signer = Signer::new(3));
    world.clock.advance(minutes(1));
    world.instead(|request| {
        let keys = json!({ "keys": [Signer::new(2).jwk()] }).to_string();
        request.url.ends_with("jwks.json").then(|| Ok(answer(200, &keys)))
    });
    assert_eq!(client.poll(&world.courier).await.outcome, Outcome::Refused);
    assert_eq!(fetched(&world), 1, "one fetch, then it is refused");
    world.instead(|request| request.url.ends_with("jwks.json").then(|| Err(no_answer(request))));
    let poll = client.poll(&world.courier).await;
    assert_eq!((poll.outcome, poll.contact), (Outcome::None, false), "no key set is no contact");
}

#[tokio::test]
async fn an_older_envelope_is_refused_and_one_as_old_with_other_content() {
    for (rules, accepted) in [(Rules::ALL, false), (Rules::without(Rule::ClRollback), true)] {
        for issued_at in ["2025-12-31T23:00:00Z", "2026-01-01T00:00:00Z"] {
            let (world, mut client) = enrolled(&strict(), rules).await;
            world.clock.advance(minutes(1));
            let payload = json!({ "config": {}, "issued_at": issued_at });
            world.with(|behaviour| behaviour.payload = payload);
            let poll = client.poll(&world.courier).await;
            assert_eq!(poll.contact, accepted, "{issued_at}");
            assert_eq!(poll.rule.as_deref(), (!accepted).then_some("CL-ROLLBACK"), "{issued_at}");
            assert_eq!(client.status().settings.is_empty(), accepted, "{issued_at}");
        }
    }
    let (world, mut client) = enrolled(&strict(), Rules::ALL).await;
    world.instead(|request| {
        let signed_again = Signer::new(1).envelope(&json!({ "config": strict() }));
        is_config(request).then(|| Ok(answer(200, &signed_again)))
    });
    assert!(client.poll(&world.courier).await.contact, "the same, signed again");
}

#[tokio::test]
async fn an_expired_access_token_is_refreshed_and_a_refused_one_once() {
    for (rules, refreshed) in [(Rules::ALL, true), (Rules::without(Rule::ClLoginCheck), false)] {
        let (world, mut client) = enrolled(&strict(), Rules::ALL).await;
        client.rules = rules;
        world.clock.advance(minutes(61));
        // The Manager takes only what is fresh.
        world.with(|behaviour| behaviour.issued += u64::from(!refreshed));
        let poll = client.poll(&world.courier).await;
        assert_eq!(poll.contact, refreshed, "{poll:?}");
        assert_eq!(poll.outcome == Outcome::SignIn, !refreshed);
    }
    let (world, mut client) = enrolled(&strict(), Rules::ALL).await;
    world.with(|behaviour| behaviour.issued += 1);
    assert!(client.poll(&world.courier).await.contact, "after a 401 and a refresh");
    let asked = world.config_requests();
    assert_eq!(asked.len(), 2);
    world.manager_answers(401, "");
    assert_eq!(client.poll(&world.courier).await.outcome, Outcome::SignIn);
    assert_eq!(world.config_requests().len(), 2, "once");
    let kept = world.store.read("refresh-token").unwrap().unwrap();
    let issued = world.with(|behaviour| behaviour.issued);
    assert!(String::from_utf8(kept).unwrap().contains(&format!("refresh-{issued}")), "rotated");
}

#[tokio::test]
async fn a_refresh_that_fails_asks_for_a_sign_in_or_is_no_contact() {
    let (world, mut client) = enrolled(&strict(), Rules::ALL).await;
    world.clock.advance(minutes(61));
    world.with(|behaviour| behaviour.refresh = (502, Some("server_error")));
    world.instead(|request| request.url.starts_with("https://idp.test").then(|| Err(no_answer(request))));
    let poll = client.poll(&world.courier).await;
    assert_eq!((poll.outcome, poll.status), (Outcome::None, None), "the IdP is out of reach");
    assert!(client.status().signed_in);
    assert!(world.config_requests().is_empty(), "an expired token is not sent");
    world.restore();
    world.with(|behaviour| behaviour.refresh = (400, Some("invalid_grant")));
    let poll = client.poll(&world.courier).await;
    assert_eq!((poll.outcome, client.status().signed_in), (Outcome::SignIn, false));
    assert!(world.store.read("refresh-token").unwrap().is_none(), "it will never be taken again");
    assert!(client.status().last_contact.is_some() && poll.mode == Mode::DegradedBlock, "time goes on");
}

#[tokio::test]
async fn a_platform_that_must_not_be_believed_gets_no_token() {
    let elsewhere = "https://elsewhere.example.com/config";
    for (rules, told) in [(Rules::ALL, false), (Rules::without(Rule::ClPrm), true)] {
        let world = World::new(&strict());
        world.instead(move |request| {
            let oidc = json!({ "issuer": "https://idp.test", "client_id": "cli", "scopes": [] });
            let keys = format!("{PLATFORM}/.well-known/jwks.json");
            let found = json!({ "config_endpoint": elsewhere, "jwks_uri": keys, "oidc": oidc });
            request.url.ends_with("toolhive-configuration").then(|| Ok(answer(200, &found.to_string())))
        });
        let mut client = world.open(rules);
        let poll = client.poll(&world.courier).await;
        assert!(!poll.contact);
        let asked = world.courier.asked();
        let got = asked
            .iter()
            .any(|request| request.url == elsewhere && header(request, "authorization").is_some());
        assert_eq!(got, told);
        if !told {
            assert_eq!((poll.outcome, poll.rule.as_deref()), (Outcome::Refused, Some("CL-PRM")));
            assert_eq!(client.status().events[0].rule, "CL-PRM");
        }
    }
    let (world, mut client) = enrolled(&strict(), Rules::ALL).await;
    world.instead(|request| {
        is_config(request).then(|| {
            let headers = vec![("location".to_owned(), "https://elsewhere.example.com/".to_owned())];
            Ok(Answer { headers, ..answer(302, "") })
        })
    });
    assert_eq!(client.poll(&world.courier).await.outcome, Outcome::None);
    assert!(world.courier.asked().iter().all(|request| request.url.starts_with(PLATFORM)));
}

#[tokio::test]
async fn nobody_who_never_signed_in_is_asked_for() {
    let world = World::new(&strict());
    world.store.remove("refresh-token").unwrap();
    let mut client = world.open(Rules::ALL);
    assert_eq!(client.wake(&world.courier).await, None);
    let poll = client.poll(&world.courier).await;
    assert_eq!((poll.outcome, poll.status), (Outcome::SignIn, None));
    assert!(world.courier.asked().is_empty());
}

/// The scripted world with a real browser's way to the loopback listener.
struct WithLoopback<'w>(&'w World, HttpClient);

impl Courier for WithLoopback<'_> {
    fn send(
        &self,
        request: Request,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<Answer, SendError>> + Send + '_>> {
        if request.url.starts_with("http://127.0.0.1:") {
            self.1.send(request)
        } else {
            self.0.courier.send(request)
        }
    }
}

#[tokio::test]
async fn a_person_signs_in() {
    let world = World::new(&strict());
    world.store.remove("refresh-token").unwrap();
    world.with(|behaviour| behaviour.refresh = (200, None));
    let asked = std::sync::Mutex::new(Vec::new());
    world.instead(move |request| {
        let url = url::Url::parse(&request.url).unwrap();
        match url.path() {
            "/authorize" => {
                *asked.lock().unwrap() = url.query_pairs().into_owned().collect();
                let form = r#"<form action="/login"><input name="u"><input type="password" name="p"></form>"#;
                Some(Ok(answer(200, form)))
            }
            "/login" => {
                let asked: Vec<(String, String)> = asked.lock().unwrap().clone();
                let find = |name: &str| asked.iter().find(|(key, _)| key == name).unwrap().1.clone();
                let to = format!("{}?code=c&state={}", find("redirect_uri"), find("state"));
                let headers = vec![("location".to_owned(), to)];
                Some(Ok(Answer { headers, ..answer(303, "") }))
            }
            _ => None,
        }
    });
    let http = build_client(&[], &Names::new(), std::time::Duration::from_secs(5)).unwrap();
    let courier = WithLoopback(&world, http);
    let mut client = world.open(Rules::ALL);
    let person = Person { login: "ann".into(), password: "s3cret".into() };
    client.sign_in(&courier, &person).await.unwrap();
    assert!(client.status().signed_in && client.status().next_poll.is_some());
    assert!(client.poll(&courier).await.contact);
    drop(client);
    let mut client = world.open(Rules::ALL);
    assert!(client.status().signed_in, "a restart still has the refresh token");
    world.clock.advance(minutes(10));
    assert!(client.wake(&courier).await.is_some_and(|poll| poll.contact));
    world.outage();
    let error = client.sign_in(&courier, &person).await.unwrap_err();
    assert!(error.is_no_answer() && client.status().signed_in, "the platform is out of reach: {error}");
}

//! Tests: what the client permits in which state, against a scripted platform, each rule held and broken.

use std::{fs, sync::Arc};

use jiff::SignedDuration;
use serde_json::json;

use super::{
    Client, Mode, SecretStore, Setup,
    cache::CACHE_FILE,
    fixture::{World, away, enrolled, header, minutes, no_answer, platform_url, start, strict, warn},
};
use crate::model::rule::{Rule, Rules};

#[tokio::test]
async fn the_table_of_modes_in_an_outage() {
    for (config, by, mode, installs) in [
        (strict(), 5, Mode::Online, true),
        (strict(), 6, Mode::Grace, true),
        (strict(), 60, Mode::DegradedBlock, false),
        (warn(), 60, Mode::DegradedWarn, true),
        (json!({}), 6, Mode::DegradedWarn, true),
        (strict(), 24 * 60, Mode::Expired, false),
        (warn(), 24 * 60, Mode::Expired, false),
    ] {
        let (world, mut client) = away(&config, by, Rules::ALL).await;
        assert_eq!(client.status().mode, mode, "{by}");
        let decision = client.install(&world.courier, "github").await;
        assert_eq!((decision.permitted, decision.mode), (installs, mode), "{by}");
        assert_eq!(decision.polled.is_some(), mode != Mode::Online, "an old contact polls first");
        let warned = decision.warnings.iter().all(|line| line.starts_with("[ToolHive Policy Warning] "));
        assert!(warned, "{decision:?}");
        assert_eq!(decision.warnings.len(), usize::from([Mode::Grace, Mode::DegradedWarn].contains(&mode)));
        let message = (mode == Mode::DegradedBlock).then_some("Call the help desk.");
        assert_eq!(decision.message.as_deref(), message);
    }
}

#[tokio::test]
async fn each_broken_rule_of_an_outage_shows() {
    let late = 24 * 60;
    for (rule, config, by, server, held, broken) in [
        (Rule::ClExpired, warn(), late, "github", false, true),
        (Rule::ClOnline, strict(), 120, "github", false, true),
        (Rule::ClDegradedWarn, warn(), 120, "github", true, false),
        (Rule::ClDegradedBlock, strict(), 120, "github", false, true),
        (Rule::ClDegradedBlock, strict(), 120, "outsider", false, false),
        (Rule::ClMonotone, strict(), 30, "outsider", false, true),
        (Rule::ClMonotone, warn(), 120, "outsider", false, true),
        (Rule::ClMonotone, strict(), 0, "outsider", false, false),
    ] {
        for (rules, permitted) in [(Rules::ALL, held), (Rules::without(rule), broken)] {
            let (world, mut client) = away(&config, by, rules).await;
            let decision = client.install(&world.courier, server).await;
            assert_eq!(decision.permitted, permitted, "{} {by} {server}: {decision:?}", rule.id());
        }
    }
    let (world, mut client) = away(&strict(), 30, Rules::without(Rule::ClWarn)).await;
    let decision = client.install(&world.courier, "github").await;
    assert!(decision.permitted && !decision.warnings[0].starts_with('['), "{decision:?}");
}

#[tokio::test]
async fn grace_runs_from_the_last_contact_across_restarts() {
    for (rules, mode) in [(Rules::ALL, Mode::DegradedBlock), (Rules::without(Rule::ClGrace), Mode::Grace)] {
        let (world, client) = enrolled(&strict(), rules).await;
        drop(client);
        world.outage();
        world.clock.advance(minutes(90));
        assert_eq!(world.open(rules).status().mode, mode);
    }
}

#[tokio::test]
async fn an_old_contact_polls_first_and_a_recent_one_does_not() {
    let (world, mut client) = enrolled(&strict(), Rules::ALL).await;
    world.clock.advance(minutes(5));
    assert_eq!(client.install(&world.courier, "github").await.polled, None);
    world.clock.advance(SignedDuration::from_secs(10));
    world.policy(&json!({}));
    let decision = client.run(&world.courier, "outsider").await;
    assert!(decision.permitted && decision.polled.is_some_and(|poll| poll.contact));
    assert_eq!(client.status().running, ["outsider"]);
}

#[tokio::test]
async fn running_servers_continue_by_the_directives() {
    let (world, mut client) = enrolled(&strict(), Rules::ALL).await;
    for server in ["github", "fetch"] {
        assert!(client.run(&world.courier, server).await.permitted);
    }
    assert!(!client.run(&world.courier, "outsider").await.permitted);
    world.outage();
    world.clock.advance(minutes(120));
    drop(client);
    let mut client = world.open(Rules::ALL);
    assert_eq!(client.status().running, ["fetch", "github"], "a restart stops nothing");
    assert!(client.keep(&world.courier, "github").await.permitted);
    assert!(client.run(&world.courier, "github").await.permitted);
    assert!(!client.run(&world.courier, "third").await.permitted);
    world.with(|behaviour| behaviour.members = vec!["fetch"]);
    let decision = client.keep(&world.courier, "github").await;
    assert_eq!((decision.permitted, decision.rule.as_str()), (false, "CL-ENFORCED"));
    assert_eq!(client.status().running, ["fetch"], "it is stopped");
    fs::remove_file(world.folder().join(CACHE_FILE)).unwrap();
    let mut client = world.open(Rules::ALL);
    assert_eq!(client.status().mode, Mode::Unenrolled);
    assert!(client.keep(&world.courier, "fetch").await.permitted);
    assert!(!client.keep(&world.courier, "github").await.permitted);
    assert!(!client.run(&world.courier, "fetch").await.permitted);
}

#[tokio::test]
async fn local_values_give_way_to_what_is_enforced() {
    let config = json!({
        "non_registry_servers": { "value": false, "enforcement": "default" },
        "help_menu": { "value": false, "enforcement": "enforced" },
    });
    let (world, mut client) = enrolled(&config, Rules::ALL).await;
    let courier = &world.courier;
    assert!(!client.install(courier, "outsider").await.permitted, "nobody is a member of no registry");
    let refused = client.set(courier, "help_menu", json!(true)).await;
    assert_eq!((refused.permitted, refused.rule.as_str()), (false, "CL-ENFORCED"));
    assert!(!client.unset(courier, "help_menu").await.permitted);
    let refused = client.set(courier, "non_registry_servers", json!("yes")).await;
    assert!(!refused.permitted && refused.reason.contains("non_registry_servers"), "{refused:?}");
    assert!(client.set(courier, "non_registry_servers", json!(true)).await.permitted);
    assert!(client.install(courier, "outsider").await.permitted);
    drop(client);
    let mut client = world.open(Rules::ALL);
    let status = json!(client.status());
    assert_eq!(status["settings"]["non_registry_servers"], json!({ "value": true, "source": "local" }));
    world.clock.advance(minutes(1));
    world.policy(&strict());
    assert!(client.poll(courier).await.contact);
    let status = json!(client.status());
    assert_eq!(status["settings"]["non_registry_servers"], json!({ "value": false, "source": "enforced" }));
    assert!(!client.install(courier, "outsider").await.permitted);
    world.clock.advance(minutes(1));
    world.policy(&config);
    client.poll(courier).await;
    assert!(client.unset(courier, "non_registry_servers").await.permitted);
    assert!(!client.install(courier, "outsider").await.permitted);
}

#[tokio::test]
async fn without_a_policy_everything_is_locked() {
    for (rules, permitted) in [(Rules::ALL, false), (Rules::without(Rule::ClUnenrolled), true)] {
        let world = World::new(&strict());
        world.outage();
        let mut client = world.open(rules);
        let courier = &world.courier;
        let decision = client.install(courier, "github").await;
        assert_eq!((decision.permitted, decision.mode), (permitted, Mode::Unenrolled));
        assert!(decision.polled.is_some_and(|poll| !poll.contact));
        assert_eq!(client.run(courier, "github").await.permitted, permitted);
        assert_eq!(client.set(courier, "playground", json!(true)).await.permitted, permitted);
        assert_eq!(client.unset(courier, "playground").await.permitted, permitted);
    }
}

#[tokio::test]
async fn polls_are_spread_online_and_close_without_contact() {
    let seconds = |client: &Client, world: &World| {
        let next: jiff::Timestamp = client.status().next_poll.unwrap().parse().unwrap();
        next.duration_since(crate::clock::Clock::now(&world.clock)).as_secs()
    };
    let (world, mut client) = enrolled(&strict(), Rules::ALL).await;
    let mut drawn = std::collections::BTreeSet::new();
    for _ in 0..20 {
        client.poll(&world.courier).await;
        drawn.insert(seconds(&client, &world));
    }
    assert!(drawn.iter().all(|wait| (270..=310).contains(wait)) && drawn.len() > 5, "{drawn:?}");
    assert_eq!(client.wake(&world.courier).await, None, "not due");
    world.outage();
    world.clock.advance(minutes(120));
    assert!(client.wake(&world.courier).await.is_some_and(|poll| !poll.contact));
    assert_eq!(seconds(&client, &world), 5);
    assert_eq!(client.wake(&world.courier).await, None, "one jump, one poll");
    world.restore();
    world.clock.advance(SignedDuration::from_secs(5));
    let poll = client.wake(&world.courier).await.unwrap();
    assert_eq!((poll.contact, poll.mode), (true, Mode::Online), "the first contact ends it");

    let (world, mut client) = away(&strict(), 120, Rules::without(Rule::ClPoll)).await;
    client.wake(&world.courier).await;
    assert!(seconds(&client, &world) >= 270, "no more often than with contact");
    world.restore();
    let poll = client.poll(&world.courier).await;
    assert_eq!((poll.contact, poll.mode), (true, Mode::DegradedBlock), "the first contact ends nothing");
    assert_eq!(client.poll(&world.courier).await.mode, Mode::Online);
}

#[tokio::test]
async fn a_clock_set_back_lengthens_nothing() {
    for (rules, mode) in [(Rules::ALL, Mode::DegradedBlock), (Rules::without(Rule::ClClock), Mode::Online)] {
        let (world, mut client) = away(&strict(), 120, rules).await;
        client.poll(&world.courier).await;
        world.clock.advance(minutes(-150));
        assert_eq!(client.status().mode, mode);
        drop(client);
        let client = world.open(rules);
        assert_eq!(client.status().mode, mode, "nor across a restart");
    }
    let (world, client) = away(&strict(), 2, Rules::ALL).await;
    world.clock.set(start() - minutes(1_000));
    assert_eq!(client.status().mode, Mode::Online);
    world.clock.advance(minutes(70));
    assert_eq!(client.status().mode, Mode::DegradedBlock, "nor by standing still");
}

#[tokio::test]
async fn a_clock_that_jumped_ahead_and_returned_heals_with_a_contact() {
    let (world, mut client) = away(&strict(), 26 * 60, Rules::ALL).await;
    assert_eq!(client.poll(&world.courier).await.mode, Mode::Expired);
    world.clock.set(start() + minutes(3));
    assert_eq!(client.poll(&world.courier).await.mode, Mode::Expired);
    world.restore();
    world.with(|behaviour| behaviour.date = Some("Thu, 01 Jan 2026 00:04:00 GMT".into()));
    let poll = client.poll(&world.courier).await;
    assert_eq!((poll.contact, poll.status, poll.mode), (true, Some(200), Mode::Online));
    assert_eq!(client.status().time, "2026-01-01T00:04:00Z", "the Manager's time");
    drop(client);
    assert_eq!(world.open(Rules::ALL).status().mode, Mode::Online, "also after a restart");
}

#[tokio::test]
async fn the_registry_never_sees_a_token() {
    let (world, mut client) = enrolled(&strict(), Rules::ALL).await;
    assert!(client.install(&world.courier, "github").await.permitted);
    assert!(!client.install(&world.courier, "outsider").await.permitted);
    let asked = world.courier.asked();
    assert_eq!(asked.len(), 2);
    assert!(asked.iter().all(|request| header(request, "authorization").is_none()));
    world.instead(|request| {
        request.url.starts_with("https://registry.example.com").then(|| Err(no_answer(request)))
    });
    assert!(!client.install(&world.courier, "github").await.permitted, "nobody can say counts as outside");
}

#[tokio::test]
async fn a_tampered_cache_leaves_the_client_unenrolled_until_a_contact() {
    let (world, client) = enrolled(&strict(), Rules::ALL).await;
    drop(client);
    let file = world.folder().join(CACHE_FILE);
    let moved = fs::read_to_string(&file)
        .unwrap()
        .replace(r#""last_contact":"2026-01-01T00:00:00Z""#, r#""last_contact":"2026-01-01T09:00:00Z""#);
    fs::write(&file, moved).unwrap();
    world.outage();
    let believed = world.open(Rules::without(Rule::ClCache));
    assert_eq!(believed.status().last_contact.as_deref(), Some("2026-01-01T09:00:00Z"));
    drop(believed);
    fs::write(&file, fs::read_to_string(&file).unwrap().replace("T09:", "T10:")).unwrap();
    let mut client = world.open(Rules::ALL);
    assert_eq!(client.status().mode, Mode::Unenrolled);
    assert_eq!(client.status().events[0].rule, "CL-CACHE");
    assert!(!client.install(&world.courier, "github").await.permitted);
    world.restore();
    assert_eq!(client.poll(&world.courier).await.mode, Mode::Online);
    assert_eq!(client.status().events.len(), 1, "told once");
    drop(client);
    assert!(world.open(Rules::ALL).status().events.is_empty());
}

#[tokio::test]
async fn a_cache_that_is_gone_is_told_and_opens_nothing() {
    for (rules, told) in [(Rules::ALL, 1), (Rules::without(Rule::ClCache), 0)] {
        let (world, client) = enrolled(&strict(), rules).await;
        drop(client);
        world.outage();
        fs::remove_file(world.folder().join(CACHE_FILE)).unwrap();
        let mut client = world.open(rules);
        let status = client.status();
        assert_eq!((status.mode, status.events.len()), (Mode::Unenrolled, told));
        assert!(status.events.iter().all(|event| event.rule == "CL-CACHE" && event.what.contains("gone")));
        assert!(!client.install(&world.courier, "github").await.permitted);
        world.restore();
        assert_eq!(client.poll(&world.courier).await.mode, Mode::Online);
        assert_eq!(client.status().events.len(), told, "told once");
        fs::remove_file(world.folder().join(CACHE_FILE)).unwrap();
        client.poll(&world.courier).await;
        assert_eq!(client.status().events.len(), 2 * told, "also while the client is on");
        drop(client);
        assert!(world.open(rules).status().events.is_empty());
    }
}

#[tokio::test]
async fn a_contact_of_one_client_lowers_the_time_of_the_other() {
    let (world, mut one) = enrolled(&strict(), Rules::ALL).await;
    let mut two = world.open(Rules::ALL);
    world.outage();
    world.clock.advance(minutes(26 * 60));
    for client in [&mut one, &mut two] {
        assert_eq!(client.poll(&world.courier).await.mode, Mode::Expired);
    }
    world.clock.set(start() + minutes(3));
    assert_eq!(one.poll(&world.courier).await.mode, Mode::Expired, "the time of the other is no contact");
    world.restore();
    assert_eq!(one.poll(&world.courier).await.mode, Mode::Online);
    world.outage();
    for client in [&mut two, &mut one] {
        let poll = client.poll(&world.courier).await;
        assert_eq!((poll.contact, poll.mode), (false, Mode::Online), "{poll:?}");
        assert_eq!(client.status().time, "2026-01-01T00:03:00Z");
    }
    assert_eq!(world.open(Rules::ALL).status().mode, Mode::Online);
}

#[tokio::test]
async fn a_contact_dated_in_the_future_gives_way_to_a_later_one() {
    let world = World::new(&strict());
    world.with(|behaviour| behaviour.payload["not_after"] = json!("2026-01-09T00:00:00Z"));
    let (mut one, mut two) = (world.open(Rules::ALL), world.open(Rules::ALL));
    assert!(one.poll(&world.courier).await.contact);
    world.clock.advance(minutes(26 * 60));
    assert!(two.poll(&world.courier).await.contact);
    assert_eq!(two.status().last_contact.as_deref(), Some("2026-01-02T02:00:00Z"));
    world.clock.set(start() + minutes(3));
    assert!(one.poll(&world.courier).await.contact);
    world.outage();
    world.clock.advance(minutes(60));
    for client in [&mut two, &mut one] {
        let poll = client.poll(&world.courier).await;
        assert_eq!((poll.contact, poll.mode), (false, Mode::DegradedBlock), "{poll:?}");
        assert_eq!(client.status().last_contact.as_deref(), Some("2026-01-01T00:03:00Z"));
    }
}

#[tokio::test]
async fn an_enforced_registry_binds_and_the_sabotage_lets_a_server_outside_in() {
    for (rules, permitted) in [(Rules::ALL, false), (Rules::without(Rule::ClEnforced), true)] {
        let (world, mut client) = enrolled(&strict(), rules).await;
        assert!(client.install(&world.courier, "github").await.permitted, "the control");
        for server in ["outsider", "third"] {
            assert_eq!(client.install(&world.courier, server).await.permitted, permitted, "{server}");
            assert_eq!(client.run(&world.courier, server).await.permitted, permitted, "{server}");
        }
        let changed = client.set(&world.courier, "non_registry_servers", json!(true)).await;
        assert_eq!(changed.permitted, permitted);
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_a_warning() {
    let world = World::new(&strict());
    fs::write(world.folder(), "a file in the folder's place").unwrap();
    let mut client = world.open(Rules::ALL);
    assert!(client.poll(&world.courier).await.contact);
    assert!(client.install(&world.courier, "github").await.permitted);
    assert!(client.set(&world.courier, "playground", json!(true)).await.permitted);
    let status = client.status();
    assert_eq!((status.mode, status.events.len()), (Mode::Online, 0), "in memory it goes on");
    assert!(status.warnings.iter().any(|warning| warning.starts_with("the cache cannot be written")));
    assert!(status.warnings.iter().any(|warning| warning.starts_with("local settings cannot be written")));
    fs::remove_file(world.folder()).unwrap();
    client.poll(&world.courier).await;
    client.set(&world.courier, "playground", json!(false)).await;
    assert!(client.status().warnings.is_empty(), "and heals");
}

/// A store that fails.
#[derive(Debug)]
struct BrokenStore;

impl SecretStore for BrokenStore {
    fn read(&self, _: &str) -> std::io::Result<Option<Vec<u8>>> {
        Err(std::io::Error::other("locked"))
    }

    fn write(&self, _: &str, _: &[u8]) -> std::io::Result<()> {
        Err(std::io::Error::other("locked"))
    }

    fn remove(&self, _: &str) -> std::io::Result<()> {
        Err(std::io::Error::other("locked"))
    }
}

#[tokio::test]
async fn a_store_that_fails_is_a_warning_and_its_cache_is_not_trusted() {
    let (world, client) = enrolled(&strict(), Rules::ALL).await;
    drop(client);
    let client = Client::open(Setup {
        platform_url: platform_url(),
        folder: world.folder(),
        store: Arc::new(BrokenStore),
        clock: Arc::new(world.clock.clone()),
        seed: [7; 32],
        rules: Rules::ALL,
    });
    let status = client.status();
    assert_eq!((status.mode, status.signed_in), (Mode::Unenrolled, false));
    assert_eq!((status.warnings.len(), status.events.len()), (2, 0), "{status:?}");
}

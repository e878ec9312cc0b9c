//! Tests: whatever is done to the cache file, nothing of it is trusted that no client wrote last.

use std::{fs, path::PathBuf, thread};

use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use super::*;
use crate::client::{
    bootstrap::bootstrap,
    fixture::{Scratch, Signer, platform_url, start},
    store::MemoryStore,
};

/// A folder and a store.
struct Disk {
    scratch: Scratch,
    store: Arc<MemoryStore>,
}

impl Disk {
    fn new() -> Self {
        Self { scratch: Scratch::new(), store: Arc::default() }
    }

    /// One on which a cache was saved.
    fn saved() -> Self {
        let disk = Self::new();
        disk.cache(Rules::ALL).save(content(0), true).unwrap();
        disk
    }

    fn cache(&self, rules: Rules) -> Cache {
        let folder = Folder::new(self.scratch.path().to_owned(), "lock");
        Cache::new(folder, Arc::clone(&self.store) as Arc<dyn SecretStore>, platform_url(), rules)
    }

    fn load(&self, rules: Rules) -> Result<Option<Content>, CacheFault> {
        self.cache(rules).load(start())
    }

    fn file(&self) -> PathBuf {
        self.scratch.path().join(CACHE_FILE)
    }

    fn set(&self, member: &str, value: Json) {
        let mut cache: Json = serde_json::from_slice(&fs::read(self.file()).unwrap()).unwrap();
        assert_ne!(cache[member], value, "{member}");
        cache[member] = value;
        fs::write(self.file(), cache.to_string()).unwrap();
    }

    fn fault(&self) -> CacheFault {
        match self.load(Rules::ALL) {
            Err(fault) => fault,
            Ok(_) => panic!("it is trusted"),
        }
    }
}

/// What a contact some minutes after the start leaves.
fn content(minutes: i64) -> Content {
    let signer = Signer::new(1);
    let issued_at = start() + SignedDuration::from_mins(minutes);
    let jws = signer.envelope(&json!({ "issued_at": issued_at.to_string() }));
    let envelope = envelope::read(&jws).unwrap();
    let held = Held { envelope, keys: signer.keys(), etag: Some("\"tag\"".into()) };
    Content { held, last_contact: issued_at, highest_time: issued_at }
}

#[test]
fn what_was_saved_is_loaded_and_the_form_is_as_documented() {
    let disk = Disk::new();
    assert!(disk.load(Rules::ALL).unwrap().is_none(), "no cache is no fault");
    let mut cache = disk.cache(Rules::ALL);
    cache.save(content(0), true).unwrap();
    cache.save(content(1), true).unwrap();
    assert!(disk.load(Rules::ALL).unwrap().is_some_and(|loaded| loaded == content_of(&disk, 1)));
    assert_eq!(disk.scratch.names("."), [CACHE_FILE, "lock"], "no temporary file");
    let written: Json = serde_json::from_slice(&fs::read(disk.file()).unwrap()).unwrap();
    let members: Vec<_> = written.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        members,
        [
            "version",
            "platform_url",
            "envelope",
            "keys",
            "etag",
            "last_contact",
            "highest_time",
            "generation",
            "seal"
        ]
    );
    assert_eq!((&written["version"], &written["generation"]), (&json!(1), &json!(2)));
    assert_eq!(written["last_contact"], "2026-01-01T00:01:00Z");
    assert!(written["keys"]["keys"][0]["x"].is_string());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(disk.file()).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

/// `content(minutes)` with the signature that is on the disk: ECDSA differs each time.
fn content_of(disk: &Disk, minutes: i64) -> Content {
    let written: Json = serde_json::from_slice(&fs::read(disk.file()).unwrap()).unwrap();
    let mut content = content(minutes);
    content.held.envelope.jws = written["envelope"].as_str().unwrap().to_owned();
    content
}

#[test]
fn one_byte_changed_anywhere_is_never_trusted() {
    let disk = Disk::saved();
    let genuine = fs::read(disk.file()).unwrap();
    for at in 0..genuine.len() {
        for change in [1, 0x20, 0x80] {
            let mut bytes = genuine.clone();
            bytes[at] ^= change;
            fs::write(disk.file(), &bytes).unwrap();
            assert!(disk.fault().is_security_event(), "byte {at} ^ {change}");
        }
    }
    fs::write(disk.file(), &genuine).unwrap();
    assert!(disk.load(Rules::ALL).unwrap().is_some(), "the control");
}

#[test]
fn a_torn_file_and_one_with_more_is_never_trusted() {
    let disk = Disk::saved();
    let genuine = fs::read(disk.file()).unwrap();
    for length in 0..genuine.len() {
        fs::write(disk.file(), &genuine[..length]).unwrap();
        assert!(matches!(disk.fault(), CacheFault::Form), "{length}");
    }
    for more in [" ", "\n", "{}", "\0"] {
        fs::write(disk.file(), [&genuine, more.as_bytes()].concat()).unwrap();
        assert!(matches!(disk.fault(), CacheFault::Form), "{more:?}");
    }
}

#[test]
fn every_member_is_under_the_seal_and_the_sabotage_does_not_look() {
    let other = Signer::new(2);
    for (member, value) in [
        ("version", json!(2)),
        ("platform_url", json!("https://other.example.com")),
        ("envelope", json!(Signer::new(1).envelope(&json!({ "refresh_interval": "1h" })))),
        ("keys", other.keys().document),
        ("etag", Json::Null),
        ("last_contact", json!("2036-01-01T00:00:00Z")),
        ("highest_time", json!("2020-01-01T00:00:00Z")),
        ("generation", json!(9)),
        ("seal", json!("AAAA")),
    ] {
        let disk = Disk::saved();
        disk.set(member, value);
        let fault = disk.fault();
        assert!(matches!(fault, CacheFault::Seal | CacheFault::Form), "{member}: {fault}");
        for rule in Rule::ALL.iter().filter(|rule| **rule != Rule::ClCache) {
            assert!(disk.load(Rules::without(*rule)).is_err(), "{member} without {}", rule.id());
        }
        let believed = disk.load(Rules::without(Rule::ClCache));
        assert_eq!(believed.is_ok_and(|content| content.is_some()), member != "version", "{member}");
    }
}

#[test]
fn a_consistent_foreign_pair_is_never_trusted() {
    let (disk, foreign) = (Disk::saved(), Signer::new(2));
    disk.set("envelope", json!(foreign.envelope(&json!({}))));
    disk.set("keys", foreign.keys().document);
    assert!(matches!(disk.fault(), CacheFault::Seal));
    assert!(disk.load(Rules::without(Rule::ClVerify)).is_err(), "CL-VERIFY broken alone opens nothing");
    assert!(disk.load(Rules::without(Rule::ClCache)).unwrap().is_some());
}

#[test]
fn a_sealed_envelope_is_verified_again() {
    let disk = Disk::new();
    let mut forged = content(0);
    forged.held.keys = Signer::new(2).keys();
    disk.cache(Rules::ALL).save(forged, true).unwrap();
    assert!(matches!(disk.fault(), CacheFault::Envelope(EnvelopeFault::UnknownKey)));
}

#[test]
fn the_cache_of_another_platform_or_of_another_store_is_never_trusted() {
    let disk = Disk::saved();
    let other = bootstrap(Some("https://other.example.com"), None, Rules::ALL).unwrap();
    let folder = Folder::new(disk.scratch.path().to_owned(), "lock");
    let store = Arc::clone(&disk.store) as Arc<dyn SecretStore>;
    let load = |store, platform| Cache::new(folder.clone(), store, platform, Rules::ALL).load(start()).err();
    assert!(matches!(load(store, other), Some(CacheFault::Platform)));
    assert!(matches!(load(Arc::new(MemoryStore::default()), platform_url()), Some(CacheFault::Seal)));
}

#[test]
fn an_older_copy_is_refused_and_a_crash_before_the_store_is_not() {
    let disk = Disk::new();
    let mut cache = disk.cache(Rules::ALL);
    cache.save(content(0), true).unwrap();
    let older = fs::read(disk.file()).unwrap();
    cache.save(content(0), true).unwrap();
    let newest = fs::read(disk.file()).unwrap();
    fs::write(disk.file(), &older).unwrap();
    assert!(matches!(disk.fault(), CacheFault::Older));
    assert!(disk.load(Rules::without(Rule::ClCache)).unwrap().is_some());
    // The crash: the file is written, its generation is not.
    fs::write(disk.file(), &newest).unwrap();
    disk.store.write(GENERATION, b"1").unwrap();
    assert!(disk.load(Rules::ALL).unwrap().is_some());
    let mut after = disk.cache(Rules::ALL);
    after.load(start()).unwrap();
    after.save(content(0), true).unwrap();
    assert_eq!(disk.store.read(GENERATION).unwrap().as_deref(), Some(&b"3"[..]), "ahead of both");
    disk.store.write(GENERATION, b"x").unwrap();
    assert!(matches!(disk.fault(), CacheFault::Unreadable(_)), "a store that lies is a fault, not a zero");
}

#[test]
fn what_was_tampered_with_meanwhile_is_told_and_replaced() {
    let disk = Disk::new();
    let mut cache = disk.cache(Rules::ALL);
    cache.save(content(0), true).unwrap();
    disk.set("last_contact", json!("2036-01-01T00:00:00Z"));
    let saved = cache.save(content(1), true).unwrap();
    assert!(matches!(saved.replaced, Some(CacheFault::Seal)));
    assert!(saved.content.last_contact == content(1).last_contact);
    assert!(cache.save(content(2), true).unwrap().replaced.is_none());
    assert!(disk.load(Rules::ALL).unwrap().is_some());
}

#[test]
fn a_folder_that_cannot_be_written_is_an_error_and_the_old_file_stays() {
    let disk = Disk::saved();
    let before = fs::read(disk.file()).unwrap();
    // In the way of the temporary file: what a read-only folder is to others, also for root.
    fs::create_dir(disk.scratch.path().join(format!("{CACHE_FILE}.tmp"))).unwrap();
    let mut cache = disk.cache(Rules::ALL);
    assert!(cache.load(start()).unwrap().is_some());
    assert!(cache.save(content(1), true).is_err());
    assert_eq!(fs::read(disk.file()).unwrap(), before);
    assert!(disk.load(Rules::ALL).unwrap().is_some(), "and loads");
    fs::remove_dir(disk.scratch.path().join(format!("{CACHE_FILE}.tmp"))).unwrap();
    cache.save(content(1), true).unwrap();
    assert_ne!(fs::read(disk.file()).unwrap(), before);
    fs::remove_file(disk.file()).unwrap();
    fs::create_dir(disk.file()).unwrap();
    assert!(matches!(disk.fault(), CacheFault::Unreadable(_)), "the cache is a folder");
    assert!(disk.cache(Rules::ALL).save(content(1), true).is_err());
}

#[test]
fn two_clients_at_once_lose_nothing_of_one_another() {
    const TURNS: i64 = 20;
    let disk = Disk::new();
    thread::scope(|scope| {
        for client in 0..2 {
            let disk = &disk;
            scope.spawn(move || {
                let mut cache = disk.cache(Rules::ALL);
                for turn in 0..TURNS {
                    // The one with the newest envelope has neither the last contact nor the highest time.
                    let mut content = content(if client == 0 { turn } else { 0 });
                    if client == 1 {
                        content.last_contact = start() + SignedDuration::from_hours(turn);
                        content.highest_time = start() + SignedDuration::from_hours(turn + 1);
                    }
                    let saved = cache.save(content.clone(), true).unwrap();
                    assert!(saved.replaced.is_none());
                    assert!(saved.content.held.envelope.issued_at >= content.held.envelope.issued_at);
                    assert!(saved.content.last_contact >= content.last_contact);
                    assert!(saved.content.highest_time >= content.highest_time);
                }
            });
        }
    });
    let mut third = disk.cache(Rules::ALL);
    let last = third.load(start()).unwrap().unwrap();
    assert_eq!(third.generation(), 2 * TURNS as u64);
    // Whoever wrote last had read what the other wrote last.
    let (newest, latest) = (content(TURNS - 1), start() + SignedDuration::from_hours(TURNS - 1));
    assert!(
        last.held.envelope.issued_at == newest.held.envelope.issued_at || last.last_contact == latest,
        "the last writer's own"
    );
    assert_eq!(disk.scratch.names("."), [CACHE_FILE, "lock"]);
}

#[test]
fn a_merge_takes_the_best_of_both() {
    let disk = Disk::new();
    let (mut one, mut two) = (disk.cache(Rules::ALL), disk.cache(Rules::ALL));
    one.save(content(0), true).unwrap();
    let mut ours = content(5);
    two.load(start()).unwrap();
    two.save(ours.clone(), true).unwrap();
    ours = content(0);
    ours.last_contact = start() + SignedDuration::from_mins(9);
    ours.highest_time = start() + SignedDuration::from_mins(2);
    let merged = one.save(ours, true).unwrap().content;
    let at = |minutes| start() + SignedDuration::from_mins(minutes);
    assert_eq!(merged.held.envelope.issued_at, at(5), "theirs is newer");
    assert_eq!((merged.last_contact, merged.highest_time), (at(9), at(5)));
    // Nobody wrote in between: a contact may lower the time (CL-CLOCK).
    let mut lowered = content(5);
    lowered.highest_time = at(1);
    assert_eq!(one.save(lowered, true).unwrap().content.highest_time, at(1));
    // Without a contact of its own the other takes over the one on the disk, and the time that it set.
    let mut stale = content(5);
    (stale.last_contact, stale.highest_time) = (at(9), at(900));
    let taken = two.save(stale, false).unwrap().content;
    assert_eq!((taken.last_contact, taken.highest_time), (at(5), at(5)));
    // With the same contact, the higher time.
    let mut later = content(5);
    later.highest_time = at(7);
    assert_eq!(one.save(later, false).unwrap().content.highest_time, at(7));
    assert_eq!(two.save(content(5), false).unwrap().content.highest_time, at(7));
    // Its own contact is the later one, also where it is dated earlier.
    let mut healed = content(5);
    (healed.last_contact, healed.highest_time) = (at(6), at(6));
    let healed = one.save(healed, true).unwrap().content;
    assert_eq!((healed.last_contact, healed.highest_time), (at(6), at(6)));
}

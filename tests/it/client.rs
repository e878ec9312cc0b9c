//! The simulated client against the embedded platform, over TLS: a real sign-in, real envelopes, real answers.

use std::{path::PathBuf, pin::Pin, sync::Arc};

use jiff::SignedDuration;
use spanned_yaml::Source;
use touchstone::{
    client::{Client, FileStore, Mode, Outcome, Setup, bootstrap},
    model::{rule::Rules, secret::Secrets},
    net::courier::{Answer, Courier, Request, SendError},
    signin::Person,
    target::{Platform, PlatformOrder, Target as _, embedded::EmbeddedTarget},
};

const MANAGER: &str = "https://config.example.com";

async fn start() -> Box<dyn Platform> {
    let target = EmbeddedTarget::new(Rules::ALL, None).unwrap();
    let values = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios/values/okta-per-component.yaml");
    let order = PlatformOrder {
        manifests: Vec::new(),
        values: Source::read(&values).unwrap(),
        tenant: EmbeddedTarget::shipped_tenant("okta-per-component").unwrap(),
        seed: [7; 32],
        secrets: Secrets::default(),
    };
    target.start(&order).await.unwrap()
}

/// The platform's own courier, from which the Manager can be hidden.
struct Wire<'p> {
    platform: &'p dyn Platform,
    manager_is_hidden: bool,
}

impl Courier for Wire<'_> {
    fn send(&self, request: Request) -> Pin<Box<dyn Future<Output = Result<Answer, SendError>> + Send + '_>> {
        if self.manager_is_hidden && request.url.starts_with(MANAGER) {
            let lost = SendError::NoAnswer { url: request.url, cause: "hidden".into() };
            return Box::pin(std::future::ready(Err(lost)));
        }
        self.platform.http().send(request)
    }
}

#[tokio::test]
async fn a_day_of_a_client() {
    let platform = start().await;
    let disk = std::env::temp_dir().join(format!("touchstone-it-client-{}", std::process::id()));
    let open = || {
        Client::open(Setup {
            platform_url: bootstrap(None, Some(MANAGER), Rules::ALL).unwrap(),
            // One folder for both: neither waits for the other's lock.
            folder: disk.clone(),
            store: Arc::new(FileStore::new(disk.clone())),
            clock: platform.clock(),
            seed: [7; 32],
            rules: Rules::ALL,
        })
    };
    let mut wire = Wire { platform: &*platform, manager_is_hidden: false };
    let tenant = EmbeddedTarget::shipped_tenant("okta-per-component").unwrap();
    let password = password(tenant.text(), "ann@acme.test");
    let person = Person { login: "ann@acme.test".into(), password };

    let mut client = open();
    client.sign_in(&wire, &person).await.unwrap();
    assert_eq!(client.poll(&wire).await.outcome, Outcome::Contact);
    assert_eq!(client.poll(&wire).await.outcome, Outcome::Unchanged);
    drop(client);

    // Three hours later the access token has expired, and nobody is asked.
    platform.advance(SignedDuration::from_hours(3)).await.unwrap();
    let mut client = open();
    let poll = client.wake(&wire).await.unwrap();
    assert_eq!((poll.outcome, poll.mode), (Outcome::Unchanged, Mode::Online), "{poll:?}");
    assert_eq!(client.status().time, platform.clock().now().to_string());

    wire.manager_is_hidden = true;
    platform.advance(SignedDuration::from_hours(2)).await.unwrap();
    let poll = client.wake(&wire).await.unwrap();
    assert_eq!((poll.contact, poll.mode), (false, Mode::Grace), "{poll:?}");
    platform.advance(SignedDuration::from_hours(20)).await.unwrap();
    assert_eq!(client.status().mode, Mode::Expired, "the envelope ends before the grace does");

    wire.manager_is_hidden = false;
    let poll = client.wake(&wire).await.unwrap();
    assert_eq!((poll.outcome, poll.mode), (Outcome::Contact, Mode::Online), "{poll:?}");
    let status = client.status();
    assert!(status.events.is_empty() && status.warnings.is_empty(), "{status:?}");
    std::fs::remove_dir_all(&disk).unwrap();
}

/// A user's password, from the tenant file.
fn password(tenant: &str, login: &str) -> String {
    let at = tenant.find(login).unwrap();
    let (_, rest) = tenant[at..].split_once("password:").unwrap();
    rest.split([',', '\n', '}']).next().unwrap().trim().trim_matches(['\'', '"']).to_owned()
}

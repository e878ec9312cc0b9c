//! Every provider in front of the platform: somebody signs in by the real flow, and the Manager takes the token or
//! says why not.

use spanned_yaml::Source;
use touchstone::{
    chance::Chance,
    model::{
        identifier::{Component, Issuer},
        rule::Rules,
        secret::Secrets,
    },
    net::courier::{Courier, Request},
    signin::{Person, Registration, SignIn, Tokens},
    target::{Platform, PlatformOrder, Target, embedded::EmbeddedTarget},
};

/// A platform, and what its Manager tells a client.
struct Rig {
    platform: Box<dyn Platform>,
    registration: Registration,
}

impl Rig {
    async fn start(values: &str, tenant: &str) -> Self {
        let path = format!("{}/scenarios/values/{values}.yaml", env!("CARGO_MANIFEST_DIR"));
        let order = PlatformOrder {
            manifests: Vec::new(),
            values: Source::read(path.as_ref()).unwrap(),
            tenant: EmbeddedTarget::shipped_tenant(tenant).unwrap(),
            seed: [7; 32],
            secrets: Secrets::default(),
        };
        let target = EmbeddedTarget::new(Rules::ALL, None).unwrap();
        let platform = target.start(&order).await.unwrap();
        let manager = &platform.endpoints().components[&Component::new("enterprise-manager")];
        let url = format!("{}/.well-known/toolhive-configuration", manager.base);
        let document = platform.http().send(Request::get(url)).await.unwrap().json().unwrap();
        let oidc = &document["oidc"];
        let registration = Registration {
            issuer: Issuer::new(oidc["issuer"].as_str().unwrap()),
            client_id: oidc["client_id"].as_str().unwrap().to_owned(),
            client_secret: None,
            redirect_uri: None,
            scopes: serde_json::from_value(oidc["scopes"].clone()).unwrap(),
            resource: None,
        };
        Self { platform, registration }
    }

    /// Ann's tokens by the authorization code flow with PKCE.
    async fn sign_in(&self) -> Tokens {
        let person = Person { login: "ann@acme.test".into(), password: "ann-mock-password".into() };
        let mut chance = Chance::from_seed([7; 32]);
        let mut flow = SignIn { courier: self.platform.http(), chance: &mut chance, rules: Rules::ALL };
        flow.authorization_code(&self.registration, &person).await.unwrap()
    }

    /// Status and `error_description` of a component's answer.
    async fn present(&self, component: &str, token: &str) -> (u16, String) {
        let endpoint = &self.platform.endpoints().components[&Component::new(component)];
        let request = Request::get(format!("{}{}", endpoint.base, endpoint.protected_path));
        let answer = self
            .platform
            .http()
            .send(request.header("authorization", format!("Bearer {token}")))
            .await
            .unwrap();
        let body = answer.json().unwrap_or_default();
        (answer.status, body["error_description"].as_str().unwrap_or_default().to_owned())
    }

    /// The Manager refuses the token by a rule.
    async fn assert_refused(&self, token: &str, rule: &str) {
        let (status, why) = self.present("enterprise-manager", token).await;
        assert_eq!(status, 401);
        assert!(why.starts_with(rule), "{why}");
    }

    /// What the journal has of the introspection endpoint.
    async fn introspections(&self) -> usize {
        let idp = &self.platform.endpoints().components[&Component::new("idp")];
        let control = idp.control.as_ref().unwrap();
        let request = Request::get(format!("{}/control/journal", control.base));
        let request = request.header("authorization", format!("Bearer {}", control.secret));
        let journal = self.platform.http().send(request).await.unwrap().json().unwrap();
        journal.as_array().unwrap().iter().filter(|entry| entry["endpoint"] == "introspect").count()
    }
}

#[tokio::test]
async fn entra_v2_is_accepted() {
    let rig = Rig::start("entra-quickstart", "entra-quickstart").await;
    let api = "api://4f8e2a6c-9d1b-4e3f-a5c7-0b2d4f6a8c1e/toolhive:config:read";
    assert!(rig.registration.scopes.iter().any(|scope| scope == api), "{:?}", rig.registration.scopes);
    let tokens = rig.sign_in().await;
    assert_eq!(rig.present("enterprise-manager", &tokens.access_token).await.0, 200);
    assert_eq!(rig.present("cloud-ui", &tokens.access_token).await.0, 401, "another application's token");
    rig.assert_refused(&tokens.id_token.unwrap(), "TOK-AUD").await;
}

#[tokio::test]
async fn a_token_of_entra_for_graph_is_refused() {
    let mut rig = Rig::start("entra-quickstart", "entra-quickstart").await;
    rig.registration.scopes = vec!["openid".into(), "profile".into()];
    let tokens = rig.sign_in().await;
    rig.assert_refused(&tokens.access_token, "TOK-ISS").await;
}

#[tokio::test]
async fn the_org_server_with_a_published_key_is_accepted() {
    let rig = Rig::start("okta-org-jwt", "okta-org-jwt").await;
    let tokens = rig.sign_in().await;
    assert_eq!(rig.present("enterprise-manager", &tokens.access_token).await.0, 200);
}

#[tokio::test]
async fn the_org_server_with_an_unpublished_key_is_refused() {
    let rig = Rig::start("okta-org-jwt", "okta-org-unpublished").await;
    let tokens = rig.sign_in().await;
    rig.assert_refused(&tokens.access_token, "TOK-KID").await;
    assert_eq!(rig.introspections().await, 0, "it would have said that the token is active");
}

#[tokio::test]
async fn the_org_server_with_opaque_tokens_is_refused() {
    let rig = Rig::start("okta-org-jwt", "okta-org-opaque").await;
    let tokens = rig.sign_in().await;
    rig.assert_refused(&tokens.access_token, "TOK-OPAQUE").await;
    assert_eq!(rig.introspections().await, 0, "it would have said that the token is active");
}

/// The platform is set up for the custom server; somebody brings a token of the org server of the same organization.
#[tokio::test]
async fn the_org_servers_token_is_refused_beside_the_custom_one() {
    let mut rig = Rig::start("okta-per-component", "okta-org-beside-custom").await;
    let custom = rig.sign_in().await;
    assert_eq!(rig.present("enterprise-manager", &custom.access_token).await.0, 200);
    rig.registration.issuer = Issuer::new("https://acme.okta.com");
    rig.registration.scopes = vec!["openid".into()];
    let org = rig.sign_in().await;
    rig.assert_refused(&org.access_token, "TOK-ISS").await;
}

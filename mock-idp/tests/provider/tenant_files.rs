//! Tenant files: the shipped ones are clean, a bad one is told everything at once.

use expect_test::expect_file;
use mock_idp::{Tenant, tenants::SHIPPED};
use spanned_yaml::Source;

use crate::rig::shipped;

macro_rules! assert_mistakes {
    ($name:literal) => {
        let text = include_str!(concat!("../golden/tenant/", $name, ".yaml"));
        let Err(mistakes) = Tenant::parse(&Source::new(concat!($name, ".yaml"), text)) else {
            panic!("{} is taken", $name)
        };
        expect_file![concat!("../golden/tenant/", $name, ".err")].assert_eq(&format!("{mistakes}\n"));
    };
}

#[test]
fn the_shipped_tenants_are_clean() {
    for (name, text) in SHIPPED {
        let (tenant, warnings) = Tenant::parse(&Source::new(name, text)).unwrap();
        assert!(warnings.is_empty(), "{warnings}");
        let hosts = tenant.hosts();
        assert!(tenant.issuers()[0].starts_with(&format!("https://{}", hosts[0])), "{hosts:?}");
        let secrets = tenant.secrets();
        assert!(secrets.contains(&("cloud-ui-mock-secret".to_owned(), "client secret")));
        assert!(!format!("{tenant:?}").contains("mock-secret"), "secrets are not printed");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    assert_mistakes!("okta");
    assert_mistakes!("entra");
    assert_mistakes!("generic");
    assert_mistakes!("keycloak");
    assert_mistakes!("auth0");
    assert_mistakes!("google");
    assert_mistakes!("cognito");
}

#[test]
fn a_server_without_a_policy_is_warned_about() {
    let text = "provider: okta\ndomain: acme.okta.com\ndirectory: {}\n\
                authorization_servers: [{name: default, id: default, audience: api}]\n";
    let (_, warnings) = Tenant::parse(&Source::new("tenant.yaml", text)).unwrap();
    assert!(warnings.to_string().contains("access_denied"), "{warnings}");
}

#[test]
fn a_role_that_nobody_has_is_warned_about() {
    let text = shipped("entra-quickstart").replace(", role: mcp-admin }", " }");
    let (_, warnings) = Tenant::parse(&Source::new("tenant.yaml", text)).unwrap();
    let warnings = warnings.to_string();
    assert!(warnings.contains("the app role `mcp-admin` is assigned to nobody"), "{warnings}");
    assert!(warnings.contains("assign it under `users_and_groups`"), "{warnings}");
}

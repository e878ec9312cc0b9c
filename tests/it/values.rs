//! The values file: what is read from good files, and what is said about bad ones (goldens beside them).

use std::{
    fs,
    path::{Path, PathBuf},
};

use expect_test::expect_file;
use serde_json::json;
use spanned_yaml::{Diagnostics, Source};
use touchstone::model::{
    directives::{CaCertificate, DegradedPolicy, Enforcement},
    secret::Secrets,
    values::{IdpType, Values},
};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/values").join(name)
}

fn files(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(fixture(folder)).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    assert!(!files.is_empty());
    files
}

/// Under its bare name, so that goldens hold no machine's paths.
fn read(path: &Path) -> Result<(Values, Diagnostics), String> {
    let name = path.file_name().unwrap().to_str().unwrap();
    let source = Source::from_bytes(name, fs::read(path).unwrap()).map_err(|error| error.to_string())?;
    Values::read(&source).map_err(|findings| findings.render(false))
}

fn good(name: &str) -> Values {
    read(&fixture("good").join(name)).unwrap_or_else(|findings| panic!("{findings}")).0
}

#[test]
fn every_mistake_of_a_bad_file_is_told_at_once() {
    for path in files("bad") {
        let findings = read(&path).map(drop).expect_err(&path.display().to_string());
        expect_file![path.with_extension("err")].assert_eq(&findings);
        assert!(!findings.contains("do-not-show-this"), "{}: a secret is shown", path.display());
    }
}

#[test]
fn good_files_load_and_their_warnings_are_told() {
    for path in files("good") {
        let (_, warnings) = read(&path).unwrap_or_else(|findings| panic!("{}: {findings}", path.display()));
        assert!(!warnings.has_errors());
        expect_file![path.with_extension("warnings")].assert_eq(&warnings.render(false));
    }
}

#[test]
fn the_suites_own_values_load_without_a_word() {
    for name in ["okta-per-component", "okta-shared", "entra-quickstart", "generic"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("scenarios/values/{name}.yaml"));
        let (values, warnings) = read(&path).unwrap_or_else(|findings| panic!("{name}: {findings}"));
        assert!(warnings.is_empty(), "{name}: {warnings}");
        let (manager, cloud_ui) = (values.enterprise_manager.unwrap(), values.cloud_ui.unwrap());
        assert_eq!(manager.issuer == cloud_ui.issuer, name != "okta-per-component");
        assert_ne!(manager.audience, cloud_ui.audience);
    }
}

#[test]
fn the_org_server_is_warned_about() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/values/okta-org-jwt.yaml");
    let (values, warnings) = read(&path).unwrap_or_else(|findings| panic!("{findings}"));
    let manager = values.enterprise_manager.unwrap();
    assert_eq!(manager.issuer.as_str(), manager.audience.as_str());
    let words = warnings.render(false);
    assert_eq!(words.matches("this is Okta's org authorization server").count(), 2, "{words}");
    assert_eq!(words.matches("warning:").count(), 2, "nothing else is said: {words}");
}

/// CFG-REQUIRED: a required setting that is absent, null, empty, blank or of another type refuses the file.
#[test]
fn no_required_setting_may_be_missing() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/values/okta-per-component.yaml");
    let text = fs::read_to_string(path).unwrap();
    let required =
        ["issuer", "audience", "requiredScope", "resourceURL", "clientID", "issuerUrl", "clientId"];
    for key in required {
        let line = text.lines().find(|line| line.trim_start().starts_with(&format!("{key}: "))).unwrap();
        let indent = line.len() - line.trim_start().len();
        for value in
            [None, Some(""), Some(" ~"), Some(" ''"), Some(" '  '"), Some(" []"), Some(" 7"), Some(" '<X>'")]
        {
            let replacement =
                value.map_or_else(String::new, |value| format!("{}{key}:{value}", " ".repeat(indent)));
            let changed = text.replacen(line, &replacement, 1);
            let findings = Values::read(&Source::new("values.yaml", &changed))
                .map(drop)
                .expect_err(&format!("{key} as {value:?}"))
                .render(false);
            assert_eq!(findings.matches("error:").count(), 1, "{key} as {value:?}: {findings}");
            assert!(findings.contains(key), "{key} as {value:?}: {findings}");
        }
    }
}

/// A copy that was cut off anywhere is a file or a list of mistakes, never a crash.
#[test]
fn no_part_of_a_file_is_fatal() {
    for name in ["both-components.yaml", "warnings.yaml"] {
        let text = fs::read_to_string(fixture("good").join(name)).unwrap();
        for end in 0..text.len() {
            let source = Source::new("values.yaml", &text[..end]);
            if let Err(findings) = Values::read(&source) {
                assert!(findings.has_errors(), "{name} up to {end}: refused without a reason");
            }
        }
    }
}

#[test]
fn the_umbrella_form() {
    let values = good("seed-enterprise-manager.yaml");
    let manager = values.enterprise_manager.as_ref().unwrap();
    assert_eq!(manager.issuer.as_str(), "https://idp.example.com");
    assert_eq!(manager.audience.as_str(), "enterprise-manager");
    assert_eq!(manager.required_scope.as_str(), "toolhive:config:read");
    assert_eq!(manager.idp_type, IdpType::Generic);
    assert_eq!(manager.existing_secret.as_deref(), Some("enterprise-manager-signing-key"));
    assert_eq!(manager.envelope_ttl.length.as_hours(), 24);
    assert_eq!(manager.refresh_interval.written, "5m");
    assert_eq!(manager.resource_url.as_str(), "https://config.example.com");
    assert_eq!(manager.client_id.as_str(), "0oaclitouchstone1");
    assert!(values.cloud_ui.is_none() && values.registry_server.is_none());
    let directives = &manager.directives;
    assert_eq!(directives.registry.as_ref().unwrap().enforcement, Enforcement::Enforced);
    assert!(!directives.non_registry_servers.as_ref().unwrap().value);
    let degraded = directives.degraded_mode.as_ref().unwrap();
    assert_eq!(degraded.policy, DegradedPolicy::BlockNew);
    assert_eq!(degraded.grace_period.unwrap().as_hours(), 24);
    assert_eq!(
        directives.config().keys().collect::<Vec<_>>(),
        ["registry", "non_registry_servers", "degraded_mode"]
    );
}

#[test]
fn the_component_form_and_every_directive() {
    let values = good("both-components.yaml");
    let manager = values.enterprise_manager.as_ref().unwrap();
    assert_eq!(manager.issuer.as_str(), "https://login.example.com/tenant/", "the slash is part of it");
    assert_eq!(manager.idp_type, IdpType::Entra);
    assert_eq!(manager.envelope_ttl.length.as_mins(), 90);
    assert_eq!(manager.refresh_interval.written, "5m", "the default");
    let directives = &manager.directives;
    assert!(matches!(directives.ca_certificate.as_ref().unwrap().value, CaCertificate::Pem(_)));
    assert_eq!(directives.telemetry.as_ref().unwrap().value.sampling_rate, Some(0.25));
    assert_eq!(directives.degraded_mode.as_ref().unwrap().grace_period, None);
    assert!(directives.unknown.is_empty());
    let cloud_ui = values.cloud_ui.as_ref().unwrap();
    assert_eq!(cloud_ui.audience.as_str(), "cloud-ui-client", "the client ID where no audience is set");
    assert_eq!(cloud_ui.scopes.len(), 2);
    assert!(cloud_ui.client_secret.is_none() && cloud_ui.url.is_none());
}

#[test]
fn the_document_answers_by_path() {
    let umbrella = good("seed-enterprise-manager.yaml");
    let issuer = Some(json!("https://idp.example.com"));
    assert_eq!(umbrella.lookup("enterprise-manager.idpConfig.issuer"), issuer);
    assert_eq!(umbrella.lookup("enterpriseManager.enabled"), Some(json!(true)));
    assert_eq!(umbrella.lookup("idpConfig.issuer"), None);
    assert_eq!(umbrella.lookup("enterprise-manager.nothing"), None);
    assert_eq!(umbrella.lookup(""), None);
    let component = good("both-components.yaml");
    for path in ["toolhive-cloud-ui.oidc.clientId", "oidc.clientId"] {
        assert_eq!(component.lookup(path), Some(json!("cloud-ui-client")), "{path}");
    }
}

#[test]
fn a_disabled_component_is_absent_and_not_read() {
    let values = good("warnings.yaml");
    assert!(values.cloud_ui.is_none() && values.registry_server.is_none());
    assert_eq!(values.enterprise_manager.unwrap().directives.unknown, ["marketplace"]);
}

#[test]
fn secrets_stay_out_of_debug_output_and_are_registered() {
    let values = good("seed-okta-cloud-ui.yaml");
    let secret = "cloud-ui-secret-for-the-mock-only";
    assert!(!format!("{values:?}").contains(secret));
    let secrets = Secrets::default();
    values.register_secrets(&secrets);
    assert_eq!(secrets.redact(secret), "[client secret]");
    let values = good("both-components.yaml");
    assert!(!format!("{values:?}").contains("telemetry-secret"));
    values.register_secrets(&secrets);
    assert_eq!(secrets.redact("Bearer telemetry-secret"), "[telemetry header]");
}

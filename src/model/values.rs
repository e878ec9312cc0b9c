//! The platform's configuration: the user's own Helm `values.yaml`, unchanged (PLATFORM.md §2).
//!
//! Both forms are read: the umbrella chart's (`enterpriseManager.enabled` and `enterprise-manager:`) and a
//! component chart's own (top level `idpConfig:` or `oidc:`). A missing setting is a load error, never "no check"
//! (CFG-REQUIRED). All mistakes of a file are reported at once. Nothing here resolves a Secret or opens a file.

use serde_json::Value as Json;
use spanned_yaml::{Diagnostics, Node, Source};

use crate::model::{concealed::Concealed, secret::Secrets};

mod cloud_ui;
mod enterprise_manager;
mod form;
mod indentation;
mod mask;
mod placeholder;
pub mod registry_server;
mod section;

pub use cloud_ui::CloudUi;
pub use enterprise_manager::{EnterpriseManager, IdpType, Interval};
pub use registry_server::RegistryServer;

use form::Form;

/// A values file that holds everything its components need. A component that is absent or disabled is `None`;
/// its requirements are not applicable.
#[derive(Clone, Debug)]
pub struct Values {
    /// The Enterprise Manager.
    pub enterprise_manager: Option<EnterpriseManager>,
    /// The Enterprise Cloud UI.
    pub cloud_ui: Option<CloudUi>,
    /// The Registry Server.
    pub registry_server: Option<RegistryServer>,
    document: Concealed<Json>,
    form: Form,
}

impl Values {
    /// Reads a values file. The diagnostics of a good file are warnings; of a bad one, every mistake with line,
    /// caret and advice. Lines that hold a secret are shown masked.
    ///
    /// # Errors
    /// At least one mistake.
    pub fn read(source: &Source) -> Result<(Self, Diagnostics), Diagnostics> {
        let mut parsed = Diagnostics::new(source.clone());
        let root = spanned_yaml::parse(&mut parsed);
        let mut findings = mask::findings(&parsed);
        let Some(root) = root else { return Err(findings) };
        if let Some(lost) = indentation::lost(&root) {
            let mut only = Diagnostics::new(findings.source().clone());
            lost.report(&mut only);
            return Err(only);
        }
        let values = Self::of(&root, &mut findings);
        match values {
            Some(values) if !findings.has_errors() => Ok((values, findings)),
            _ => Err(findings),
        }
    }

    fn of(root: &Node, findings: &mut Diagnostics) -> Option<Self> {
        let form = Form::of(root, findings)?;
        let manager = form.enterprise_manager(root, findings);
        let cloud_ui = form.cloud_ui(root, findings);
        let registry = form.registry_server(root, findings);
        for section in [manager, cloud_ui, registry].into_iter().flatten() {
            placeholder::report(section, findings);
        }
        Some(Self {
            enterprise_manager: manager
                .and_then(|node| read_or_refuse(node, form, findings, enterprise_manager::read)),
            cloud_ui: cloud_ui.and_then(|node| read_or_refuse(node, form, findings, cloud_ui::read)),
            registry_server: registry
                .and_then(|node| read_or_refuse(node, form, findings, registry_server::read)),
            document: Concealed::new(root.to_json()),
            form,
        })
    }

    /// The value at a dotted path of umbrella names: `enterprise-manager.idpConfig.issuer`. List items by number.
    /// A file in component form answers under its own names too: `idpConfig.issuer`. Null counts as absent.
    #[must_use]
    pub fn lookup(&self, path: &str) -> Option<Json> {
        let document = self.document.reveal();
        let found = walk(document, path).or_else(|| match (self.form, path.split_once('.')?) {
            (Form::Component, (form::MANAGER | form::CLOUD_UI, rest)) => walk(document, rest),
            _ => None,
        });
        found.filter(|value| !value.is_null()).cloned()
    }

    /// Registers every secret of the file, so that no report or log shows it.
    pub fn register_secrets(&self, secrets: &Secrets) {
        for (path, shown_as) in [
            ("toolhive-cloud-ui.oidc.clientSecret", "client secret"),
            ("toolhive-cloud-ui.betterAuth.secret", "client secret"),
            ("toolhive-registry-server.upstream.config.database.password", "database password"),
            ("toolhive-registry-server.upstream.config.database.migrationPassword", "database password"),
        ] {
            if let Some(Json::String(secret)) = self.lookup(path) {
                secrets.register(&secret, shown_as);
            }
        }
        let telemetry =
            self.enterprise_manager.as_ref().and_then(|manager| manager.directives.telemetry.as_ref());
        for secret in telemetry.iter().flat_map(|telemetry| telemetry.value.headers.reveal().values()) {
            secrets.register(secret, "telemetry header");
        }
    }
}

/// A section that cannot be used is never taken for an absent component: it is an error, whatever else happens.
fn read_or_refuse<T>(
    node: &Node,
    form: Form,
    findings: &mut Diagnostics,
    read: fn(&Node, Form, &mut Diagnostics) -> Option<T>,
) -> Option<T> {
    let settings = read(node, form, findings);
    if settings.is_none() && !findings.has_errors() {
        findings.error(node.span, "this section cannot be used");
    }
    settings
}

fn walk<'j>(document: &'j Json, path: &str) -> Option<&'j Json> {
    path.split('.').try_fold(document, |value, key| match value {
        Json::Object(members) => members.get(key),
        Json::Array(items) => items.get(key.parse::<usize>().ok()?),
        _ => None,
    })
}

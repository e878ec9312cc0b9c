//! From the arguments to what a platform is made of; every mistake of every file at once, before anything starts.

use std::path::Path;

use mcp_policy::manifest::{self, Manifests};
use spanned_yaml::{Diagnostics, Source, closest};

use super::super::{policy::files, refusal::Refusal, run::manifests::Mistakes, suite, terminal::Terminal};
use crate::{
    model::{identifier::CaseId, values::Values},
    target::embedded::EmbeddedTarget,
};

/// The demonstration, of files of the built-in suite.
const VALUES: &str = "values/okta-platform.yaml";
const TENANT: &str = "tenants/okta-mcp.yaml";
const MANIFESTS: [&str; 3] =
    ["manifests/github.yaml", "manifests/holders.yaml", "manifests/github-access.yaml"];

/// What the demonstration's Registry Server has, as its control wire takes it.
const CATALOGUE: &str = include_str!("catalogue.json");

/// The tenant of an identity provider alone.
const IDP_TENANT: &str = "okta-per-component";

/// No component of the platform.
const NO_COMPONENT: &str = "enterpriseManager: {enabled: false}\ncloudUi: {enabled: false}\n";

/// What a platform is made of.
pub(super) struct Inputs {
    pub(super) values: Source,
    pub(super) tenant: Source,
    pub(super) manifests: Vec<Source>,
    /// The demonstration's catalogue; that of anybody's own values is empty.
    pub(super) catalogue: Option<&'static str>,
    /// The values and the manifests as they were read.
    pub(super) read: (Values, Manifests),
}

impl Inputs {
    pub(super) fn of_platform(
        values: Option<&str>,
        tenant: Option<&str>,
        manifests: &[String],
        terminal: &Terminal,
    ) -> Result<Self, Refusal> {
        let manifests = match (manifests, values) {
            ([], None) => MANIFESTS.into_iter().filter_map(suite::built_in_file).collect(),
            (paths, _) => files::sources(paths)?,
        };
        let (values, catalogue) = match values {
            Some(path) => (Some(files::source(path)?), None),
            None => (suite::built_in_file(VALUES), Some(CATALOGUE)),
        };
        let tenant = match tenant {
            Some(name) => Some(self::tenant(name)?),
            None => suite::built_in_file(TENANT),
        };
        Ok(Self { catalogue, ..Self::checked(values, tenant, manifests, terminal)? })
    }

    pub(super) fn of_idp(tenant: Option<&str>, terminal: &Terminal) -> Result<Self, Refusal> {
        let tenant = self::tenant(tenant.unwrap_or(IDP_TENANT))?;
        Self::checked(Some(Source::new("values", NO_COMPONENT)), Some(tenant), Vec::new(), terminal)
    }

    fn checked(
        values: Option<Source>,
        tenant: Option<Source>,
        manifests: Vec<Source>,
        terminal: &Terminal,
    ) -> Result<Self, Refusal> {
        let (Some(values), Some(tenant)) = (values, tenant) else {
            return Err(Refusal::environment("error: the demonstration is not in this build"));
        };
        let color = terminal.colors_talk();
        let (read, of_values) = match Values::read(&values) {
            Ok((read, warnings)) => (Some(read), warnings),
            Err(errors) => (None, errors),
        };
        let found = [of_values, EmbeddedTarget::check_tenant(&tenant)];
        let mut mistakes = Mistakes::default();
        mistakes.look(&CaseId::new("serve"), &manifests, false, color);
        let words: String = found.iter().map(|found| found.render(color)).collect();
        match read {
            Some(read) if !found.iter().any(Diagnostics::has_errors) && !mistakes.any() => {
                if !words.is_empty() {
                    terminal.say(&words)?;
                }
                let custom = manifest::read(manifests.clone()).0;
                Ok(Self { values, tenant, manifests, catalogue: None, read: (read, custom) })
            }
            _ => Err(Refusal::usage(format!("{words}{mistakes}").trim_end())),
        }
    }
}

/// A shipped tenant, or a file. A name that is neither is told what there is.
fn tenant(argument: &str) -> Result<Source, Refusal> {
    let path = Path::new(argument);
    if path.exists() || path.extension().is_some() || path.components().count() != 1 {
        return files::source(argument);
    }
    EmbeddedTarget::shipped_tenant(argument).ok_or_else(|| {
        let names = EmbeddedTarget::shipped_tenants();
        let near = closest(argument, names.iter().copied());
        let near = near.map_or_else(String::new, |near| format!(": did you mean `{near}`?"));
        let known = names.join(", ");
        Refusal::usage(format!(
            "error: there is no file and no shipped tenant `{argument}`{near}\n  help: shipped are {known}"
        ))
    })
}

//! What no target that plays the platform itself can play: it serves names, each of them one component's, on ports of
//! its own.

use std::collections::BTreeMap;

use url::{Host, Url};

use super::{UI_URL, registry::Places};
use crate::{
    model::{resource_url::ResourceUrl, values::Values},
    target::TargetError,
};

/// Where the Cloud UI is.
pub(super) fn ui_url(values: &Values) -> Result<ResourceUrl, TargetError> {
    match values.cloud_ui.as_ref().and_then(|ui| ui.url.clone()) {
        Some(url) => Ok(url),
        None => ResourceUrl::parse(UI_URL).map_err(super::environment),
    }
}

/// The error says which URL it is, and why. Of the identity provider there are its issuers and its hosts.
pub(super) fn check(
    values: &Values,
    ui_url: &ResourceUrl,
    registries: &Places,
    idp: (&[String], Vec<String>),
) -> Result<(), String> {
    let manager = values.enterprise_manager.iter().map(|manager| &manager.resource_url);
    let served = manager.map(|url| ("the Enterprise Manager", url));
    let served = served.chain(values.cloud_ui.iter().map(|_| ("the Cloud UI", ui_url)));
    let served: Vec<_> = served.chain(registries.server().map(|url| ("the Registry Server", url))).collect();
    let (issuers, hosts) = idp;
    let others = issuers.iter().map(|issuer| ("the identity provider", issuer.as_str()));
    // What components are told of each other leads to somebody, or out of the process.
    let ui = values.cloud_ui.iter();
    let told = ui.flat_map(|ui| [ui.api_base_url.as_deref(), ui.enterprise_manager_url.as_deref()]);
    let told = told.flatten().map(|url| ("what the Cloud UI is told to ask", url));
    let api = registries.api().map(|url| ("the registry of the policy", url.as_str()));
    let others = others.chain(told).chain(api);
    let served_at = served.iter().map(|(who, url)| (*who, url.as_str()));
    for (who, written) in served_at.chain(others) {
        let Ok(url) = Url::parse(written) else { continue };
        if url.port().is_some() {
            return Err(format!(
                "{who} is at `{written}`: no URL with a port can be played; leave the port out"
            ));
        }
        if url.host_str().is_some_and(|host| host.ends_with('.')) {
            return Err(format!("{who} is at `{written}`: leave out the dot at the end of the name"));
        }
        if matches!(url.host(), Some(Host::Ipv4(_) | Host::Ipv6(_))) {
            return Err(format!("{who} is at `{written}`: only a name can be played, and no address"));
        }
    }
    let mut taken: BTreeMap<String, &str> =
        hosts.into_iter().map(|host| (host, "the identity provider")).collect();
    for (who, url) in served {
        let host = url.host();
        if let Some(other) = taken.insert(host.to_owned(), who) {
            return Err(format!(
                "{who} and {other} share the host `{host}`: each needs a name of its own to be played"
            ));
        }
    }
    Ok(())
}

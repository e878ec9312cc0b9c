//! The registries of a platform: the Registry Server where the values have one, and, where the policy names a registry
//! elsewhere, a stand-in there that knows who is a member.

use std::{net::TcpListener, sync::Arc};

use mcp_policy::{
    claims::{ClaimNames, Reading},
    manifest::Manifests,
};
use url::Url;

use super::{Launch, Probe, Ready, TargetError, environment, idp_type};
use crate::{
    clock::Clock,
    model::{
        resource_url::ResourceUrl,
        values::{RegistryServer as Settings, Values},
    },
    net,
    reference::{
        registry::Registry,
        registry_server::{self, Deployment, RegistryServer},
    },
};

/// Where the Registry Server lives if neither its values nor the policy say.
const URL: &str = "https://registry.example.com";

/// Where the registries are.
#[derive(Debug)]
pub(super) struct Places {
    server: Option<ResourceUrl>,
    /// Of the policy's `registry` directive.
    api: Option<ResourceUrl>,
}

/// The registries that will be started.
pub(super) struct Planned {
    server: Option<(ResourceUrl, Option<TcpListener>)>,
    stand_in: Option<(ResourceUrl, Option<TcpListener>)>,
}

impl Places {
    pub(super) fn of(values: &Values) -> Result<Self, TargetError> {
        let directive =
            values.enterprise_manager.as_ref().and_then(|manager| manager.directives.registry.as_ref());
        let api = directive.map(|registry| ResourceUrl::parse(&registry.value.api_url).map_err(environment));
        let api = api.transpose()?;
        let server = values.registry_server.as_ref().map(|settings| match settings.url() {
            Some(url) => Ok(url.clone()),
            None => otherwise(api.as_ref()),
        });
        Ok(Self { server: server.transpose()?, api })
    }

    /// Of the Registry Server, if there is one.
    pub(super) fn server(&self) -> Option<&ResourceUrl> {
        self.server.as_ref()
    }

    /// Of the registry that the policy names, if it names one.
    pub(super) fn api(&self) -> Option<&ResourceUrl> {
        self.api.as_ref()
    }

    pub(super) fn hosts(&self) -> impl Iterator<Item = String> {
        self.server.iter().chain(&self.api).map(|url| url.host().to_owned())
    }
}

/// A Registry Server that names no URL is at the origin of the policy's registry.
fn otherwise(api: Option<&ResourceUrl>) -> Result<ResourceUrl, TargetError> {
    let origin = match api {
        Some(api) => Url::parse(api.as_str()).map_err(environment)?.origin().ascii_serialization(),
        None => URL.to_owned(),
    };
    ResourceUrl::parse(&origin).map_err(environment)
}

impl Launch {
    pub(super) fn plan_registries(&mut self, places: Places) -> Result<Planned, TargetError> {
        let Places { server, api } = places;
        let own_host = server.as_ref().map(|url| url.host().to_owned());
        let server = match server {
            Some(url) => Some((url.clone(), self.bind(url.host())?)),
            None => None,
        };
        let stand_in = match api {
            Some(url) if own_host.as_deref() == Some(url.host()) => None,
            Some(url) if self.hosts.contains(url.host()) => {
                self.notes
                    .push(format!("nobody is the registry: `{}` is another component's host", url.host()));
                None
            }
            Some(url) => Some((url.clone(), self.bind(url.host())?)),
            None => None,
        };
        Ok(Planned { server, stand_in })
    }

    pub(super) fn registries(
        &mut self,
        planned: Planned,
        values: &Values,
        manifests: &Manifests,
        http: &net::Client,
    ) -> Result<(), TargetError> {
        if let (Some(settings), Some((url, Some(listener)))) = (&values.registry_server, planned.server) {
            self.registry_server(settings, url, listener, values, manifests, http)?;
        }
        match planned.stand_in {
            Some((url, Some(listener))) => self.stand_in(&url, listener),
            _ => Ok(()),
        }
    }

    fn registry_server(
        &mut self,
        settings: &Settings,
        url: ResourceUrl,
        listener: TcpListener,
        values: &Values,
        manifests: &Manifests,
        http: &net::Client,
    ) -> Result<(), TargetError> {
        let names = ClaimNames::of(idp_type(values)).overridden(&manifests.claim_names);
        let reading = Reading { names, rules: self.kit.rules.of_policies(), ..Reading::default() };
        let managers_scope = values.enterprise_manager.as_ref().map(|manager| manager.required_scope.clone());
        let base = url.as_str().to_owned();
        let clock = self.kit.pace.clock();
        let deployment = Deployment { url, reading, entries: Vec::new(), managers_scope };
        let server = RegistryServer::new(settings, deployment, &self.surroundings(&clock, http))
            .map_err(environment)?;
        self.cautions.extend(server.cautions());
        let control = server.control_router(&self.kit.secret, Some(clock.clone()));
        self.serve(
            listener,
            Ready {
                component: "registry-server",
                base: &base,
                protected_path: registry_server::PROTECTED_PATH,
                probe: Probe::Get,
                clock,
                faults: server.faults(),
                public: server.router(),
                control,
            },
        )
    }

    fn stand_in(&mut self, url: &ResourceUrl, listener: TcpListener) -> Result<(), TargetError> {
        let clock = self.kit.pace.clock();
        let time: Arc<dyn Clock> = Arc::new(clock.clone());
        let registry = Registry::new(url, &time);
        let control = registry.control_router(&self.kit.secret, Some(clock.clone()));
        self.serve(
            listener,
            Ready {
                component: "registry",
                base: url.as_str(),
                protected_path: "/",
                probe: Probe::Get,
                clock,
                faults: registry.faults(),
                public: registry.router(),
                control,
            },
        )
    }
}

//! The MCP servers of the custom resources: for each its proxy, and the real server behind it.

use std::{collections::BTreeSet, net::TcpListener, sync::Arc, time::Duration};

use mcp_policy::{
    manifest::Manifests,
    rbac::Matching,
    vocabulary::{ServerId, TargetKind},
};
use spanned_yaml::Source;

use super::{Launch, Probe, Ready, TargetError, environment, idp_type};
use crate::{
    clock::Clock,
    model::{
        identifier::{PROXY, UPSTREAM},
        resource_url::ResourceUrl,
        values::Values,
    },
    net,
    reference::mcp_server::{
        proxy::{Deployment, Proxy},
        upstream::Server,
    },
};

/// How long a proxy waits for the server behind it.
const PATIENCE: Duration = Duration::from_secs(1);

/// An MCP server that will be started: its two addresses.
pub(super) struct Planned {
    id: ServerId,
    proxy: (ResourceUrl, Option<TcpListener>),
    upstream: (ResourceUrl, Option<TcpListener>),
}

/// Every server of the manifests. What is wrong with them is the proxies' matter: they deny.
pub(super) fn servers(manifests: &Manifests) -> BTreeSet<ServerId> {
    manifests.servers.iter().map(|server| server.id.value.clone()).collect()
}

/// The public host of a server, and that of the server behind it, which callers do not know.
pub(super) fn hosts(id: &ServerId) -> [String; 2] {
    let kind = match id.kind {
        TargetKind::McpServer => "mcp",
        TargetKind::McpRemoteProxy => "remote-mcp",
    };
    let host = |part: &str| format!("{}.{}.{part}.example.com", id.name, id.namespace);
    [host(kind), host(&format!("behind-{kind}"))]
}

impl Launch {
    /// Listeners for a server's two hosts.
    pub(super) fn plan_mcp(&mut self, id: ServerId) -> Result<Planned, TargetError> {
        let mut place = |host: String| -> Result<_, TargetError> {
            let url = ResourceUrl::parse(&format!("https://{host}/mcp")).map_err(environment)?;
            let listener = self.bind(url.host())?;
            Ok((url, listener))
        };
        let [proxy, upstream] = hosts(&id);
        Ok(Planned { id, proxy: place(proxy)?, upstream: place(upstream)? })
    }

    pub(super) fn mcp(
        &mut self,
        planned: Planned,
        manifests: &[Source],
        values: &Values,
        http: &net::Client,
    ) -> Result<(), TargetError> {
        let Planned { id, proxy: (resource, listener), upstream: (endpoint, behind) } = planned;
        if let Some(behind) = behind {
            self.upstream(&id, &endpoint, behind)?;
        }
        let Some(listener) = listener else { return Ok(()) };
        let clock = self.kit.pace.clock();
        let deployment = Deployment {
            server: id.clone(),
            manifests: manifests.to_vec(),
            idp_type: idp_type(values),
            matching: Matching::Any,
            resource: resource.clone(),
            upstream: endpoint.as_str().parse().map_err(environment)?,
            origins: Vec::new(),
            patience: PATIENCE,
        };
        let proxy = Proxy::new(deployment, self.surroundings(&clock, http));
        self.notes.extend(proxy.trouble().map(|error| format!("a proxy admits nobody: {error}")));
        let component = format!("{PROXY}{id}");
        self.serve(
            listener,
            Ready {
                component: &component,
                base: resource.as_str(),
                protected_path: "",
                probe: Probe::Initialize,
                clock: clock.clone(),
                faults: proxy.faults(),
                public: proxy.router(),
                control: proxy.control_router(&self.kit.secret, Some(clock)),
            },
        )
    }

    fn upstream(
        &mut self,
        id: &ServerId,
        endpoint: &ResourceUrl,
        listener: TcpListener,
    ) -> Result<(), TargetError> {
        let clock = self.kit.pace.clock();
        let time: Arc<dyn Clock> = Arc::new(clock.clone());
        let server = Server::new(endpoint.clone(), &time);
        let component = format!("{UPSTREAM}{id}");
        self.serve(
            listener,
            Ready {
                component: &component,
                base: endpoint.as_str(),
                protected_path: "",
                probe: Probe::Initialize,
                clock: clock.clone(),
                faults: server.faults(),
                public: server.router(),
                control: server.control_router(&self.kit.secret, Some(clock)),
            },
        )
    }
}

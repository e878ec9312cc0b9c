//! Commands to try, in the words of what really runs: what a user or application could not do here is not shown.
//!
//! They are for a POSIX shell with curl, from the top. Texts of the values, the tenant and the manifests are quoted.

mod registry;

use std::net::SocketAddr;

use mcp_policy::{claims::Reading, manifest::Manifests, vocabulary::ServerId};
use serde_json::json;

use super::files::Files;
use crate::{
    chance::{Chance, Seed},
    model::{
        identifier::PROXY,
        rule::Rules,
        values::{CloudUi, EnterpriseManager, Values},
    },
    net::Client,
    reference::enterprise_manager::PROTECTED_PATH,
    report::console::shell_word,
    signin::{Registration, ServerMetadata, SignIn},
    target::{
        Endpoint, Endpoints,
        embedded::tenant::{Account, Tokens},
    },
};

/// A tool that some may call and some may not.
const TOOL: &str = "issue_write";

/// The revision of MCP that the proxies speak.
const PROTOCOL: &str = "2025-11-25";

/// What the commands are about.
pub(super) struct Setting<'s> {
    pub(super) values: &'s Values,
    pub(super) manifests: &'s Manifests,
    pub(super) endpoints: &'s Endpoints,
    pub(super) issuers: &'s [String],
    pub(super) accounts: &'s [Account],
    pub(super) tokens: &'s Tokens,
    pub(super) files: &'s Files<'s>,
    pub(super) front: SocketAddr,
    pub(super) pin: String,
    pub(super) http: &'s Client,
}

/// One thing to try.
pub(super) struct Step {
    pub(super) title: String,
    pub(super) commands: Vec<String>,
}

/// An access token that somebody could have.
struct Order<'s> {
    issuer: &'s str,
    audience: &'s str,
    client: String,
    scopes: Vec<String>,
}

/// All steps.
pub(super) async fn steps(setting: &Setting<'_>) -> Vec<Step> {
    let mut steps: Vec<_> = setting.files.fetched().into_iter().collect();
    steps.extend([setting.functions(), setting.browser()]);
    match &setting.values.enterprise_manager {
        Some(manager) => {
            steps.push(discovery(manager));
            steps.extend(setting.envelope(manager).await);
        }
        None => steps.extend(setting.metadata()),
    }
    steps.extend(setting.tools());
    if let Some(settings) = &setting.values.registry_server {
        steps.extend(setting.catalogue(settings).await.into_iter().flatten());
    }
    steps.extend(setting.somebody());
    steps.extend(setting.clock());
    steps.extend(setting.outage());
    steps.extend(setting.journal());
    steps
}

impl Setting<'_> {
    fn functions(&self) -> Step {
        let (certificate, secret) = (self.files.certificate_word(), self.files.secret_word());
        Step::new(
            "Two shell functions: `visit` finds every host here, `wire` speaks on a control wire",
            [
                format!(
                    "visit() {{ curl -sS --cacert {certificate} \\\n\
                     \x20 --connect-to ::{} \"$@\" && echo; }}",
                    self.front
                ),
                format!("wire() {{ visit --oauth2-bearer \"$(cat {secret})\" \"$@\"; }}"),
            ],
        )
    }

    /// Where a person begins: at the Cloud UI, else at the provider's page of itself.
    fn browser(&self) -> Step {
        let ui = self.endpoint("cloud-ui");
        let account = self.accounts.first().filter(|_| ui.is_some());
        let title = match account {
            Some(Account { login, password }) => {
                let looks =
                    if self.endpoint("registry-server").is_some() { ", and see the catalogue" } else { "" };
                format!("Sign in with a browser, as {login} with {password}{looks}")
            }
            None => "Look at the provider with a browser: its users, applications and commands of its own"
                .to_owned(),
        };
        let base = ui.or(self.endpoint("idp")).map_or("", |endpoint| endpoint.base.as_str());
        let chromium = [
            format!("chromium --user-data-dir={}", self.files.browser_word()),
            format!("  --host-resolver-rules='MAP * {}'", self.front),
            format!("  --ignore-certificate-errors-spki-list={}", self.pin),
            format!("  {}", shell_word(&format!("{base}/"))),
        ];
        Step::new(title, [chromium.join(" \\\n")])
    }

    fn metadata(&self) -> Option<Step> {
        let issuer = self.issuers.first()?.trim_end_matches('/');
        let url = shell_word(&format!("{issuer}/.well-known/openid-configuration"));
        Some(Step::new("What an issuer says of itself", [format!("visit {url}")]))
    }

    /// A token for the Manager by a real flow of an application that may have one, else as somebody would get it.
    async fn envelope(&self, manager: &EnterpriseManager) -> Option<Step> {
        let config = shell_word(&manager.resource_url.at(PROTECTED_PATH));
        let read = format!("visit --oauth2-bearer \"$TOKEN\" {config}");
        if let Some(flow) = match &self.values.cloud_ui {
            Some(ui) => self.client_credentials(manager, ui).await,
            None => None,
        } {
            return Some(Step::new(
                "A token by client credentials, and with it the signed policy",
                [format!("TOKEN=$({flow} \\\n  | {})", member("access_token")), read],
            ));
        }
        let (issuer, audience) = (manager.issuer.as_str(), manager.audience.as_str());
        let (login, order) = self.accounts.iter().find_map(|account| {
            let held = self.tokens.of(&account.login, issuer, audience, &Reading::default());
            let held = held
                .into_iter()
                .find(|held| held.scopes.iter().any(|scope| scope == manager.required_scope.as_str()))?;
            Some((&account.login, Order { issuer, audience, client: held.client, scopes: held.scopes }))
        })?;
        let mint = self.mint(&order, &quoted(login))?;
        Some(Step::new(
            format!("A token as {login} would get it by signing in, and with it the signed policy"),
            [format!("TOKEN=$({mint})"), read],
        ))
    }

    /// The command, if the flow gives a token that the Manager takes.
    async fn client_credentials(&self, manager: &EnterpriseManager, ui: &CloudUi) -> Option<String> {
        let secret = ui.client_secret.as_ref()?.reveal();
        let registration = Registration {
            issuer: manager.issuer.clone(),
            client_id: ui.client_id.to_string(),
            client_secret: Some(secret.clone()),
            redirect_uri: None,
            scopes: vec![manager.required_scope.to_string()],
            resource: None,
        };
        let mut chance = Chance::from_seed(Seed::default());
        let mut flow = SignIn { courier: self.http, chance: &mut chance, rules: Rules::ALL };
        let token = flow.client_credentials(&registration).await.ok()?.access_token;
        let config = manager.resource_url.at(PROTECTED_PATH);
        let answer = self.http.get(config).bearer_auth(token).send().await.ok()?;
        let metadata = ServerMetadata::fetch(self.http, &manager.issuer, Rules::ALL).await.ok()?;
        answer.status().is_success().then(|| {
            format!(
                "visit -u {} \\\n  -d grant_type=client_credentials -d {} \\\n  {}",
                shell_word(&format!("{}:{secret}", ui.client_id)),
                shell_word(&format!("scope={}", manager.required_scope)),
                shell_word(&metadata.token_endpoint),
            )
        })
    }

    /// One tool, called by two users, on the first server that both get tokens for.
    fn tools(&self) -> Option<Step> {
        self.manifests.servers.iter().find_map(|server| {
            let (id, endpoint) = (&server.id.value, self.endpoint(&format!("{PROXY}{}", server.id.value))?);
            let (issuer, audience) = self.manifests.takes(id)?;
            let mut able = self.accounts.iter().filter_map(|account| {
                let held = self.tokens.of(&account.login, issuer, audience, &Reading::default());
                Some((&account.login, held.into_iter().next()?))
            });
            let (first, held) = able.next()?;
            let second = able.find(|(_, other)| other.client == held.client).map(|(login, _)| login);
            let order = Order { issuer, audience, client: held.client, scopes: held.scopes };
            self.calls(id, endpoint, &order, first, second)
        })
    }

    fn calls(
        &self,
        id: &ServerId,
        endpoint: &Endpoint,
        order: &Order<'_>,
        first: &str,
        second: Option<&String>,
    ) -> Option<Step> {
        let mint = self.mint(order, "\"'\"$1\"'\"")?;
        let mcp = shell_word(&endpoint.base);
        let initialize = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": PROTOCOL, "capabilities": {}, "clientInfo": {"name": "curl", "version": "1"}
        }});
        let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        let functions = format!(
            "token() {{ {mint}; }}\n\
             mcp() {{ T=$1 S=$2 B=$3; shift 3\n\
             \x20 visit --oauth2-bearer \"$T\" -H \"mcp-session-id: $S\" -H 'content-type: application/json' \\\n\
             \x20   -H 'accept: application/json, text/event-stream' -d \"$B\" \"$@\" \\\n\
             \x20   {mcp}; }}\n\
             call() {{ T=$(token \"$1\")\n\
             \x20 S=$(mcp \"$T\" '' '{initialize}' \\\n\
             \x20   -o /dev/null -w '%header{{mcp-session-id}}')\n\
             \x20 mcp \"$T\" \"$S\" '{initialized}' -o /dev/null\n\
             \x20 mcp \"$T\" \"$S\" '{{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\",\"params\":{{\"name\":\"'\"$2\"'\"}}}}'; }}"
        );
        let users = std::iter::once(first).chain(second.map(String::as_str));
        let calls = users.map(|login| format!("call {} {TOOL}", shell_word(login)));
        let title = format!(
            "Call `{TOOL}` on {}/{} as {}",
            id.namespace,
            id.name,
            if second.is_some() { "two users" } else { "a user" }
        );
        Some(Step::new(title, std::iter::once(functions).chain(calls)))
    }

    /// Without a platform: a token of the first user who can get one.
    fn somebody(&self) -> Option<Step> {
        if self.endpoints.components.len() > 1 {
            return None;
        }
        let pairs = self.tokens.issuers_and_audiences();
        let (login, order) = self.accounts.iter().find_map(|account| {
            pairs.iter().find_map(|(issuer, audience)| {
                let held = self
                    .tokens
                    .of(&account.login, issuer, audience, &Reading::default())
                    .into_iter()
                    .next()?;
                Some((&account.login, Order { issuer, audience, client: held.client, scopes: held.scopes }))
            })
        })?;
        let mint = self.mint(&order, &quoted(login))?;
        Some(Step::new(format!("An access token as {login} would get it by signing in"), [mint]))
    }

    fn clock(&self) -> Option<Step> {
        let (manager, idp) = (self.endpoint("enterprise-manager"), self.endpoint("idp"));
        let wire = shell_word(&format!("{}/control/clock", manager.or(idp)?.control.as_ref()?.base));
        let advance = |by: &str| format!("wire -X PUT -d '{{\"advance\":\"{by}\"}}' {wire}");
        let (title, look) = match &self.values.enterprise_manager {
            Some(manager) => {
                let config = manager.resource_url.at(PROTECTED_PATH);
                let look = format!("visit --oauth2-bearer \"$TOKEN\" {}", shell_word(&config));
                ("Two hours later, by the Manager's clock: the token has expired", Some(look))
            }
            None => ("Move the provider's clock, and back", None),
        };
        Some(Step::new(title, std::iter::once(advance("2h")).chain(look).chain([advance("-2h")])))
    }

    fn outage(&self) -> Option<Step> {
        let (name, url, fault) = match &self.values.enterprise_manager {
            Some(manager) => {
                ("enterprise-manager", manager.resource_url.at("/healthz"), json!({"kind": "refused"}))
            }
            None => ("idp", format!("{}/healthz", self.endpoint("idp")?.base), json!({"kind": "refused"})),
        };
        let wire = shell_word(&format!("{}/control/faults", self.endpoint(name)?.control.as_ref()?.base));
        let look = format!("visit {}", shell_word(&url));
        Some(Step::new(
            format!("An outage of the {name}, and its end"),
            [format!("wire -d '{fault}' {wire}"), look.clone(), format!("wire -X DELETE {wire}"), look],
        ))
    }

    fn journal(&self) -> Option<Step> {
        let wire = format!("{}/control/journal", self.endpoint("idp")?.control.as_ref()?.base);
        Some(Step::new("What was asked of the identity provider", [format!("wire {}", shell_word(&wire))]))
    }

    /// The command that prints a token; `user` is the JSON of the login, inside single quotes.
    fn mint(&self, order: &Order<'_>, user: &str) -> Option<String> {
        let wire = format!("{}/control/mint", self.endpoint("idp")?.control.as_ref()?.base);
        let like = json!({
            "client_id": order.client, "scopes": order.scopes, "audience": order.audience, "user": "LOGIN",
        });
        let body = json!({"issuer": order.issuer, "like": like}).to_string().replace('\'', r"'\''");
        let body = body.replace("\"LOGIN\"", user);
        Some(format!("wire -d '{body}' \\\n  {} \\\n  | {}", shell_word(&wire), member("token")))
    }

    fn endpoint(&self, component: &str) -> Option<&Endpoint> {
        let mut components = self.endpoints.components.iter();
        components.find(|(name, _)| name.as_str() == component).map(|(_, endpoint)| endpoint)
    }
}

fn discovery(manager: &EnterpriseManager) -> Step {
    let url = shell_word(&manager.resource_url.at("/.well-known/toolhive-configuration"));
    Step::new("Where clients find the policy, and where they sign in", [format!("visit {url}")])
}

/// A login as JSON, inside single quotes.
fn quoted(login: &str) -> String {
    json!(login).to_string().replace('\'', r"'\''")
}

/// The command that picks a member of a JSON object that nothing but sed can read everywhere.
fn member(name: &str) -> String {
    format!("sed -n 's/.*\"{name}\": *\"\\([^\"]*\\)\".*/\\1/p'")
}

impl Step {
    pub(super) fn new(title: impl Into<String>, commands: impl IntoIterator<Item = String>) -> Self {
        Self { title: title.into(), commands: commands.into_iter().collect() }
    }
}

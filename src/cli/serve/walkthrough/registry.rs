//! What to try at the Registry Server: two people who see different catalogues, and one who publishes. Each of them is
//! tried beforehand with a token of theirs.

use mcp_policy::claims::Reading;
use reqwest::Method;
use serde_json::{Value as Json, json};

use super::{Order, Setting, Step};
use crate::{
    model::values::registry_server::{RegistryServer, Role, SourceKind},
    report::console::shell_word,
};

/// How many people are tried: a tenant may have thousands.
const MOST_TRIED: usize = 16;

/// The name of what is published.
const PUBLISHED: &str = "com.example/weather";

/// Somebody with a token for the Registry Server.
struct Reader<'s> {
    login: &'s str,
    token: String,
    /// As the Registry Server lists them.
    servers: Vec<String>,
}

impl Setting<'_> {
    pub(super) async fn catalogue(&self, settings: &RegistryServer) -> Option<Vec<Step>> {
        let base = &self.endpoint("registry-server")?.base;
        let registry = &settings.registries.first()?.name;
        let servers = format!("{base}/registry/{registry}/v0.1/servers?version=latest");
        let order = self.registry_order(settings)?;
        let mint = self.mint(&order, "\"'\"$1\"'\"")?;
        let mut readers = Vec::new();
        for account in self.accounts.iter().take(MOST_TRIED) {
            let Some(token) = self.minted(&order, &account.login).await else { continue };
            let Some(listed) = self.asked(Method::GET, &servers, &token, None, 200).await else { continue };
            readers.push(Reader { login: &account.login, token, servers: names(&listed) });
        }
        let first = readers.iter().find(|reader| !reader.servers.is_empty())?;
        let second = readers.iter().find(|reader| reader.servers != first.servers);
        let functions = format!(
            "ticket() {{ {mint}; }}\n\
             catalogue() {{ echo \"$1 sees\"; visit --oauth2-bearer \"$(ticket \"$1\")\" {} \\\n\
             \x20 | grep -o '\"name\": *\"[^\"]*\"'; }}",
            shell_word(&servers)
        );
        let list = |reader: &Reader<'_>| format!("catalogue {}", shell_word(reader.login));
        let looks = std::iter::once(first).chain(second).map(list);
        let who = if second.is_some() { "two people see" } else { "somebody sees" };
        let mut steps = vec![Step::new(
            format!("The catalogue `{registry}` as {who} it"),
            std::iter::once(functions).chain(looks),
        )];
        let reader = second.unwrap_or(first);
        steps.extend(self.publication(settings, base, &readers, &list(reader)).await);
        Some(steps)
    }

    /// What a client of the first provider would show the Registry Server.
    fn registry_order<'s>(&'s self, settings: &'s RegistryServer) -> Option<Order<'s>> {
        settings.providers().iter().find_map(|provider| {
            let (issuer, audience) = (provider.issuer.as_str(), provider.audience.as_ref()?.as_str());
            let held = self.accounts.iter().find_map(|account| {
                self.tokens.of(&account.login, issuer, audience, &Reading::default()).into_iter().next()
            })?;
            Some(Order { issuer, audience, client: held.client, scopes: held.scopes })
        })
    }

    /// Published for those whom the source is for, by somebody with this role alone where there is such a person.
    async fn publication(
        &self,
        settings: &RegistryServer,
        base: &str,
        readers: &[Reader<'_>],
        look: &str,
    ) -> Option<Step> {
        let source = settings.sources.iter().find(|source| source.kind == SourceKind::Managed)?;
        let entry = json!({ "claims": source.claims.as_json(), "server": {
            "name": PUBLISHED, "title": "Weather", "description": "Forecasts for any place.", "version": "1.0.0",
        }});
        let entries = format!("{base}/v1/entries");
        let withdrawn = format!("{entries}/server/{}/versions/1.0.0", PUBLISHED.replace('/', "%2F"));
        let me = format!("{base}/v1/me");
        let mut able = Vec::new();
        for reader in readers {
            let Some(said) = self.asked(Method::GET, &me, &reader.token, None, 200).await else { continue };
            let roles = said.pointer("/roles").and_then(Json::as_array).cloned().unwrap_or_default();
            let has = |role: Role| roles.iter().any(|held| held == role.name());
            if has(Role::ManageEntries) || has(Role::SuperAdmin) {
                able.push((has(Role::SuperAdmin), reader));
            }
        }
        let (_, publisher) = able.into_iter().min_by_key(|(is_super, _)| *is_super)?;
        self.asked(Method::POST, &entries, &publisher.token, Some(&entry), 201).await?;
        self.asked(Method::DELETE, &withdrawn, &publisher.token, None, 204).await?;
        let ticket = format!("\"$(ticket {})\"", shell_word(publisher.login));
        let body = entry.to_string().replace('\'', r"'\''");
        let publish = format!("visit --oauth2-bearer {ticket} -d '{body}' \\\n  {}", shell_word(&entries));
        Some(Step::new(format!("Publish a server as {}", publisher.login), [publish, look.to_owned()]))
    }

    /// A token as somebody would get it by signing in.
    async fn minted(&self, order: &Order<'_>, login: &str) -> Option<String> {
        let control = self.endpoint("idp")?.control.as_ref()?;
        let like = json!({
            "client_id": order.client, "scopes": order.scopes, "audience": order.audience, "user": login,
        });
        let body = json!({ "issuer": order.issuer, "like": like });
        let url = format!("{}/control/mint", control.base);
        let answer = self.asked(Method::POST, &url, &control.secret, Some(&body), 200).await?;
        Some(answer.get("token")?.as_str()?.to_owned())
    }

    /// The body of an answer of this status.
    async fn asked(
        &self,
        method: Method,
        url: &str,
        bearer: &str,
        body: Option<&Json>,
        status: u16,
    ) -> Option<Json> {
        let request = self.http.request(method, url).bearer_auth(bearer);
        let request = match body {
            Some(body) => request.body(body.to_string()),
            None => request,
        };
        let answer = request.send().await.ok().filter(|answer| answer.status() == status)?;
        let body = answer.bytes().await.ok()?;
        if body.is_empty() { Some(Json::Null) } else { serde_json::from_slice(&body).ok() }
    }
}

fn names(listed: &Json) -> Vec<String> {
    let servers = listed.get("servers").and_then(Json::as_array).into_iter().flatten();
    let names = servers.filter_map(|entry| entry.pointer("/server/name")?.as_str().map(str::to_owned));
    names.collect()
}

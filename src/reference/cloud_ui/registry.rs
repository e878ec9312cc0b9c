//! The Registry Server as the signed-in person sees it: every request has the person's own access token, and every
//! decision is the Registry Server's.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value as Json;
use url::Url;

use super::claims::short;
use crate::net::{
    self,
    courier::{Courier as _, Request, SendError},
};

/// The longest address of a link, in bytes.
const MOST_OF_A_LINK: usize = 2000;

/// How many servers a page shows.
const PAGE: &str = "24";

/// The Registry Server for one person.
pub(super) struct Registry<'a> {
    http: &'a net::Client,
    base: Url,
    access_token: &'a str,
}

/// Why there is no answer to show.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Trouble {
    #[error("No Registry Server is configured.")]
    Nowhere,
    #[error(
        "It is not known which Registry Server holds, since the Enterprise Manager’s policy could not be read."
    )]
    Unsettled,
    #[error("The Registry Server’s address is not https, so your token is not sent there.")]
    NotHttps,
    #[error("The Registry Server cannot be reached. ({0})")]
    NoAnswer(String),
    #[error("The Registry Server does not accept your sign-in. ({0})")]
    Unauthorized(String),
    #[error("The Registry Server does not allow you this. ({0})")]
    Forbidden(String),
    #[error("The Registry Server does not have this, or not for you.")]
    NotFound,
    #[error("The Registry Server answered {0}.")]
    Status(u16),
    #[error("The Registry Server’s answer cannot be read.")]
    Unreadable,
}

/// `GET /v1/me`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Me {
    #[serde(default)]
    pub(super) roles: Vec<String>,
}

/// A page of the catalogue.
#[derive(Clone, Debug, Default)]
pub(super) struct Servers {
    pub(super) servers: Vec<Server>,
    pub(super) next: Option<String>,
}

/// A server of the catalogue, as far as it is shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Server {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) version: String,
    pub(super) description: String,
    /// An https address only.
    pub(super) repository: Option<String>,
    pub(super) website: Option<String>,
    /// What it is installed from: kind and identifier.
    pub(super) packages: Vec<(String, String)>,
    /// Where it runs: transport and address.
    pub(super) remotes: Vec<(String, String)>,
}

/// A registry or a source, for its administrators.
#[derive(Clone, Debug)]
pub(super) struct Administered {
    pub(super) name: String,
    /// Names and values.
    pub(super) facts: Vec<(&'static str, String)>,
}

impl<'a> Registry<'a> {
    /// At the base URL that the policy or the values name.
    pub(super) fn at(
        http: &'a net::Client,
        base: Option<&str>,
        unsettled: bool,
        access_token: &'a str,
    ) -> Result<Self, Trouble> {
        let nowhere = if unsettled { Trouble::Unsettled } else { Trouble::Nowhere };
        let base = base.and_then(|base| Url::parse(base).ok()).ok_or(nowhere)?;
        if base.scheme() == "https" { Ok(Self { http, base, access_token }) } else { Err(Trouble::NotHttps) }
    }

    /// The person's roles, which decide what is shown and nothing else.
    pub(super) async fn me(&self) -> Result<Me, Trouble> {
        let answer = self.get(&["v1", "me"], &[]).await?;
        serde_json::from_value(answer).map_err(|_| Trouble::Unreadable)
    }

    /// The names of the registries.
    pub(super) async fn names(&self) -> Result<Vec<String>, Trouble> {
        let answer = self.get(&["v1", "registries"], &[]).await?;
        let registries = list(&answer, "registries")?;
        Ok(registries.iter().filter_map(|registry| text(registry, "name")).collect())
    }

    /// A page of a registry's servers.
    pub(super) async fn servers(
        &self,
        registry: &str,
        search: &str,
        cursor: Option<&str>,
    ) -> Result<Servers, Trouble> {
        let mut query = vec![("limit", PAGE), ("version", "latest")];
        if !search.is_empty() {
            query.push(("search", search));
        }
        query.extend(cursor.map(|cursor| ("cursor", cursor)));
        let answer = self.get(&["registry", registry, "v0.1", "servers"], &query).await?;
        let servers = list(&answer, "servers")?;
        let next = answer.pointer("/metadata/nextCursor").and_then(Json::as_str);
        Ok(Servers {
            servers: servers.iter().filter_map(server).collect(),
            next: next.filter(|next| !next.is_empty()).map(str::to_owned),
        })
    }

    /// One server at its latest version.
    pub(super) async fn server(&self, registry: &str, name: &str) -> Result<Server, Trouble> {
        let path = ["registry", registry, "v0.1", "servers", name, "versions", "latest"];
        server(&self.get(&path, &[]).await?).ok_or(Trouble::Unreadable)
    }

    /// Its versions, as they come.
    pub(super) async fn versions(&self, registry: &str, name: &str) -> Result<Vec<String>, Trouble> {
        let answer = self.get(&["registry", registry, "v0.1", "servers", name, "versions"], &[]).await?;
        let servers = list(&answer, "servers")?;
        Ok(servers.iter().filter_map(server).map(|server| server.version).collect())
    }

    /// `GET /v1/sources` or `/v1/registries` with what an administrator wants to see.
    pub(super) async fn administered(&self, what: &'static str) -> Result<Vec<Administered>, Trouble> {
        let answer = self.get(&["v1", what], &[]).await?;
        Ok(list(&answer, what)?.iter().filter_map(administered).collect())
    }

    async fn get(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Json, Trouble> {
        let mut url = self.base.clone();
        // A URL forgets tabs and line breaks: what is a segment only with them is none.
        if path.iter().any(|segment| [".", "..", ""].contains(segment) || segment.contains(char::is_control))
        {
            return Err(Trouble::NotFound);
        }
        match url.path_segments_mut() {
            Ok(mut segments) => segments.pop_if_empty().extend(path),
            Err(()) => return Err(Trouble::Nowhere),
        };
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let request = Request::get(url).header("authorization", format!("Bearer {}", self.access_token));
        let answer = self.http.send(request).await.map_err(|error| match error {
            SendError::NoAnswer { cause, .. } => Trouble::NoAnswer(short(&cause)),
            SendError::Request(_) => Trouble::Nowhere,
        })?;
        let words = || {
            let body = answer.json().unwrap_or_default();
            text(&body, "error").unwrap_or_else(|| answer.status.to_string())
        };
        match answer.status {
            200 => answer.json().ok_or(Trouble::Unreadable),
            401 => Err(Trouble::Unauthorized(words())),
            403 => Err(Trouble::Forbidden(words())),
            // What was typed into the address is none of its registries, or no page of one.
            400 | 404 => Err(Trouble::NotFound),
            status => Err(Trouble::Status(status)),
        }
    }
}

fn list<'j>(answer: &'j Json, name: &str) -> Result<&'j [Json], Trouble> {
    match answer.get(name) {
        Some(Json::Array(items)) => Ok(items),
        // An empty list, as Go writes it.
        Some(Json::Null) => Ok(&[]),
        _ => Err(Trouble::Unreadable),
    }
}

/// One entry of the MCP Registry API: `{"server": {…}, "_meta": {…}}`.
fn server(entry: &Json) -> Option<Server> {
    let server = entry.get("server")?;
    let name = server.get("name")?.as_str()?.to_owned();
    let all = |list: &str| server.get(list).and_then(Json::as_array).cloned().unwrap_or_default();
    let pair = |item: &Json, kind: &str, what: &str| Some((text(item, kind)?, text(item, what)?));
    Some(Server {
        title: text(server, "title").unwrap_or_else(|| short(&name)),
        version: text(server, "version").unwrap_or_default(),
        description: text(server, "description").unwrap_or_default(),
        repository: server.get("repository").and_then(|repository| link(repository, "url")),
        website: link(server, "websiteUrl"),
        packages: all("packages")
            .iter()
            .filter_map(|item| pair(item, "registryType", "identifier"))
            .collect(),
        remotes: all("remotes").iter().filter_map(|item| pair(item, "type", "url")).collect(),
        name,
    })
}

fn administered(item: &Json) -> Option<Administered> {
    let name = text(item, "name")?;
    let fact = |label, member: &str| Some((label, short(&shown(item.get(member)?)?)));
    let facts = [
        fact("Type", "type"),
        fact("Sources", "sources"),
        fact("Claims", "claims"),
        fact("Made by", "creationType"),
        fact("Changed", "updatedAt").map(|(label, time)| (label, moment(time))),
    ];
    Some(Administered { name, facts: facts.into_iter().flatten().collect() })
}

/// Names, and claims with their values.
fn shown(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Array(items) if items.iter().all(Json::is_string) => {
            Some(items.iter().filter_map(Json::as_str).collect::<Vec<_>>().join(", "))
        }
        Json::Object(members) if !members.is_empty() => {
            let member = |(name, value): (&String, &Json)| {
                format!("{name}: {}", shown(value).unwrap_or_else(|| value.to_string()))
            };
            Some(members.iter().map(member).collect::<Vec<_>>().join("; "))
        }
        _ => None,
    }
}

/// `1 June 2026, 09:00 UTC`, where it is a time.
fn moment(text: String) -> String {
    let time: Option<Timestamp> = text.parse().ok();
    time.map_or(text, |time| time.strftime("%-d %B %Y, %H:%M UTC").to_string())
}

fn text(json: &Json, member: &str) -> Option<String> {
    json.get(member)?.as_str().map(short).filter(|text| !text.is_empty())
}

/// An address that a person may follow, written so that it leads where it seems to: no name before the host, and
/// nothing in it that a page would not show.
fn link(json: &Json, member: &str) -> Option<String> {
    let url = Url::parse(json.get(member)?.as_str()?).ok()?;
    let plain = url.scheme() == "https" && url.username().is_empty() && url.password().is_none();
    (plain && url.as_str().len() <= MOST_OF_A_LINK).then(|| url.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_link_leads_where_it_seems_to() {
        let link = |url: &str| link(&json!({ "url": url }), "url");
        assert_eq!(link("https://example.com/a?b#c").as_deref(), Some("https://example.com/a?b#c"));
        let long = format!("https://example.com/{}", "a".repeat(400));
        assert_eq!(link(&long), Some(long), "a part of an address is another address");
        let turned = link("https://example.com/\u{202e}gpj.exe");
        assert_eq!(turned.as_deref(), Some("https://example.com/%E2%80%AEgpj.exe"));
        for bad in [
            "http://example.com/",
            "javascript:alert(1)",
            "https://github.com@evil.example/",
            "https://a:b@evil.example/",
            &format!("https://example.com/{}", "a".repeat(MOST_OF_A_LINK)),
        ] {
            assert_eq!(link(bad), None, "{bad}");
        }
    }
}

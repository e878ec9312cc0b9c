//! The consumer's face, the MCP registry API below `/registry/{name}/v0.1`: servers, their versions, one of them.
//!
//! The same URL shows different callers different things (RS-HIDE), so nothing here may be kept by a cache for anybody else.

use std::{ops::ControlFlow, sync::Arc};

use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::{
        StatusCode, Uri,
        header::{CACHE_CONTROL, VARY},
    },
    response::Response,
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::{Map, Value as Json, json};

use super::{
    Parts,
    caller::Caller,
    catalogue::{Version, registries, visible},
    failure::Failure,
    form,
};
use crate::{model::rule::Rule, reference::answer};

pub(super) const SERVERS: &str = "/registry/{registry}/v0.1/servers";
pub(super) const VERSIONS: &str = "/registry/{registry}/v0.1/servers/{server}/versions";
pub(super) const VERSION: &str = "/registry/{registry}/v0.1/servers/{server}/versions/{version}";

/// How many servers a page has where nothing is said, and at most.
const PAGE: usize = 30;
const MAX_PAGE: usize = 1_000;

/// `GET …/servers?cursor&limit&search&version&updated_since`: a page of what the caller sees.
pub(super) async fn list(
    State(server): State<Arc<Parts>>,
    caller: Caller,
    path: Result<Path<[String; 1]>, PathRejection>,
    uri: Uri,
) -> Result<Response, Failure> {
    let [registry] = form::segments(path)?;
    let query = Query::read(uri.query().unwrap_or_default())?;
    let (page, more) = server
        .catalogue
        .run(move |db| {
            open(db, &registry, &caller)?;
            let from = query.after.as_ref().map_or("", |(name, _)| name);
            let (mut page, mut more) = (Vec::new(), false);
            visible(db, &registry, (from, None), &caller, |version| {
                if !query.takes(&version) {
                    return ControlFlow::Continue(());
                }
                more = page.len() == query.limit;
                if more {
                    return ControlFlow::Break(());
                }
                page.push(version);
                ControlFlow::Continue(())
            })?;
            Ok((page, more))
        })
        .await?;
    let next = page.last().filter(|_| more).map(cursor);
    Ok(personal(&listed(&page, next)))
}

/// `GET …/servers/{server}/versions`: every version of a server.
pub(super) async fn versions(
    State(server): State<Arc<Parts>>,
    caller: Caller,
    path: Result<Path<[String; 2]>, PathRejection>,
) -> Result<Response, Failure> {
    let [registry, name] = form::segments(path)?;
    let versions = server.catalogue.run(move |db| named(db, &registry, &name, &caller)).await?;
    Ok(personal(&listed(&versions, None)))
}

/// `GET …/servers/{server}/versions/{version}`, `latest` among them.
pub(super) async fn version(
    State(server): State<Arc<Parts>>,
    caller: Caller,
    path: Result<Path<[String; 3]>, PathRejection>,
) -> Result<Response, Failure> {
    let [registry, name, wanted] = form::segments(path)?;
    let versions = server.catalogue.run(move |db| named(db, &registry, &name, &caller)).await?;
    let found = versions.into_iter().find(|version| version.is(&wanted));
    found.map(|version| personal(&shown(&version))).ok_or(Failure::NotFound("the server has no such version"))
}

/// RS-GATE: a registry that is there is not denied to be there, and its claims say who asks it.
fn open(db: &Connection, name: &str, caller: &Caller) -> Result<(), Failure> {
    let registry = registries::find(db, name)?.ok_or(Failure::NotFound("there is no such registry"))?;
    if caller.may_read(registry.claims()) || !caller.rules().hold(Rule::RsGate) {
        Ok(())
    } else {
        Err(Failure::Forbidden("the caller's claims do not open this registry"))
    }
}

/// RS-HIDE: a server that the caller may not see is not there.
fn named(db: &Connection, registry: &str, name: &str, caller: &Caller) -> Result<Vec<Version>, Failure> {
    open(db, registry, caller)?;
    let mut versions = Vec::new();
    visible(db, registry, (name, Some(name)), caller, |version| {
        versions.push(version);
        ControlFlow::Continue(())
    })?;
    if versions.is_empty() { Err(Failure::NotFound("there is no such server")) } else { Ok(versions) }
}

/// What of a registry is wanted.
#[derive(Debug)]
struct Query {
    /// Name and version of the last one that the caller has.
    after: Option<(String, String)>,
    limit: usize,
    /// In lower case.
    search: Option<String>,
    version: Option<String>,
    updated_since: Option<Timestamp>,
}

impl Query {
    fn read(text: &str) -> Result<Self, Failure> {
        let mut given = Map::new();
        for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
            let known = ["cursor", "limit", "search", "version", "updated_since"].contains(&name.as_ref());
            if known && given.insert(name.clone().into_owned(), Json::from(value.as_ref())).is_some() {
                return Err(Failure::Malformed(format!("`{name}` comes twice")));
            }
        }
        // An empty one is none, as in the open-source server.
        let value = |name: &str| given.get(name).and_then(Json::as_str).filter(|value| !value.is_empty());
        let limit = match value("limit").map(str::parse::<u64>) {
            None => PAGE,
            Some(Ok(limit @ 1..)) => usize::try_from(limit).unwrap_or(MAX_PAGE).min(MAX_PAGE),
            Some(_) => return Err(Failure::malformed("`limit` is a whole number and at least 1")),
        };
        let after = value("cursor").map(|cursor| position(cursor).ok_or("`cursor` is none of this server's"));
        let updated_since = value("updated_since")
            .map(|time| time.parse().map_err(|_| "`updated_since` is no time as in `2026-01-01T00:00:00Z`"));
        Ok(Self {
            after: after.transpose().map_err(Failure::malformed)?,
            limit,
            search: value("search").map(str::to_lowercase),
            version: value("version").map(str::to_owned),
            updated_since: updated_since.transpose().map_err(Failure::malformed)?,
        })
    }

    fn takes(&self, version: &Version) -> bool {
        let server = &version.server;
        let after = self.after.as_ref().is_none_or(|(name, last)| {
            (server.name.as_str(), server.version.as_str()) > (name.as_str(), last.as_str())
        });
        let changed = |since: Timestamp| version.updated_at.parse::<Timestamp>().is_ok_and(|at| at > since);
        after
            && self.search.as_ref().is_none_or(|text| server.mentions(text))
            && self.version.as_ref().is_none_or(|wanted| version.is(wanted))
            && self.updated_since.is_none_or(changed)
    }
}

/// Where a page ended: opaque to the caller. It opens nothing, since every page is filtered anew.
fn cursor(last: &Version) -> String {
    BASE64.encode(json!([last.server.name, last.server.version]).to_string())
}

fn position(cursor: &str) -> Option<(String, String)> {
    serde_json::from_slice(&BASE64.decode(cursor).ok()?).ok()
}

fn listed(versions: &[Version], next: Option<String>) -> Json {
    let mut metadata = Map::new();
    metadata.extend(next.map(|next| ("nextCursor".to_owned(), next.into())));
    metadata.insert("count".to_owned(), versions.len().into());
    let servers: Vec<_> = versions.iter().map(shown).collect();
    json!({ "servers": servers, "metadata": metadata })
}

fn shown(version: &Version) -> Json {
    json!({ "server": version.server.document, "_meta": {} })
}

/// An answer for this caller alone.
pub(super) fn personal(body: &Json) -> Response {
    let response =
        answer::with_header(answer::json(StatusCode::OK, body), CACHE_CONTROL, "private, no-store");
    answer::with_header(response, VARY, "Authorization")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_at_least_one_and_capped() {
        for (text, limit) in [
            ("", Some(30)),
            ("limit=", Some(30)),
            ("limit=1", Some(1)),
            ("limit=1000000000", Some(1_000)),
            ("limit=18446744073709551615", Some(1_000)),
            ("limit=18446744073709551616", None),
            ("limit=0", None),
            ("limit=-1", None),
            ("limit=1.5", None),
            ("limit=ten", None),
            ("limit=1&limit=2", None),
            ("other=1&other=2", Some(30)),
        ] {
            assert_eq!(Query::read(text).ok().map(|query| query.limit), limit, "{text}");
        }
    }

    #[test]
    fn only_this_servers_cursors_are_read() {
        let good = BASE64.encode(r#"["a/b","1.0.0"]"#);
        assert_eq!(position(&good), Some(("a/b".into(), "1.0.0".into())));
        for garbage in [
            "%",
            "AAAA",
            "bm90IGpzb24",
            &BASE64.encode("[1,2]"),
            &BASE64.encode(r#"["a"]"#),
            &format!("{good}="),
        ] {
            assert_eq!(position(garbage), None, "{garbage}");
        }
    }
}

//! `/v1/sources`: where entries come from. Nothing is synced; a source made here is empty until something is put into it.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{
        Path, State,
        rejection::{BytesRejection, PathRejection},
    },
    http::StatusCode,
    response::{IntoResponse, Response},
};
use rusqlite::Connection;
use serde_json::{Map, Value as Json, json};

use super::{
    Parts,
    caller::Caller,
    catalogue::{
        Creation, entries,
        sources::{self, Kept},
    },
    consumer::personal,
    failure::Failure,
    form,
};
use crate::{
    model::{
        duration,
        values::registry_server::{Role, Source, SourceKind, is_source_name},
    },
    reference::answer,
};

const NO_SOURCE: Failure = Failure::NotFound("there is no such source");

/// `GET /v1/sources`: those that the caller may see.
pub(super) async fn list(State(server): State<Arc<Parts>>, caller: Caller) -> Result<Response, Failure> {
    caller.require(Role::ManageSources)?;
    let mut all = server.catalogue.run(|db| Ok(sources::list(db)?)).await?;
    all.retain(|source| caller.may_read(source.claims()));
    Ok(personal(&json!({ "sources": all.iter().map(Kept::shown).collect::<Vec<_>>() })))
}

/// `GET /v1/sources/{name}`.
pub(super) async fn show(
    State(server): State<Arc<Parts>>,
    caller: Caller,
    path: Result<Path<[String; 1]>, PathRejection>,
) -> Result<Response, Failure> {
    caller.require(Role::ManageSources)?;
    let [name] = form::segments(path)?;
    let source = server.catalogue.run(move |db| seen(db, &name, &caller)).await?;
    Ok(personal(&source.shown()))
}

/// `GET /v1/sources/{name}/entries`: also what a source before it hides from consumers.
pub(super) async fn entries(
    State(server): State<Arc<Parts>>,
    caller: Caller,
    path: Result<Path<[String; 1]>, PathRejection>,
) -> Result<Response, Failure> {
    caller.require(Role::ManageSources)?;
    let [name] = form::segments(path)?;
    let entries = server
        .catalogue
        .run(move |db| {
            seen(db, &name, &caller)?;
            let mut entries = entries::of_source(db, Some(&name))?;
            entries.retain(|entry| caller.may_read(&entry.claims));
            Ok(entries.iter().map(|entry| entries::shown(db, entry)).collect::<Result<Vec<_>, _>>()?)
        })
        .await?;
    Ok(personal(&json!({ "entries": entries })))
}

/// `PUT /v1/sources/{name}`: 201 for a new one, 200 for one that the API made before.
pub(super) async fn put(
    State(server): State<Arc<Parts>>,
    caller: Caller,
    path: Result<Path<[String; 1]>, PathRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    caller.require(Role::ManageSources)?;
    let [name] = form::segments(path)?;
    let known = SourceKind::ALL.map(SourceKind::name).into_iter().chain(["syncPolicy", "filter", "claims"]);
    let source = read(name, form::object(body, &known.collect::<Vec<_>>())?)?;
    let now = server.instruments.now();
    let (status, source) = server
        .catalogue
        .run(move |db| {
            let before = sources::find(db, &source.name)?;
            if let Some(before) = &before {
                changeable(before, &caller)?;
                if before.source.kind != source.kind {
                    return Err(Failure::malformed("a source keeps its kind"));
                }
            } else if source.kind == SourceKind::Managed && sources::managed(db)?.is_some() {
                return Err(Failure::Conflict("one source is managed already"));
            }
            if !caller.may_write(&source.claims) {
                return Err(Failure::Forbidden("the claims are beyond the caller's own, or there are none"));
            }
            let status = if before.is_some() {
                sources::update(db, &source, now)?;
                StatusCode::OK
            } else {
                sources::insert(db, &source, Creation::Api, now)?;
                StatusCode::CREATED
            };
            Ok((status, sources::find(db, &source.name)?.ok_or(NO_SOURCE)?))
        })
        .await?;
    Ok(answer::json(status, &source.shown()))
}

/// `DELETE /v1/sources/{name}`: 204; 409 while a registry has it.
pub(super) async fn delete(
    State(server): State<Arc<Parts>>,
    caller: Caller,
    path: Result<Path<[String; 1]>, PathRejection>,
) -> Result<Response, Failure> {
    caller.require(Role::ManageSources)?;
    let [name] = form::segments(path)?;
    server
        .catalogue
        .run(move |db| {
            changeable(&seen(db, &name, &caller)?, &caller)?;
            // RS-WRITE: its entries go with it.
            let entries = entries::of_source(db, Some(&name))?;
            if !entries.iter().all(|entry| caller.may_write(&entry.claims)) {
                return Err(Failure::Forbidden("the source has entries with claims beyond the caller's own"));
            }
            sources::remove(db, &name)
        })
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A source that the caller may see; any other is not there.
fn seen(db: &Connection, name: &str, caller: &Caller) -> Result<Kept, Failure> {
    let source = sources::find(db, name)?.ok_or(NO_SOURCE)?;
    if caller.may_read(source.claims()) { Ok(source) } else { Err(NO_SOURCE) }
}

fn changeable(source: &Kept, caller: &Caller) -> Result<(), Failure> {
    if source.creation == Creation::Config {
        return Err(Failure::Forbidden("the configuration has this source: it is changed there"));
    }
    if caller.may_write(source.claims()) {
        Ok(())
    } else {
        Err(Failure::Forbidden("the source has claims beyond the caller's own"))
    }
}

fn read(name: String, mut body: Map<String, Json>) -> Result<Source, Failure> {
    let claims = form::claims(&mut body)?;
    if !is_source_name(&name) {
        return Err(Failure::malformed("a source's name is a DNS label, at most 63 characters"));
    }
    let mut kinds = SourceKind::ALL.into_iter().filter_map(|kind| match body.get(kind.name()) {
        None | Some(Json::Null) => None,
        Some(config) => Some((kind, config)),
    });
    let (Some((kind, config @ Json::Object(settings))), None) = (kinds.next(), kinds.next()) else {
        return Err(Failure::malformed(
            "a source has one of `git`, `api`, `file`, `managed`, `kubernetes`, an object",
        ));
    };
    let text = |key: &str| settings.get(key).and_then(Json::as_str).is_some_and(|text| !text.is_empty());
    let complete = match kind {
        SourceKind::Git => text("repository"),
        SourceKind::Api => text("endpoint"),
        SourceKind::File => text("path") != text("url"),
        SourceKind::Managed | SourceKind::Kubernetes => true,
    };
    if !complete {
        return Err(Failure::malformed(
            "`git` needs `repository`, `api` needs `endpoint`, and `file` either `path` or `url`",
        ));
    }
    let interval = body.get("syncPolicy").and_then(|policy| policy.get("interval")?.as_str());
    let interval = interval.filter(|text| duration::parse(text).is_ok());
    if kind.is_synced() && interval.is_none() {
        return Err(Failure::malformed("`syncPolicy.interval` is a duration, as in `30m`"));
    }
    Ok(Source {
        name,
        kind,
        config: config.clone(),
        interval: interval.filter(|_| kind.is_synced()).map(str::to_owned),
        claims,
    })
}

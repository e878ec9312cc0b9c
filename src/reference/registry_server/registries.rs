//! `/v1/registries`: the named views of sources. Everybody sees those that their claims open, manageRegistries writes.

use std::{collections::BTreeSet, sync::Arc};

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
        registries::{self, Kept},
        sources,
    },
    consumer::personal,
    failure::Failure,
    form,
};
use crate::{
    model::values::registry_server::{Registry, Role},
    reference::answer,
};

const NO_REGISTRY: Failure = Failure::NotFound("there is no such registry");

/// `GET /v1/registries`: those that the caller may see.
pub(super) async fn list(State(server): State<Arc<Parts>>, caller: Caller) -> Result<Response, Failure> {
    let mut all = server.catalogue.run(|db| Ok(registries::list(db)?)).await?;
    all.retain(|registry| caller.may_read(registry.claims()));
    Ok(personal(&json!({ "registries": all.iter().map(Kept::shown).collect::<Vec<_>>() })))
}

/// `GET /v1/registries/{name}`.
pub(super) async fn show(
    State(server): State<Arc<Parts>>,
    caller: Caller,
    path: Result<Path<[String; 1]>, PathRejection>,
) -> Result<Response, Failure> {
    let [name] = form::segments(path)?;
    let registry = server.catalogue.run(move |db| seen(db, &name, &caller)).await?;
    Ok(personal(&registry.shown()))
}

/// `GET /v1/registries/{name}/entries`: those of all its sources, also what one hides from consumers.
pub(super) async fn entries(
    State(server): State<Arc<Parts>>,
    caller: Caller,
    path: Result<Path<[String; 1]>, PathRejection>,
) -> Result<Response, Failure> {
    caller.require(Role::ManageRegistries)?;
    let [name] = form::segments(path)?;
    let entries = server
        .catalogue
        .run(move |db| {
            let mut shown = Vec::new();
            for source in &seen(db, &name, &caller)?.registry.sources {
                for entry in entries::of_source(db, Some(source))? {
                    if caller.may_read(&entry.claims) {
                        shown.push(entries::shown(db, &entry)?);
                    }
                }
            }
            Ok(shown)
        })
        .await?;
    Ok(personal(&json!({ "entries": entries })))
}

/// `PUT /v1/registries/{name}` with `{"sources", "claims"}`: 201 for a new one, 200 for one that the API made before.
pub(super) async fn put(
    State(server): State<Arc<Parts>>,
    caller: Caller,
    path: Result<Path<[String; 1]>, PathRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    caller.require(Role::ManageRegistries)?;
    let [name] = form::segments(path)?;
    let registry = read(name, form::object(body, &["sources", "claims"])?)?;
    let now = server.instruments.now();
    let (status, registry) = server
        .catalogue
        .run(move |db| {
            let before = registries::find(db, &registry.name)?;
            if let Some(before) = &before {
                changeable(before, &caller)?;
            }
            if !caller.may_write(&registry.claims) {
                return Err(Failure::Forbidden("the claims are beyond the caller's own, or there are none"));
            }
            for name in &registry.sources {
                let source = sources::find(db, name)?.filter(|source| caller.may_read(source.claims()));
                if source.is_none() {
                    return Err(Failure::malformed("one of the sources is not there"));
                }
            }
            let status = if before.is_some() {
                registries::update(db, &registry, now)?;
                StatusCode::OK
            } else {
                registries::insert(db, &registry, Creation::Api, now)?;
                StatusCode::CREATED
            };
            Ok((status, registries::find(db, &registry.name)?.ok_or(NO_REGISTRY)?))
        })
        .await?;
    Ok(answer::json(status, &registry.shown()))
}

/// `DELETE /v1/registries/{name}`: 204.
pub(super) async fn delete(
    State(server): State<Arc<Parts>>,
    caller: Caller,
    path: Result<Path<[String; 1]>, PathRejection>,
) -> Result<Response, Failure> {
    caller.require(Role::ManageRegistries)?;
    let [name] = form::segments(path)?;
    server
        .catalogue
        .run(move |db| {
            changeable(&seen(db, &name, &caller)?, &caller)?;
            Ok(registries::remove(db, &name)?)
        })
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A registry that the caller may see; here any other is not there.
fn seen(db: &Connection, name: &str, caller: &Caller) -> Result<Kept, Failure> {
    let registry = registries::find(db, name)?.ok_or(NO_REGISTRY)?;
    if caller.may_read(registry.claims()) { Ok(registry) } else { Err(NO_REGISTRY) }
}

fn changeable(registry: &Kept, caller: &Caller) -> Result<(), Failure> {
    if registry.creation == Creation::Config {
        return Err(Failure::Forbidden("the configuration has this registry: it is changed there"));
    }
    if caller.may_write(registry.claims()) {
        Ok(())
    } else {
        Err(Failure::Forbidden("the registry has claims beyond the caller's own"))
    }
}

fn read(name: String, mut body: Map<String, Json>) -> Result<Registry, Failure> {
    let claims = form::claims(&mut body)?;
    if name.contains('/') || [".", ".."].contains(&name.as_str()) {
        return Err(Failure::malformed("a registry's name is one segment of a path"));
    }
    let sources: Option<Vec<String>> =
        body.remove("sources").and_then(|sources| serde_json::from_value(sources).ok());
    let sources = sources.filter(|sources| !sources.is_empty());
    let sources =
        sources.ok_or_else(|| Failure::malformed("`sources` are the names of at least one source"))?;
    if sources.iter().collect::<BTreeSet<_>>().len() < sources.len() {
        return Err(Failure::malformed("a source is named twice"));
    }
    Ok(Registry { name, sources, claims })
}

//! `/v1/entries`: publishing, withdrawing and labelling what the managed source has. What comes from elsewhere is labelled
//! there.

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
use serde_json::{Value as Json, json};

use super::{
    Parts,
    caller::Caller,
    catalogue::{
        entries::{self, Conflict, Named},
        sources,
    },
    consumer::personal,
    failure::Failure,
    form,
    server_json::{ServerJson, is_server_name},
};
use crate::{
    model::{
        rule::Rule,
        values::registry_server::{ClaimMap, Role},
    },
    reference::answer,
};

/// The kinds of entries that the API knows; this catalogue has servers.
const SERVER: &str = "server";
const OTHERS: [&str; 2] = ["skill", "plugin"];

const NO_ENTRY: Failure = Failure::NotFound("there is no such entry");

/// RS-PUBLISH, `POST /v1/entries` with `{"claims", "server"}`: 201, 400 without claims, 403 beyond the caller's, 409 for a
/// version that is there and for other claims than the name's.
pub(super) async fn publish(
    State(server): State<Arc<Parts>>,
    caller: Caller,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    caller.require(Role::ManageEntries)?;
    let mut members = form::object(body, &["claims", SERVER, "skill", "plugin"])?;
    let claims = form::claims(&mut members)?;
    if OTHERS.iter().any(|other| members.get(*other).is_some_and(|entry| !entry.is_null())) {
        return Err(Failure::malformed("this catalogue has servers only"));
    }
    let Some(Json::Object(document)) = members.remove(SERVER) else {
        return Err(Failure::malformed("`server` is the entry to publish, an object"));
    };
    let entry = ServerJson::read(document).map_err(Failure::Malformed)?;
    if !is_server_name(&entry.name) {
        return Err(Failure::malformed(
            "a server's name is `namespace/name`, as in `io.github.acme/weather`",
        ));
    }
    required(&claims, &caller)?;
    let now = server.instruments.now();
    let published = server
        .catalogue
        .run(move |db| {
            let strict = caller.rules().hold(Rule::RsPublish);
            if strict && !caller.may_write(&claims) {
                return Err(Failure::Forbidden("the claims are beyond the caller's own"));
            }
            let source = managed(db)?;
            if !caller.may_read(source.claims()) {
                return Err(Failure::Forbidden("the caller's claims do not open the managed source"));
            }
            let conflict = if strict { Conflict::Refused } else { Conflict::Replaces };
            entries::publish(db, &source.source.name, &claims, &entry, now, conflict)?;
            Ok(entry.document)
        })
        .await?;
    Ok(answer::json(StatusCode::CREATED, &Json::Object(published)))
}

/// `DELETE /v1/entries/{type}/{name}/versions/{version}`: 204.
pub(super) async fn delete(
    State(server): State<Arc<Parts>>,
    caller: Caller,
    path: Result<Path<[String; 3]>, PathRejection>,
) -> Result<Response, Failure> {
    caller.require(Role::ManageEntries)?;
    let [kind, name, version] = form::segments(path)?;
    known(&kind)?;
    server
        .catalogue
        .run(move |db| {
            let entry = held(db, &kind, &name, &caller)?;
            changeable(&entry, &caller)?;
            if entries::remove(db, &entry, &version)? { Ok(()) } else { Err(NO_ENTRY) }
        })
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `GET /v1/entries/{type}/{name}/claims`.
pub(super) async fn claims(
    State(server): State<Arc<Parts>>,
    caller: Caller,
    path: Result<Path<[String; 2]>, PathRejection>,
) -> Result<Response, Failure> {
    caller.require(Role::ManageEntries)?;
    let [kind, name] = form::segments(path)?;
    known(&kind)?;
    let entry = server.catalogue.run(move |db| held(db, &kind, &name, &caller)).await?;
    Ok(personal(&json!({ "claims": entry.claims.as_json() })))
}

/// `PUT /v1/entries/{type}/{name}/claims` with `{"claims"}`: 204. The caller has every value of the old and the new.
pub(super) async fn relabel(
    State(server): State<Arc<Parts>>,
    caller: Caller,
    path: Result<Path<[String; 2]>, PathRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    caller.require(Role::ManageEntries)?;
    let [kind, name] = form::segments(path)?;
    known(&kind)?;
    let claims = form::claims(&mut form::object(body, &["claims"])?)?;
    required(&claims, &caller)?;
    server
        .catalogue
        .run(move |db| {
            let entry = held(db, &kind, &name, &caller)?;
            changeable(&entry, &caller)?;
            if !caller.may_write(&claims) {
                return Err(Failure::Forbidden("the claims are beyond the caller's own"));
            }
            Ok(entries::relabel(db, &entry, &claims)?)
        })
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// An entry without claims would be nobody's to see. Where nobody's claims are looked at, it is everybody's.
fn required(claims: &ClaimMap, caller: &Caller) -> Result<(), Failure> {
    if claims.is_empty() && !matches!(caller, Caller::Anybody) && caller.rules().hold(Rule::RsPublish) {
        return Err(Failure::malformed("`claims` are required: nobody would see the entry"));
    }
    Ok(())
}

fn known(kind: &str) -> Result<(), Failure> {
    if kind == SERVER || OTHERS.contains(&kind) {
        Ok(())
    } else {
        Err(Failure::malformed("the type of an entry is `server`, `skill` or `plugin`"))
    }
}

fn managed(db: &Connection) -> Result<sources::Kept, Failure> {
    sources::managed(db)?.ok_or(Failure::Conflict("no source takes what is published: none is managed"))
}

/// RS-HIDE: an entry that the caller may not see is not there.
fn held(db: &Connection, kind: &str, name: &str, caller: &Caller) -> Result<Named, Failure> {
    if kind != SERVER {
        return Err(NO_ENTRY);
    }
    let Some(source) = sources::managed(db)? else { return Err(NO_ENTRY) };
    let entry = entries::find(db, &source.source.name, name)?.ok_or(NO_ENTRY)?;
    if caller.may_read(&entry.claims) {
        Ok(entry)
    } else if caller.rules().hold(Rule::RsHide) {
        Err(NO_ENTRY)
    } else {
        Err(Failure::Forbidden("the caller's claims do not show this entry"))
    }
}

fn changeable(entry: &Named, caller: &Caller) -> Result<(), Failure> {
    if caller.may_write(&entry.claims) {
        Ok(())
    } else {
        Err(Failure::Forbidden("the entry has claims beyond the caller's own"))
    }
}

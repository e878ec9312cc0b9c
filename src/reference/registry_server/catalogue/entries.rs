//! Entries: a name within a source, its claims, and its versions. All versions of a name share its claims.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::{Map, Value as Json, json};

use super::{CatalogueError, sources};
use crate::{
    model::values::registry_server::ClaimMap,
    reference::registry_server::{
        failure::Failure,
        server_json::{LATEST, ServerJson, by_age},
    },
};

/// A version of a server with what a source and the claims of its name are: what a catalogue is filled with.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The source that has it.
    pub source: String,
    /// The claims of its name; none for an entry that only a superAdmin sees.
    pub claims: ClaimMap,
    /// Its `server.json`.
    pub server: Map<String, Json>,
}

/// A name of a source.
#[derive(Clone, Debug)]
pub(in super::super) struct Named {
    pub(in super::super) id: i64,
    pub(in super::super) source: String,
    pub(in super::super) name: String,
    pub(in super::super) claims: ClaimMap,
}

/// A name of a source, if the source has it.
pub(in super::super) fn find(
    db: &Connection,
    source: &str,
    name: &str,
) -> Result<Option<Named>, rusqlite::Error> {
    db.query_row(
        "SELECT id, source, name, claims FROM entry WHERE source = ?1 AND name = ?2",
        params![source, name],
        Named::of,
    )
    .optional()
}

/// Every name of a source, or of all sources, by name.
pub(in super::super) fn of_source(
    db: &Connection,
    source: Option<&str>,
) -> Result<Vec<Named>, rusqlite::Error> {
    let mut query = db.prepare(
        "SELECT id, source, name, claims FROM entry WHERE ?1 IS NULL OR source = ?1 ORDER BY name, source",
    )?;
    query.query_map([source], Named::of)?.collect()
}

/// What becomes of a version that is there already, and of other claims than the name's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Conflict {
    /// RS-PUBLISH.
    Refused,
    /// RS-PUBLISH broken.
    Replaces,
}

/// RS-PUBLISH: one version more. The first one brings the claims of the name, the others repeat them.
pub(in super::super) fn publish(
    db: &Connection,
    source: &str,
    claims: &ClaimMap,
    server: &ServerJson,
    now: Timestamp,
    conflict: Conflict,
) -> Result<(), Failure> {
    let entry = match find(db, source, &server.name)? {
        Some(entry) if entry.claims != *claims && conflict == Conflict::Replaces => {
            relabel(db, &entry, claims)?;
            entry.id
        }
        Some(entry) if entry.claims != *claims => {
            return Err(Failure::Conflict("the versions of this name have other claims"));
        }
        Some(entry) => entry.id,
        None => {
            db.execute(
                "INSERT INTO entry (source, name, claims) VALUES (?1, ?2, ?3)",
                params![source, server.name, text(claims)],
            )?;
            db.last_insert_rowid()
        }
    };
    let document = Json::Object(server.document.clone()).to_string();
    if conflict == Conflict::Replaces {
        db.execute("DELETE FROM version WHERE entry = ?1 AND version = ?2", params![entry, server.version])?;
    }
    let inserted = db.execute(
        "INSERT INTO version (entry, version, document, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?4)
         ON CONFLICT DO NOTHING",
        params![entry, server.version, document, now.to_string()],
    )?;
    if inserted == 0 { Err(Failure::Conflict("this version is there already")) } else { Ok(()) }
}

/// Removes a version; a name without any goes with its last.
pub(in super::super) fn remove(
    db: &Connection,
    entry: &Named,
    version: &str,
) -> Result<bool, rusqlite::Error> {
    let removed =
        db.execute("DELETE FROM version WHERE entry = ?1 AND version = ?2", params![entry.id, version])?;
    db.execute(
        "DELETE FROM entry WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM version WHERE entry = ?1)",
        [entry.id],
    )?;
    Ok(removed > 0)
}

/// Other claims for a name, and so for all of its versions.
pub(in super::super) fn relabel(
    db: &Connection,
    entry: &Named,
    claims: &ClaimMap,
) -> Result<(), rusqlite::Error> {
    db.execute("UPDATE entry SET claims = ?2 WHERE id = ?1", params![entry.id, text(claims)]).map(|_| ())
}

/// The versions of a name as an administrator sees them, the oldest first.
pub(in super::super) fn shown(db: &Connection, entry: &Named) -> Result<Json, rusqlite::Error> {
    let mut query =
        db.prepare("SELECT version, document, created_at, updated_at FROM version WHERE entry = ?1")?;
    let rows = query.query_map([entry.id], |row| {
        let document: String = row.get(1)?;
        let document: Json = serde_json::from_str(&document).unwrap_or_default();
        let (created, updated): (String, String) = (row.get(2)?, row.get(3)?);
        let mut version = json!({ "version": row.get::<_, String>(0)? });
        for key in ["title", "description"] {
            if let (Some(text), Json::Object(members)) = (document.get(key), &mut version) {
                members.insert(key.to_owned(), text.clone());
            }
        }
        if let Json::Object(members) = &mut version {
            members.insert("createdAt".to_owned(), created.into());
            members.insert("updatedAt".to_owned(), updated.into());
        }
        Ok(version)
    })?;
    let mut versions = rows.collect::<Result<Vec<_>, _>>()?;
    versions.sort_by(|a, b| by_age(version_of(a), version_of(b)));
    Ok(json!({
        "entryType": "server",
        "name": entry.name,
        "sourceName": entry.source,
        "claims": entry.claims.as_json(),
        "versions": versions,
    }))
}

fn version_of(shown: &Json) -> &str {
    shown.get("version").and_then(Json::as_str).unwrap_or_default()
}

/// Everything, as it can be put back by [`fill`].
pub(in super::super) fn dump(db: &Connection) -> Result<Vec<Json>, rusqlite::Error> {
    let mut dumped = Vec::new();
    for entry in of_source(db, None)? {
        let mut query = db.prepare("SELECT document FROM version WHERE entry = ?1 ORDER BY version")?;
        let documents = query.query_map([entry.id], |row| row.get::<_, String>(0))?;
        for document in documents {
            let server: Json = serde_json::from_str(&document?).unwrap_or_default();
            dumped
                .push(json!({ "source": entry.source, "claims": entry.claims.as_json(), "server": server }));
        }
    }
    Ok(dumped)
}

pub(super) fn clear(db: &Connection) -> Result<(), rusqlite::Error> {
    db.execute("DELETE FROM entry", []).map(|_| ())
}

pub(super) fn fill(db: &Connection, entries: &[Entry], now: Timestamp) -> Result<(), CatalogueError> {
    for (index, entry) in entries.iter().enumerate() {
        let wrong = |reason: String| CatalogueError::Entry { number: index + 1, reason };
        if sources::find(db, &entry.source)?.is_none() {
            return Err(wrong(format!("there is no source `{}`", entry.source)));
        }
        let server = ServerJson::read(entry.server.clone()).map_err(wrong)?;
        publish(db, &entry.source, &entry.claims, &server, now, Conflict::Refused).map_err(|failure| {
            match failure {
                Failure::Conflict(words) => wrong(words.to_owned()),
                Failure::Broken(words) => CatalogueError::Database(words),
                other => wrong(format!("{other:?}")),
            }
        })?;
    }
    Ok(())
}

/// `latest` names the newest of the versions.
pub(super) fn is_wanted(version: &str, newest: bool, wanted: &str) -> bool {
    version == wanted || (newest && wanted == LATEST)
}

/// As the database has claims.
pub(super) fn text(claims: &ClaimMap) -> String {
    Json::Object(claims.as_json().clone()).to_string()
}

/// Claims that cannot be read are none: nobody but a superAdmin sees what has none.
pub(super) fn claims(text: &str) -> ClaimMap {
    serde_json::from_str(text).ok().and_then(|claims| ClaimMap::new(claims).ok()).unwrap_or_default()
}

impl Named {
    fn of(row: &rusqlite::Row<'_>) -> Result<Self, rusqlite::Error> {
        let text: String = row.get(3)?;
        Ok(Self { id: row.get(0)?, source: row.get(1)?, name: row.get(2)?, claims: claims(&text) })
    }
}

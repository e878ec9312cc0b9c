//! What a caller sees of a registry: of every name the versions of the first source that has the name for this caller.

use std::ops::ControlFlow;

use rusqlite::{Connection, params};
use serde_json::{Map, Value as Json};

use super::entries;
use crate::{
    model::rule::Rule,
    reference::registry_server::{
        caller::Caller,
        failure::Failure,
        server_json::{ServerJson, by_age},
    },
};

/// A version of a server.
#[derive(Clone, Debug)]
pub(in super::super) struct Version {
    pub(in super::super) server: ServerJson,
    pub(in super::super) newest: bool,
    /// RFC 3339.
    pub(in super::super) updated_at: String,
}

impl Version {
    /// It is the one that is asked for: by its own name, or as the newest.
    pub(in super::super) fn is(&self, wanted: &str) -> bool {
        entries::is_wanted(&self.server.version, self.newest, wanted)
    }
}

/// Hands out the versions that a caller sees in a registry, by name and version, until there is a break. `from` is the
/// least name, `only` the one that is wanted. A name is decided before anything is left out of its versions, so that no
/// search brings up what a source before it hides.
pub(in super::super) fn visible(
    db: &Connection,
    registry: &str,
    (from, only): (&str, Option<&str>),
    caller: &Caller,
    mut each: impl FnMut(Version) -> ControlFlow<()>,
) -> Result<(), Failure> {
    let mut names = db.prepare(
        "SELECT entry.id, entry.name, entry.claims FROM entry
         JOIN registry_source ON registry_source.source = entry.source AND registry_source.registry = ?1
         WHERE entry.name >= ?2 AND (?3 IS NULL OR entry.name = ?3)
         ORDER BY entry.name, registry_source.position",
    )?;
    let mut rows = names.query(params![registry, from, only])?;
    let mut decided: Option<String> = None;
    while let Some(row) = rows.next()? {
        let name: String = row.get(1)?;
        let claims: String = row.get(2)?;
        let seen = caller.may_read(&entries::claims(&claims)) || !caller.rules().hold(Rule::RsHide);
        if decided.as_deref() == Some(name.as_str()) || !seen {
            continue;
        }
        for version in versions(db, row.get(0)?)? {
            if each(version).is_break() {
                return Ok(());
            }
        }
        decided = Some(name);
    }
    Ok(())
}

/// The versions of a name, by their texts.
fn versions(db: &Connection, entry: i64) -> Result<Vec<Version>, Failure> {
    let mut query =
        db.prepare("SELECT document, updated_at FROM version WHERE entry = ?1 ORDER BY version")?;
    let rows = query.query_map([entry], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    let mut versions = Vec::new();
    for row in rows {
        let (document, updated_at) = row?;
        let document: Map<String, Json> =
            serde_json::from_str(&document).map_err(|error| Failure::Broken(error.to_string()))?;
        let server = ServerJson::read(document).map_err(Failure::Broken)?;
        versions.push(Version { server, newest: false, updated_at });
    }
    if let Some(newest) = versions.iter_mut().max_by(|a, b| by_age(&a.server.version, &b.server.version)) {
        newest.newest = true;
    }
    Ok(versions)
}

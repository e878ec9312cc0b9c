//! Sources as rows.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::{Value as Json, json};

use super::{Creation, entries};
use crate::{
    model::{
        secret::names_a_secret,
        values::registry_server::{ClaimMap, Source, SourceKind},
    },
    reference::registry_server::failure::Failure,
};

/// A source of the catalogue.
#[derive(Clone, Debug)]
pub(in super::super) struct Kept {
    pub(in super::super) source: Source,
    pub(in super::super) creation: Creation,
    created_at: String,
    updated_at: String,
}

const COLUMNS: &str = "name, kind, config, interval, claims, creation, created_at, updated_at";

pub(in super::super) fn list(db: &Connection) -> Result<Vec<Kept>, rusqlite::Error> {
    db.prepare(&format!("SELECT {COLUMNS} FROM source ORDER BY name"))?.query_map([], Kept::of)?.collect()
}

pub(in super::super) fn find(db: &Connection, name: &str) -> Result<Option<Kept>, rusqlite::Error> {
    db.query_row(&format!("SELECT {COLUMNS} FROM source WHERE name = ?1"), [name], Kept::of).optional()
}

/// The one source that takes what is published.
pub(in super::super) fn managed(db: &Connection) -> Result<Option<Kept>, rusqlite::Error> {
    let kind = SourceKind::Managed.name();
    db.query_row(&format!("SELECT {COLUMNS} FROM source WHERE kind = ?1"), [kind], Kept::of).optional()
}

pub(in super::super) fn insert(
    db: &Connection,
    source: &Source,
    creation: Creation,
    now: Timestamp,
) -> Result<(), rusqlite::Error> {
    let Source { name, kind, config, interval, claims } = source;
    db.execute(
        "INSERT INTO source (name, kind, config, interval, claims, creation, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)",
        params![
            name,
            kind.name(),
            config.to_string(),
            interval,
            entries::text(claims),
            creation.name(),
            now.to_string()
        ],
    )
    .map(|_| ())
}

pub(in super::super) fn update(
    db: &Connection,
    source: &Source,
    now: Timestamp,
) -> Result<(), rusqlite::Error> {
    let Source { name, config, interval, claims, .. } = source;
    db.execute(
        "UPDATE source SET config = ?2, interval = ?3, claims = ?4, updated_at = ?5 WHERE name = ?1",
        params![name, config.to_string(), interval, entries::text(claims), now.to_string()],
    )
    .map(|_| ())
}

/// Removes a source with its entries; not while a registry has it.
pub(in super::super) fn remove(db: &Connection, name: &str) -> Result<(), Failure> {
    let used: bool =
        db.query_row("SELECT EXISTS (SELECT 1 FROM registry_source WHERE source = ?1)", [name], |row| {
            row.get(0)
        })?;
    if used {
        return Err(Failure::Conflict("a registry has this source"));
    }
    db.execute("DELETE FROM source WHERE name = ?1", [name])?;
    Ok(())
}

/// The settings of a source without what opens it: who administers sources did not write all of them.
fn concealed(config: &Json) -> Json {
    match config {
        Json::Object(members) => members
            .iter()
            .map(|(name, value)| {
                let secret = value.is_string() && names_a_secret(name);
                (name.clone(), if secret { "[concealed]".into() } else { concealed(value) })
            })
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Json::Array(items) => items.iter().map(concealed).collect(),
        Json::String(text) => match url::Url::parse(text) {
            Ok(mut url) if !url.username().is_empty() || url.password().is_some() => {
                let removed = url.set_username("").and_then(|()| url.set_password(None));
                removed.map_or_else(|()| "[concealed]".into(), |()| url.to_string().into())
            }
            _ => config.clone(),
        },
        other => other.clone(),
    }
}

impl Kept {
    pub(in super::super) fn claims(&self) -> &ClaimMap {
        &self.source.claims
    }

    /// As the API shows it.
    pub(in super::super) fn shown(&self) -> Json {
        let Source { name, kind, config, interval, claims } = &self.source;
        let group = match kind {
            SourceKind::Managed => "MANAGED",
            SourceKind::File => "FILE",
            SourceKind::Kubernetes => "KUBERNETES",
            SourceKind::Git | SourceKind::Api => "REMOTE",
        };
        let mut shown = json!({
            "name": name,
            "type": group,
            "creationType": self.creation.name(),
            "sourceType": kind.name(),
            "sourceConfig": concealed(config),
        });
        if let Json::Object(members) = &mut shown {
            members.extend(interval.as_ref().map(|every| ("syncSchedule".to_owned(), every.as_str().into())));
            if !claims.is_empty() {
                members.insert("claims".to_owned(), claims.as_json().clone().into());
            }
            members.insert("createdAt".to_owned(), self.created_at.as_str().into());
            members.insert("updatedAt".to_owned(), self.updated_at.as_str().into());
        }
        shown
    }

    fn of(row: &Row<'_>) -> Result<Self, rusqlite::Error> {
        let (kind, config, claims): (String, String, String) = (row.get(1)?, row.get(2)?, row.get(4)?);
        let source = Source {
            name: row.get(0)?,
            // Written by `insert` alone.
            kind: SourceKind::by_name(&kind).unwrap_or(SourceKind::Managed),
            config: serde_json::from_str(&config).unwrap_or_default(),
            interval: row.get(3)?,
            claims: entries::claims(&claims),
        };
        let creation = Creation::by_name(&row.get::<_, String>(5)?);
        Ok(Self { source, creation, created_at: row.get(6)?, updated_at: row.get(7)? })
    }
}

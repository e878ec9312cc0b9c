//! Registries as rows, with their sources in order.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::{Value as Json, json};

use super::{Creation, entries};
use crate::model::values::registry_server::{ClaimMap, Registry};

/// A registry of the catalogue.
#[derive(Clone, Debug)]
pub(in super::super) struct Kept {
    pub(in super::super) registry: Registry,
    pub(in super::super) creation: Creation,
    created_at: String,
    updated_at: String,
}

const COLUMNS: &str = "name, claims, creation, created_at, updated_at";

pub(in super::super) fn list(db: &Connection) -> Result<Vec<Kept>, rusqlite::Error> {
    let mut query = db.prepare(&format!("SELECT {COLUMNS} FROM registry ORDER BY name"))?;
    let kept = query.query_map([], Kept::of)?.collect::<Result<Vec<_>, _>>()?;
    kept.into_iter().map(|kept| kept.with_sources(db)).collect()
}

pub(in super::super) fn find(db: &Connection, name: &str) -> Result<Option<Kept>, rusqlite::Error> {
    let query = format!("SELECT {COLUMNS} FROM registry WHERE name = ?1");
    let kept = db.query_row(&query, [name], Kept::of).optional()?;
    kept.map(|kept| kept.with_sources(db)).transpose()
}

pub(in super::super) fn insert(
    db: &Connection,
    registry: &Registry,
    creation: Creation,
    now: Timestamp,
) -> Result<(), rusqlite::Error> {
    db.execute(
        "INSERT INTO registry (name, claims, creation, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?4)",
        params![registry.name, entries::text(&registry.claims), creation.name(), now.to_string()],
    )?;
    link(db, registry)
}

pub(in super::super) fn update(
    db: &Connection,
    registry: &Registry,
    now: Timestamp,
) -> Result<(), rusqlite::Error> {
    db.execute(
        "UPDATE registry SET claims = ?2, updated_at = ?3 WHERE name = ?1",
        params![registry.name, entries::text(&registry.claims), now.to_string()],
    )?;
    db.execute("DELETE FROM registry_source WHERE registry = ?1", [&registry.name])?;
    link(db, registry)
}

pub(in super::super) fn remove(db: &Connection, name: &str) -> Result<(), rusqlite::Error> {
    db.execute("DELETE FROM registry WHERE name = ?1", [name]).map(|_| ())
}

fn link(db: &Connection, registry: &Registry) -> Result<(), rusqlite::Error> {
    for (position, source) in (0_i64..).zip(&registry.sources) {
        db.execute(
            "INSERT INTO registry_source (registry, source, position) VALUES (?1, ?2, ?3)",
            params![registry.name, source, position],
        )?;
    }
    Ok(())
}

impl Kept {
    pub(in super::super) fn claims(&self) -> &ClaimMap {
        &self.registry.claims
    }

    /// As the API shows it.
    pub(in super::super) fn shown(&self) -> Json {
        let Registry { name, sources, claims } = &self.registry;
        let mut shown = json!({ "name": name, "creationType": self.creation.name(), "sources": sources });
        if let Json::Object(members) = &mut shown {
            if !claims.is_empty() {
                members.insert("claims".to_owned(), claims.as_json().clone().into());
            }
            members.insert("createdAt".to_owned(), self.created_at.as_str().into());
            members.insert("updatedAt".to_owned(), self.updated_at.as_str().into());
        }
        shown
    }

    fn of(row: &Row<'_>) -> Result<Self, rusqlite::Error> {
        let claims = entries::claims(&row.get::<_, String>(1)?);
        let registry = Registry { name: row.get(0)?, sources: Vec::new(), claims };
        let creation = Creation::by_name(&row.get::<_, String>(2)?);
        Ok(Self { registry, creation, created_at: row.get(3)?, updated_at: row.get(4)? })
    }

    fn with_sources(mut self, db: &Connection) -> Result<Self, rusqlite::Error> {
        let mut query =
            db.prepare("SELECT source FROM registry_source WHERE registry = ?1 ORDER BY position")?;
        self.registry.sources =
            query.query_map([&self.registry.name], |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(self)
    }
}

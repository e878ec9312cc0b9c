//! The catalogue: sources, registries and entries in an embedded SQLite, in memory.
//!
//! One connection behind a mutex, its work on the runtime's threads for blocking work, each request one transaction. SQLite
//! takes one writer at a time anyway and a read here takes microseconds, so that a thread of the catalogue's own, or a
//! pool, would add ways to shut down wrongly and nothing else. What is kept in SQL is data, never a decision: the claims of
//! a caller are held against those of a row in `caller` alone.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use rusqlite::{Connection, Transaction};

use super::failure::Failure;
use crate::model::values::{
    RegistryServer as Settings,
    registry_server::{Registry, Source},
};

pub(super) mod entries;
pub(super) mod registries;
pub(super) mod sources;
mod view;

pub use entries::Entry;
pub(super) use view::{Version, visible};

/// Why there is no catalogue.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// An entry that a catalogue cannot hold.
    #[error("entry {number} of the catalogue: {reason}")]
    Entry {
        /// Which one, from 1.
        number: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The database failed.
    #[error("the catalogue's database failed: {0}")]
    Database(String),
}

/// The catalogue.
#[derive(Debug)]
pub(super) struct Catalogue {
    connection: Arc<Mutex<Connection>>,
    start: Start,
}

/// What it holds at the start.
#[derive(Debug)]
struct Start {
    sources: Vec<Source>,
    registries: Vec<Registry>,
    entries: Vec<Entry>,
    at: Timestamp,
}

/// Who made a source or a registry; what the configuration made, the API does not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Creation {
    Config,
    Api,
}

const SCHEMA: &str = "
    PRAGMA foreign_keys = ON;
    CREATE TABLE source (
        name TEXT PRIMARY KEY,
        kind TEXT NOT NULL,
        config TEXT NOT NULL,
        interval TEXT,
        claims TEXT NOT NULL,
        creation TEXT NOT NULL,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL
    ) STRICT;
    CREATE TABLE registry (
        name TEXT PRIMARY KEY,
        claims TEXT NOT NULL,
        creation TEXT NOT NULL,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL
    ) STRICT;
    CREATE TABLE registry_source (
        registry TEXT NOT NULL REFERENCES registry ON DELETE CASCADE,
        source TEXT NOT NULL REFERENCES source,
        position INTEGER NOT NULL,
        PRIMARY KEY (registry, source)
    ) STRICT;
    CREATE TABLE entry (
        id INTEGER PRIMARY KEY,
        source TEXT NOT NULL REFERENCES source ON DELETE CASCADE,
        name TEXT NOT NULL,
        claims TEXT NOT NULL,
        UNIQUE (source, name)
    ) STRICT;
    CREATE INDEX entry_name ON entry (name);
    CREATE TABLE version (
        entry INTEGER NOT NULL REFERENCES entry ON DELETE CASCADE,
        version TEXT NOT NULL,
        document TEXT NOT NULL,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL,
        PRIMARY KEY (entry, version)
    ) STRICT;
";

impl Catalogue {
    pub(super) fn new(values: &Settings, entries: Vec<Entry>, at: Timestamp) -> Result<Self, CatalogueError> {
        let Settings { sources, registries, .. } = values.clone();
        let start = Start { sources, registries, entries, at };
        Ok(Self { connection: Arc::new(Mutex::new(start.open()?)), start })
    }

    /// One transaction: what the work did stays if it succeeds, and leaves nothing behind if it does not.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let connection = Arc::clone(&self.connection);
        let done = tokio::task::spawn_blocking(move || -> Result<T, Failure> {
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let transaction = connection.transaction()?;
            let done = work(&transaction)?;
            transaction.commit()?;
            Ok(done)
        });
        done.await.unwrap_or_else(|_| Err(Failure::Broken("the catalogue did not finish".to_owned())))
    }

    /// Puts other entries in the place of all.
    pub(super) async fn replace(&self, entries: Vec<Entry>, at: Timestamp) -> Result<(), Failure> {
        self.run(move |db| {
            entries::clear(db)?;
            entries::fill(db, &entries, at).map_err(|error| match error {
                CatalogueError::Database(words) => Failure::Broken(words),
                wrong @ CatalogueError::Entry { .. } => Failure::Malformed(wrong.to_string()),
            })
        })
        .await
    }

    /// Back to the start. It blocks for as long as the request that runs just then.
    pub(super) fn reset(&self) -> io::Result<()> {
        let fresh = self.start.open().map_err(io::Error::other)?;
        *self.connection.lock().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }
}

impl Start {
    fn open(&self) -> Result<Connection, CatalogueError> {
        let mut connection = Connection::open_in_memory()?;
        connection.execute_batch(SCHEMA)?;
        let transaction = connection.transaction()?;
        self.fill(&transaction)?;
        transaction.commit()?;
        Ok(connection)
    }

    fn fill(&self, db: &Transaction<'_>) -> Result<(), CatalogueError> {
        for source in &self.sources {
            sources::insert(db, source, Creation::Config, self.at)?;
        }
        for registry in &self.registries {
            registries::insert(db, registry, Creation::Config, self.at)?;
        }
        entries::fill(db, &self.entries, self.at)
    }
}

impl Creation {
    /// The open-source server's word for it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Config => "CONFIG",
            Self::Api => "API",
        }
    }

    /// What is not known to be the API's, the API does not change.
    fn by_name(name: &str) -> Self {
        if name == Self::Api.name() { Self::Api } else { Self::Config }
    }
}

impl From<rusqlite::Error> for CatalogueError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error.to_string())
    }
}

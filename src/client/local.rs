//! What the user of this machine decided: values for directives, servers installed and running.
//!
//! A file of its own beside the cache. It is not sealed: it is the user's, and what the policy enforces or forbids
//! wins over it whatever it says.

use std::{collections::BTreeSet, io};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::folder::Folder;

const FILE: &str = "local.json";

/// The user's state.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Local {
    /// By directive.
    pub(super) overrides: Map<String, Json>,
    pub(super) installed: BTreeSet<String>,
    pub(super) running: BTreeSet<String>,
}

impl Local {
    /// What the file says; nothing where there is none.
    pub(super) fn load(folder: &Folder) -> io::Result<Self> {
        let Some(bytes) = folder.read(FILE)? else { return Ok(Self::default()) };
        serde_json::from_slice(&bytes)
            .map_err(|_| io::Error::other(format!("`{FILE}` is not as it was written")))
    }

    /// Makes a change here and in the file, where another client may have made its own since. One that cannot be
    /// written is made here.
    pub(super) fn change(&mut self, folder: &Folder, change: impl Fn(&mut Self)) -> io::Result<()> {
        change(self);
        let locked = folder.lock()?;
        // A file that cannot be read is replaced: it holds nothing that anybody could still use.
        let mut state = Self::load(folder).unwrap_or_else(|_| self.clone());
        change(&mut state);
        locked.replace(FILE, serde_json::json!(state).to_string().as_bytes())?;
        *self = state;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::client::fixture::Scratch;

    #[test]
    fn two_clients_keep_each_others_changes() {
        let scratch = Scratch::new();
        let folder = Folder::new(scratch.path().to_owned(), "lock");
        let (mut one, mut two) = (Local::load(&folder).unwrap(), Local::load(&folder).unwrap());
        let set = |name: &'static str| {
            move |local: &mut Local| {
                local.overrides.insert(name.to_owned(), true.into());
            }
        };
        one.change(&folder, set("playground")).unwrap();
        two.change(&folder, set("help_menu")).unwrap();
        one.change(&folder, |local| {
            local.running.insert("github".to_owned());
        })
        .unwrap();
        let loaded = Local::load(&folder).unwrap();
        assert!(loaded == one);
        assert_eq!(loaded.overrides.len(), 2);
        assert!(loaded.running.contains("github"));
    }

    #[test]
    fn a_torn_file_is_told_and_replaced_by_the_next_change() {
        let scratch = Scratch::new();
        let folder = Folder::new(scratch.path().to_owned(), "lock");
        fs::write(scratch.path().join(FILE), r#"{"overrides":{"playg"#).unwrap();
        assert!(Local::load(&folder).is_err());
        let mut local = Local::default();
        local
            .change(&folder, |local| {
                local.installed.insert("github".to_owned());
            })
            .unwrap();
        assert!(Local::load(&folder).unwrap() == local);
    }
}

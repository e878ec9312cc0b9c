//! MCP-HINT, MCP-HINT-COLD, MCP-HINT-FRESH: what the server's own tools/list said of its tools.
//!
//! A list without a cursor begins a generation, its pages extend it, the page without a further cursor completes it.
//! A complete generation replaces the one before; until then what the newer one already said counts first. A change
//! of the server makes everything unknown, and what was asked for before the change is not learnt after it.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use mcp_policy::vocabulary::Hints as Said;
use serde_json::Value as Json;

use crate::model::rule::{Rule, Rules};

/// The most tools of a generation. What comes after them has no hints.
const CAPACITY: usize = 100_000;

/// The hints of one server.
#[derive(Debug, Default)]
pub(super) struct Hints(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Counts the changes of the server.
    epoch: u64,
    /// Counts the requests for lists.
    asked: u64,
    /// The request that began the newest generation.
    newest: u64,
    complete: Option<Generation>,
    growing: Option<Growing>,
}

/// Hints by tool. None: the server said two things of one name.
type Generation = BTreeMap<String, Option<Said>>;

#[derive(Debug)]
struct Growing {
    /// The cursor of the page that is next.
    next: String,
    tools: Generation,
}

/// A request for a page of the list that is on its way: what it may teach when it is answered.
#[derive(Clone, Debug)]
pub(super) struct Ticket {
    epoch: u64,
    number: u64,
    cursor: Option<String>,
}

impl Hints {
    /// A page is asked for.
    pub(super) fn ask(&self, cursor: Option<&str>) -> Ticket {
        let mut state = self.state();
        state.asked += 1;
        Ticket { epoch: state.epoch, number: state.asked, cursor: cursor.map(str::to_owned) }
    }

    /// The page came.
    pub(super) fn learn(&self, ticket: &Ticket, tools: Generation, next: Option<&str>) {
        let mut state = self.state();
        if ticket.epoch != state.epoch {
            return;
        }
        let mut known = match (&ticket.cursor, state.growing.take()) {
            (None, _) if state.newest < ticket.number => {
                state.newest = ticket.number;
                Generation::new()
            }
            (Some(cursor), Some(growing)) if growing.next == *cursor && state.newest < ticket.number => {
                growing.tools
            }
            (_, other) => {
                state.growing = other;
                return;
            }
        };
        for (name, said) in tools {
            if known.len() >= CAPACITY && !known.contains_key(&name) {
                continue;
            }
            known
                .entry(name)
                .and_modify(|before| {
                    if *before != said {
                        *before = None;
                    }
                })
                .or_insert(said);
        }
        match next {
            Some(next) => state.growing = Some(Growing { next: next.to_owned(), tools: known }),
            None => state.complete = Some(known),
        }
    }

    /// What the server said of a tool; nothing where it said none or two things, and before it was asked.
    pub(super) fn of(&self, tool: &str, rules: Rules) -> Said {
        let state = self.state();
        let growing = state.growing.as_ref().and_then(|growing| growing.tools.get(tool));
        let known = growing.or_else(|| state.complete.as_ref()?.get(tool));
        match known {
            None if !rules.hold(Rule::McpHintCold) => {
                Said { read_only: Some(true), destructive: Some(false), ..Said::default() }
            }
            known => known.copied().flatten().unwrap_or_default(),
        }
    }

    /// The server changed, or may have: `notifications/tools/list_changed`, a session that it does not know any more, a
    /// connection that broke.
    pub(super) fn forget(&self) {
        let mut state = self.state();
        state.epoch += 1;
        state.complete = None;
        state.growing = None;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The hints of a tool as the list has it. What is no boolean is not said.
pub(super) fn said(tool: &Json) -> Said {
    let hint = |name: &str| tool.get("annotations").and_then(|said| said.get(name)).and_then(Json::as_bool);
    Said {
        read_only: hint("readOnlyHint"),
        destructive: hint("destructiveHint"),
        idempotent: hint("idempotentHint"),
        open_world: hint("openWorldHint"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const READ_ONLY: Said =
        Said { read_only: Some(true), destructive: None, idempotent: None, open_world: None };
    const WRITES: Said =
        Said { read_only: Some(false), destructive: None, idempotent: None, open_world: None };

    fn page(tools: &[(&str, Said)]) -> Generation {
        tools.iter().map(|(name, said)| ((*name).to_owned(), Some(*said))).collect()
    }

    fn list(hints: &Hints, cursor: Option<&str>, tools: &[(&str, Said)], next: Option<&str>) {
        hints.learn(&hints.ask(cursor), page(tools), next);
    }

    #[test]
    fn pages_extend_a_generation_and_the_complete_one_replaces() {
        let hints = Hints::default();
        assert_eq!(hints.of("a", Rules::ALL), Said::default(), "cold");
        list(&hints, None, &[("a", READ_ONLY)], Some("2"));
        assert_eq!((hints.of("a", Rules::ALL), hints.of("b", Rules::ALL)), (READ_ONLY, Said::default()));
        list(&hints, Some("2"), &[("b", READ_ONLY)], None);
        assert_eq!((hints.of("a", Rules::ALL), hints.of("b", Rules::ALL)), (READ_ONLY, READ_ONLY));
        list(&hints, None, &[("a", WRITES)], Some("2"));
        assert_eq!(
            (hints.of("a", Rules::ALL), hints.of("b", Rules::ALL)),
            (WRITES, READ_ONLY),
            "the newer word counts, the rest stands"
        );
        list(&hints, Some("2"), &[], None);
        assert_eq!(
            (hints.of("a", Rules::ALL), hints.of("b", Rules::ALL)),
            (WRITES, Said::default()),
            "b is gone"
        );
    }

    #[test]
    fn a_page_of_no_generation_teaches_nothing() {
        let hints = Hints::default();
        list(&hints, Some("2"), &[("b", READ_ONLY)], None);
        assert_eq!(hints.of("b", Rules::ALL), Said::default());
        list(&hints, None, &[("a", READ_ONLY)], Some("2"));
        list(&hints, Some("elsewhere"), &[("b", READ_ONLY)], None);
        assert_eq!(hints.of("b", Rules::ALL), Said::default());
        list(&hints, Some("2"), &[("c", READ_ONLY)], None);
        assert_eq!(
            (hints.of("a", Rules::ALL), hints.of("c", Rules::ALL)),
            (READ_ONLY, READ_ONLY),
            "the generation was not lost"
        );
    }

    #[test]
    fn a_change_makes_it_cold_also_for_what_was_on_its_way() {
        let hints = Hints::default();
        list(&hints, None, &[("a", READ_ONLY)], None);
        let late = hints.ask(None);
        hints.forget();
        assert_eq!(hints.of("a", Rules::ALL), Said::default());
        hints.learn(&late, page(&[("a", READ_ONLY)]), None);
        assert_eq!(hints.of("a", Rules::ALL), Said::default(), "asked for before the change");
    }

    #[test]
    fn an_older_answer_does_not_replace_a_newer_one() {
        let hints = Hints::default();
        let (older, newer) = (hints.ask(None), hints.ask(None));
        hints.learn(&newer, page(&[("a", WRITES)]), Some("2"));
        hints.learn(&older, page(&[("a", READ_ONLY)]), Some("2"));
        assert_eq!(hints.of("a", Rules::ALL), WRITES);
        let (older, newer) = (hints.ask(None), hints.ask(None));
        hints.learn(&newer, page(&[("a", WRITES)]), None);
        hints.learn(&older, page(&[("a", READ_ONLY)]), None);
        assert_eq!(hints.of("a", Rules::ALL), WRITES);
    }

    #[test]
    fn of_two_words_on_one_tool_neither_counts() {
        let hints = Hints::default();
        list(&hints, None, &[("a", READ_ONLY), ("b", WRITES)], Some("2"));
        list(&hints, Some("2"), &[("a", WRITES), ("b", WRITES)], None);
        assert_eq!((hints.of("a", Rules::ALL), hints.of("b", Rules::ALL)), (Said::default(), WRITES));
    }

    #[test]
    fn only_booleans_are_hints() {
        let tool = json!({ "name": "a", "readOnlyHint": true,
            "annotations": { "readOnlyHint": "true", "destructiveHint": false, "ReadOnlyHint": true } });
        assert_eq!(said(&tool), Said { destructive: Some(false), ..Said::default() });
        assert_eq!(said(&json!({ "annotations": [] })), Said::default());
    }
}

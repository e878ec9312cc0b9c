//! MCP-LIST: of a list only what the caller may use. What cannot be read as a list is none, and never passes as it is.

use std::collections::BTreeMap;

use mcp_policy::vocabulary::Hints as Said;
use serde_json::{Map, Value as Json};

use super::{
    hints::{self, Hints, Ticket},
    method::List,
    policy::Judge,
};

/// The result is no list of the kind that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreadable(pub(super) &'static str);

/// The list that a result has, whatever was asked for: none, or one. Two are none that can be read, and so is a name
/// that a lenient reader takes for a list's.
pub(super) fn found(result: &Map<String, Json>) -> Result<Option<List>, Unreadable> {
    let mut found = None;
    for name in result.keys() {
        let like = List::ALL.into_iter().find(|list| list.member().to_lowercase() == name.to_lowercase());
        match like {
            Some(list) if list.member() == name && found.is_none() => found = Some(list),
            Some(_) => return Err(Unreadable("a list in an unexpected place")),
            None => {}
        }
    }
    Ok(found)
}

/// A list of things somewhere in a value that is no list's place.
pub(super) fn hidden_in(value: &Json) -> bool {
    match value {
        Json::Object(members) => members.iter().any(|(name, value)| {
            let named = List::ALL.into_iter().any(|list| list.member().eq_ignore_ascii_case(name));
            let things = value.as_array().is_some_and(|items| items.iter().any(Json::is_object));
            (named && things) || hidden_in(value)
        }),
        Json::Array(items) => items.iter().any(hidden_in),
        _ => false,
    }
}

/// The result with the items that `judge` lets its caller use. The hints of tools are learnt on the way, by `learning`.
pub(super) fn filtered(
    mut result: Map<String, Json>,
    list: List,
    judge: &Judge,
    learning: Option<(&Hints, &Ticket)>,
) -> Result<Map<String, Json>, Unreadable> {
    if found(&result)? != Some(list) {
        return Err(Unreadable("an answer without the list that was asked for"));
    }
    let Some(Json::Array(items)) = result.remove(list.member()) else {
        return Err(Unreadable("a list that is no array"));
    };
    let next = match result.remove("nextCursor") {
        None | Some(Json::Null) => None,
        Some(Json::String(cursor)) => Some(cursor),
        Some(_) => return Err(Unreadable("a cursor that is no string")),
    };
    let items: Vec<(String, Json)> =
        items.into_iter().map(|item| keyed(item, list)).collect::<Result<_, _>>()?;
    let said = if list == List::Tools { said(&items) } else { BTreeMap::new() };
    let wishes: Vec<_> = items
        .iter()
        .map(|(key, _)| list.item(key, said.get(key).copied().flatten().unwrap_or_default()))
        .collect();
    let shown = judge.shows(list, &wishes);
    let seen = shown.is_some();
    let shown = shown.unwrap_or_default().into_iter().chain(std::iter::repeat(false));
    let kept: Vec<Json> =
        items.into_iter().zip(shown).filter(|(_, shown)| *shown).map(|((_, item), _)| item).collect();
    if let Some((hints, ticket)) = learning.filter(|_| list == List::Tools) {
        hints.learn(ticket, said, next.as_deref());
    }
    let mut answer = Map::from_iter([(list.member().to_owned(), Json::Array(kept))]);
    // Who sees no list has no further pages of it.
    if let Some(next) = next.filter(|_| seen) {
        answer.insert("nextCursor".to_owned(), next.into());
    }
    if let Some(meta) = result.remove("_meta").filter(|meta| meta.is_object() && !hidden_in(meta)) {
        answer.insert("_meta".to_owned(), meta);
    }
    Ok(answer)
}

/// An item with what the decision is about.
fn keyed(item: Json, list: List) -> Result<(String, Json), Unreadable> {
    let key = item.get(list.key()).and_then(Json::as_str).map(str::to_owned);
    key.map(|key| (key, item)).ok_or(Unreadable("an item without its name"))
}

/// What the page says of its tools; nothing of one of which it says two things.
fn said(items: &[(String, Json)]) -> BTreeMap<String, Option<Said>> {
    let mut said = BTreeMap::new();
    for (name, tool) in items {
        let hints = Some(hints::said(tool));
        said.entry(name.clone())
            .and_modify(|before| {
                if *before != hints {
                    *before = None;
                }
            })
            .or_insert(hints);
    }
    said
}

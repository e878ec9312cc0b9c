//! What becomes of one message of the server: passed on, filtered, dropped, or the end of the exchange.
//!
//! The server is no friend: an answer that nobody asked for, a list where none is due, a message that cannot be read
//! in one way end the exchange, and the caller gets an error.

use mcp_policy::vocabulary::Request;
use serde_json::{Map, Value as Json, json};

use super::{
    Parts,
    hints::Ticket,
    list,
    message::{self, Id},
    method::List,
};
use crate::token::VerifiedToken;

/// Notifications of a server (MCP 2025-11-25), each with the members that its parameters have.
const NOTIFICATIONS: [(&str, &[&str]); 7] = [
    ("notifications/cancelled", &["requestId", "reason"]),
    ("notifications/progress", &["progressToken", "progress", "total", "message"]),
    ("notifications/message", &["level", "logger", "data"]),
    ("notifications/tools/list_changed", &[]),
    ("notifications/prompts/list_changed", &[]),
    ("notifications/resources/list_changed", &[]),
    ("notifications/resources/updated", &["uri", "title"]),
];

/// What a server may ask its client.
const REQUESTS: [&str; 4] = ["ping", "roots/list", "sampling/createMessage", "elicitation/create"];

/// What was asked, and what the server may say therefore.
#[derive(Clone, Debug)]
pub(super) enum Asked {
    /// One request, of which the answer is due.
    Request { id: Id, list: Option<List>, ticket: Option<Ticket> },
    /// Whatever the server says by itself. On a replay also answers to earlier requests of the session.
    Listening { replay: bool },
}

/// What becomes of a message.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fate {
    /// The caller gets it, and more may come.
    Pass(Json),
    /// The caller gets it, and the exchange is complete.
    Answer(Json),
    /// The caller does not get it.
    Drop(&'static str),
    /// The caller gets an error, and nothing more.
    Break(&'static str),
}

/// Reads a message of the server.
pub(super) fn fate(text: &[u8], asked: &Asked, token: &VerifiedToken, proxy: &Parts) -> Fate {
    let Ok(mut members) = message::object(text) else {
        return Fate::Break("no JSON object of unique members");
    };
    if members.remove("jsonrpc") != Some(json!("2.0")) {
        return Fate::Break("no JSON-RPC 2.0");
    }
    let (id, method, params) = (members.remove("id"), members.remove("method"), members.remove("params"));
    let (result, error) = (members.remove("result"), members.remove("error"));
    if !members.is_empty() {
        return Fate::Break("members that JSON-RPC 2.0 does not have");
    }
    match (method, id, result, error) {
        (Some(Json::String(method)), None, None, None) => notification(&method, params, token, proxy),
        (Some(Json::String(method)), Some(id), None, None) if REQUESTS.contains(&method.as_str()) => {
            let mut request = json!({ "jsonrpc": "2.0", "id": id, "method": method });
            match params {
                None => Fate::Pass(request),
                Some(params @ Json::Object(_)) => {
                    if let Json::Object(members) = &mut request {
                        members.insert("params".to_owned(), params);
                    }
                    Fate::Pass(request)
                }
                Some(_) => Fate::Break("parameters that are no object"),
            }
        }
        (Some(Json::String(_)), Some(_), None, None) => Fate::Drop("a request that no client takes"),
        (None, Some(id), Some(Json::Object(result)), None) if params.is_none() => {
            answer(&id, result, asked, token, proxy)
        }
        (None, Some(id), None, Some(Json::Object(error))) if params.is_none() => refused(&id, &error, asked),
        _ => Fate::Break("neither request nor notification nor answer"),
    }
}

fn notification(method: &str, params: Option<Json>, token: &VerifiedToken, proxy: &Parts) -> Fate {
    if method == "notifications/tools/list_changed" {
        proxy.changed();
    }
    let Some((_, known)) = NOTIFICATIONS.iter().find(|(name, _)| *name == method) else {
        return Fate::Drop("a notification that the protocol does not have");
    };
    let mut kept = Map::new();
    match params {
        None => {}
        Some(Json::Object(params)) => {
            kept.extend(
                params.into_iter().filter(|(name, _)| name == "_meta" || known.contains(&name.as_str())),
            );
        }
        Some(_) => return Fate::Break("parameters that are no object"),
    }
    if kept.values().any(list::hidden_in) {
        return Fate::Drop("a list in a notification");
    }
    if method == "notifications/resources/updated" {
        match kept.get("uri").and_then(Json::as_str) {
            Some(uri) if proxy.judge(token).allows(&Request::ReadResource(uri)) => {}
            _ => return Fate::Drop("news of a resource that the caller may not read"),
        }
    }
    let mut notification = json!({ "jsonrpc": "2.0", "method": method });
    if let (false, Json::Object(members)) = (kept.is_empty(), &mut notification) {
        members.insert("params".to_owned(), kept.into());
    }
    Fate::Pass(notification)
}

fn answer(id: &Json, result: Map<String, Json>, asked: &Asked, token: &VerifiedToken, proxy: &Parts) -> Fate {
    let found = match list::found(&result) {
        Ok(found) => found,
        Err(list::Unreadable(why)) => return Fate::Break(why),
    };
    let (due, ticket) = match asked {
        Asked::Request { id: due, .. } if id != due.json() => {
            return Fate::Break("an answer to another request");
        }
        Asked::Request { list, ticket, .. } => (*list, ticket.as_ref()),
        Asked::Listening { replay: true } => (found, None),
        Asked::Listening { replay: false } => return Fate::Break("an answer on a stream that has none"),
    };
    let result = match (due, found) {
        (None, None) => result,
        (None, Some(_)) => return Fate::Break("a list in an unexpected place"),
        (Some(list), _) => {
            let learning = ticket.map(|ticket| (&proxy.hints, ticket));
            match list::filtered(result, list, &proxy.judge(token), learning) {
                Ok(result) => result,
                Err(list::Unreadable(why)) => return Fate::Break(why),
            }
        }
    };
    complete(json!({ "jsonrpc": "2.0", "id": id, "result": result }), asked)
}

/// An error of the server, without what does not belong into one.
fn refused(id: &Json, error: &Map<String, Json>, asked: &Asked) -> Fate {
    match asked {
        Asked::Request { id: due, .. } if id != due.json() => {
            return Fate::Break("an answer to another request");
        }
        Asked::Listening { replay: false } => return Fate::Break("an answer on a stream that has none"),
        _ => {}
    }
    let (Some(code), Some(Json::String(text))) =
        (error.get("code").filter(|code| code.is_i64()), error.get("message"))
    else {
        return Fate::Break("an error without code and message");
    };
    let mut told = json!({ "code": code, "message": text });
    if let (Some(data), Json::Object(members)) =
        (error.get("data").filter(|data| !list::hidden_in(data)), &mut told)
    {
        members.insert("data".to_owned(), data.clone());
    }
    complete(json!({ "jsonrpc": "2.0", "id": id, "error": told }), asked)
}

fn complete(answer: Json, asked: &Asked) -> Fate {
    match asked {
        Asked::Request { .. } => Fate::Answer(answer),
        Asked::Listening { .. } => Fate::Pass(answer),
    }
}

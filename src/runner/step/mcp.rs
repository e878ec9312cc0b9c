//! `mcp`: what somebody may do on an MCP server. A permission is a result; a denial is the proxy's own refusal,
//! MCP-DENY to the letter, and nothing else that went wrong.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::{Context, Done, Stuck, fill};
use crate::{
    net::courier::Answer,
    outcome::{Cause, Check, CheckStatus},
    runner::{
        credit::{Asked, Moment, Outcome},
        mcp::{Question, Said},
    },
    scenario::syntax::{Listing, McpAnswer, McpAsk, McpStep},
    scenario::template::JsonTemplate,
};

pub(super) async fn take(context: &mut Context<'_>, step: &McpStep) -> Result<Done, Stuck> {
    let endpoint = context.endpoint(&step.server).map_err(Stuck::harness)?;
    let url = endpoint.base.clone();
    let token = context.held(&step.token).map_err(Stuck::harness)?.text.clone();
    let (subject, question) = question(context, &step.ask)?;
    let said = context.ask_mcp(&step.server, &url, (&step.token, &token), question).await;

    let what = format!("{} {}", step.ask.word(), subject);
    let (title, outcome, expected) = match &step.answer {
        McpAnswer::Permitted(permitted) => match (permitted.fill(context)?, &step.ask) {
            (Json::Bool(false), _) => (
                format!("{} denies `{}` {what}", step.server, step.token),
                Outcome::Denied,
                "403 with code 403 and \"Unauthorized\"".to_owned(),
            ),
            (Json::Bool(true), McpAsk::List(_)) => {
                return Err(Stuck::harness("of a list that is permitted, say what it shows"));
            }
            (Json::Bool(true), _) => (
                format!("{} lets `{}` {what}", step.server, step.token),
                Outcome::Permitted,
                "a result".to_owned(),
            ),
            (other, _) => return Err(Stuck::harness(format!("`permitted` is no boolean: {other}"))),
        },
        McpAnswer::Shows(names) => {
            let names: BTreeSet<String> = serde_json::from_value(names.fill(context)?)
                .map_err(|_| Stuck::harness("`shows` is no list of names"))?;
            let title = format!("{} shows `{}` its {subject}", step.server, step.token);
            let expected = format!("exactly {}", listed(&names));
            (title, Outcome::Shown(names), expected)
        }
    };
    let (status, observed, cause) = judge(&outcome, &said);
    let seen = matches!((&step.ask, &said), (McpAsk::List(Listing::Tools), Said::Result(_)));
    context.asked.push(Asked {
        step: context.step,
        server: step.server.clone(),
        token: step.token.clone(),
        ask: step.ask.word(),
        subject,
        moment: moment(context, step),
        outcome,
    });
    if seen {
        context.world.tools_seen(&step.server);
    }
    let check = Check {
        what: title.clone(),
        requirement: Some(step.rule.clone()),
        status,
        expected,
        observed,
        note: None,
        cause,
    };
    Ok(Done { title, checks: vec![check], go_on: true })
}

fn moment(context: &Context<'_>, step: &McpStep) -> Moment {
    let moment = context.moment(&step.server);
    if matches!(step.ask, McpAsk::List(_)) { Moment { upstream: None, ..moment } } else { moment }
}

/// The message with which a session begins; a token is shown with it.
pub(super) fn initialize() -> Json {
    json!({
        "jsonrpc": "2.0",
        "id": 0,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": { "name": "touchstone", "version": env!("CARGO_PKG_VERSION") },
        },
    })
}

/// What the step asks, filled in, and its subject in a word: the tool, or what is listed.
fn question(context: &Context<'_>, ask: &McpAsk) -> Result<(String, Question), Stuck> {
    Ok(match ask {
        McpAsk::CallTool(name, arguments) => {
            let name = fill(context, name)?;
            (name.clone(), Question::CallTool(name, self::arguments(context, arguments.as_ref())?))
        }
        McpAsk::GetPrompt(name, arguments) => {
            let name = fill(context, name)?;
            (name.clone(), Question::GetPrompt(name, self::arguments(context, arguments.as_ref())?))
        }
        McpAsk::ReadResource(uri) => {
            let uri = fill(context, uri)?;
            (uri.clone(), Question::ReadResource(uri))
        }
        McpAsk::List(listing) => (word(*listing).to_owned(), Question::List(*listing)),
    })
}

const fn word(listing: Listing) -> &'static str {
    match listing {
        Listing::Tools => "tools",
        Listing::Prompts => "prompts",
        Listing::Resources => "resources",
        Listing::Templates => "templates",
    }
}

fn arguments(
    context: &Context<'_>,
    written: Option<&JsonTemplate>,
) -> Result<Option<serde_json::Map<String, Json>>, Stuck> {
    match written.map(|written| written.fill(context)).transpose()? {
        None => Ok(None),
        Some(Json::Object(members)) => Ok(Some(members)),
        Some(_) => Err(Stuck::harness("`arguments` is no map")),
    }
}

fn judge(expected: &Outcome, said: &Said) -> (CheckStatus, String, Option<Cause>) {
    let observed = match said {
        Said::Result(Json::Array(names)) => {
            let names = names.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect();
            listed(&names)
        }
        Said::Result(_) => "a result".to_owned(),
        Said::Error(reason) => format!("an error: {reason}"),
        Said::Refused(answer) => format!("{} {}", answer.status, answer.text()),
        Said::Nothing(error) => error.to_string(),
    };
    let as_expected = match (expected, said) {
        (Outcome::Permitted, Said::Result(_)) => true,
        (Outcome::Denied, Said::Refused(answer)) => is_denial(answer),
        (Outcome::Shown(names), Said::Result(Json::Array(shown))) => {
            // Each once: a name that stands twice is a mistake of the filter.
            shown.len() == names.len()
                && shown.iter().all(|name| name.as_str().is_some_and(|name| names.contains(name)))
        }
        _ => false,
    };
    match (as_expected, said) {
        (true, _) => (CheckStatus::Pass, observed, None),
        (false, Said::Nothing(_)) => {
            (CheckStatus::Error(observed.clone()), observed, Some(Cause::Environment))
        }
        (false, _) => (CheckStatus::Fail, observed, Some(Cause::Implementation)),
    }
}

/// MCP-DENY: the status, and a body that is exactly this but for the id of the request.
fn is_denial(answer: &Answer) -> bool {
    let Some(Json::Object(mut body)) = answer.json() else { return false };
    let id = body.shift_remove("id");
    answer.status == 403
        && id.is_some_and(|id| id.is_u64() || id.is_string())
        && Json::Object(body) == json!({"jsonrpc": "2.0", "error": {"code": 403, "message": "Unauthorized"}})
}

fn listed(names: &BTreeSet<String>) -> String {
    if names.is_empty() {
        return "nothing".to_owned();
    }
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, body: &Json) -> Said {
        Said::Refused(Answer { status, headers: Vec::new(), body: body.to_string().into_bytes() })
    }

    #[test]
    fn only_the_proxys_own_refusal_is_a_denial() {
        let body = json!({"jsonrpc": "2.0", "id": 3, "error": {"code": 403, "message": "Unauthorized"}});
        let status = |said: &Said| judge(&Outcome::Denied, said).0;
        assert_eq!(status(&refused(403, &body)), CheckStatus::Pass);
        assert_eq!(status(&refused(401, &body)), CheckStatus::Fail, "another status");
        assert_eq!(status(&refused(403, &json!("host not allowed"))), CheckStatus::Fail, "another guard");
        let mut told = body.clone();
        told["error"]["data"] = json!("forbidden by policy 7");
        assert_eq!(status(&refused(403, &told)), CheckStatus::Fail, "it tells why");
        let mut anonymous = body;
        anonymous.as_object_mut().unwrap().shift_remove("id");
        assert_eq!(status(&refused(403, &anonymous)), CheckStatus::Fail, "no id");
        assert_eq!(status(&Said::Error("no such tool".into())), CheckStatus::Fail);
        assert_eq!(status(&Said::Result(json!({}))), CheckStatus::Fail);
    }

    #[test]
    fn a_list_is_exact() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        let status =
            |expected: &[&str], shown: Json| judge(&Outcome::Shown(names(expected)), &Said::Result(shown)).0;
        assert_eq!(status(&["a", "b"], json!(["b", "a"])), CheckStatus::Pass);
        assert_eq!(status(&[], json!([])), CheckStatus::Pass);
        assert_eq!(status(&["a"], json!(["a", "b"])), CheckStatus::Fail);
        assert_eq!(status(&["a", "b"], json!(["a"])), CheckStatus::Fail);
        assert_eq!(status(&["a"], json!(["a", "a"])), CheckStatus::Fail);
    }
}

//! UI-LOGIN, first half: the browser is sent to the IdP with PKCE, state and nonce.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header::LOCATION},
    response::{IntoResponse, Response},
};
use jiff::{SignedDuration, Timestamp};

use super::{
    Parts, cookie,
    pages::{Problem, no_store},
};
use crate::{
    model::rule::{Rule, Rules},
    reference::answer,
    signin::{Pending, SignIn},
};

pub(super) const PATH: &str = "/sign-in";

/// How long a person may take at the IdP.
const PATIENCE: SignedDuration = SignedDuration::from_mins(10);

/// A sign-in that the IdP has not answered yet.
pub(super) struct Waiting {
    pub(super) pending: Pending,
    since: Timestamp,
}

impl Waiting {
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        let passed = now.duration_since(self.since);
        passed.is_negative() || passed > PATIENCE
    }
}

/// Which rules of the flow are in force: it is the one of every client, whose rules have names of their own there.
pub(super) fn flow_rules(rules: Rules) -> Rules {
    let broken = [
        (Rule::UiLogin, Rule::ClLogin),
        (Rule::UiCallback, Rule::ClLoginCheck),
        (Rule::UiIdToken, Rule::ClIdToken),
    ];
    let broken = broken.into_iter().find(|(own, _)| !rules.hold(*own));
    broken.map_or(Rules::ALL, |(_, of_the_flow)| Rules::without(of_the_flow))
}

/// `GET /sign-in`. A link is enough: it begins nothing but a sign-in, which only this browser can end.
pub(super) async fn begin(State(ui): State<Arc<Parts>>, headers: HeaderMap) -> Response {
    let Some(registration) = &ui.registration else {
        let why =
            "This application has no client secret at the identity provider, so it cannot sign anybody in.";
        return Problem::new("Sign-in is not set up", why)
            .advice("An administrator sets `oidc.clientSecret` in its values.")
            .answer(&ui, StatusCode::SERVICE_UNAVAILABLE);
    };
    let mut chance = ui.chance();
    let id = chance.text();
    let mut flow =
        SignIn { courier: ui.http(), chance: &mut chance, rules: flow_rules(ui.surroundings.rules) };
    let callback = ui.resource.at(&ui.settings.callback_path());
    match flow.begin(registration, &callback).await {
        Ok((url, pending)) => {
            if let Some(before) = cookie::read(&headers, cookie::SIGN_IN) {
                ui.waiting.take(before);
            }
            ui.waiting.insert(&id, Arc::new(Waiting { pending, since: ui.now() }));
            let response = answer::with_header(StatusCode::SEE_OTHER.into_response(), LOCATION, url.as_str());
            no_store(cookie::with(response, &cookie::set(ui.surroundings.rules, cookie::SIGN_IN, &id)))
        }
        Err(error) => Problem::new("The sign-in cannot begin", format!("Because {error}."))
            .advice("Try again in a moment; if it stays so, tell your administrator.")
            .answer(&ui, StatusCode::BAD_GATEWAY),
    }
}

//! The assistant, where the policy shows it. The reference has none behind it: the page stands for its place.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};

use super::{Frame, Problem, page};
use crate::reference::cloud_ui::Parts;

#[derive(Template)]
#[template(path = "assistant.html")]
struct AssistantPage<'a> {
    frame: Frame<'a>,
}

/// `GET /assistant`.
pub(in crate::reference::cloud_ui) async fn show(
    State(ui): State<Arc<Parts>>,
    headers: HeaderMap,
) -> Response {
    let visit = match ui.visit(&headers).await {
        Ok(visit) => visit,
        Err(answer) => return answer,
    };
    if !visit.policy.assistant {
        return Problem::new("The assistant is off", "Your organization’s policy does not show it.")
            .link("Back to the catalogue", ui.at("/servers"))
            .shown_to(&ui, &visit, StatusCode::NOT_FOUND);
    }
    let shown = AssistantPage { frame: ui.frame("Assistant", Some(&visit.person)) };
    page(StatusCode::OK, &shown, &visit)
}

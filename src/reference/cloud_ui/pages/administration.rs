//! What the Registry Server lets a person administer: its sources and registries, to look at. Whoever asks is shown what
//! the Registry Server answers them; the roles decide which links there are, and nothing else.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, StatusCode},
    response::Response,
};

use super::{Frame, Problem, nowhere, page, status};
use crate::{
    model::rule::{Rule, Rules},
    reference::cloud_ui::{Parts, registry::Administered},
};

/// Of each page: the role that is offered it, its label, its path, and the Registry Server's word for it.
const PAGES: [(&str, &str, &str, &str); 2] = [
    ("manageSources", "Sources", "/administration/sources", "sources"),
    ("manageRegistries", "Registries", "/administration/registries", "registries"),
];

#[derive(Template)]
#[template(path = "administration.html")]
struct AdministrationPage<'a> {
    frame: Frame<'a>,
    label: &'a str,
    items: &'a [Administered],
}

/// Label and path of what these roles are offered.
pub(super) fn offered(held: &[String], rules: Rules) -> Vec<(&'static str, &'static str)> {
    let has = |role: &str| {
        held.iter().any(|held| held == role || held == "superAdmin") || !rules.hold(Rule::UiNavigation)
    };
    PAGES.iter().filter(|(role, ..)| has(role)).map(|(_, label, path, _)| (*label, *path)).collect()
}

/// `GET /administration/{what}`.
pub(in crate::reference::cloud_ui) async fn show(
    State(ui): State<Arc<Parts>>,
    what: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Response {
    let what = what.map(|Path(what)| what).unwrap_or_default();
    let Some((_, label, _, what)) = PAGES.iter().find(|(.., known)| *known == what) else {
        return nowhere();
    };
    let visit = match ui.visit(&headers).await {
        Ok(visit) => visit,
        Err(answer) => return answer,
    };
    let items = match ui.registry(&visit.policy, &visit.signed_in.access_token) {
        Ok(registry) => registry.administered(what).await,
        Err(trouble) => Err(trouble),
    };
    let items = match items {
        Ok(items) => items,
        Err(trouble) => {
            return Problem::new("This cannot be shown", trouble.to_string())
                .link("Back to the catalogue", ui.at("/servers"))
                .shown_to(&ui, &visit, status(&trouble));
        }
    };
    let frame = ui.frame(label, Some(&visit.person));
    page(StatusCode::OK, &AdministrationPage { frame, label, items: &items }, &visit)
}

//! The catalogue: the servers that the Registry Server shows this person, with a search and pages.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::Response,
};

use super::{Frame, encoded, page, parameter, status};
use crate::{
    model::rule::Rule,
    reference::cloud_ui::{
        Parts,
        registry::{Server, Servers, Trouble},
    },
};

#[derive(Template)]
#[template(path = "catalogue.html")]
struct CataloguePage<'a> {
    frame: Frame<'a>,
    registries: Vec<Tab<'a>>,
    /// The one that is shown.
    registry: &'a str,
    search: &'a str,
    servers: Vec<Card<'a>>,
    /// The addresses of the whole catalogue, of the first page and of the next one.
    all: String,
    first: String,
    next: Option<String>,
    /// It is not the first page.
    is_later: bool,
    trouble: Option<&'a Trouble>,
}

/// A registry.
struct Tab<'a> {
    name: &'a str,
    href: String,
    is_shown: bool,
}

struct Card<'a> {
    server: &'a Server,
    href: String,
}

/// `GET /servers`.
pub(in crate::reference::cloud_ui) async fn show(
    State(ui): State<Arc<Parts>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let visit = match ui.visit(&headers).await {
        Ok(visit) => visit,
        Err(answer) => return answer,
    };
    let asked = |name| parameter(uri.query(), name);
    let (search, cursor) = (asked("search").unwrap_or_default(), asked("cursor"));
    let mut registries = Vec::new();
    let mut registry = asked("registry").unwrap_or_default();
    let found = async {
        let server = ui.registry(&visit.policy, &visit.signed_in.access_token)?;
        registries = server.names().await?;
        if registry.is_empty() {
            let Some(first) = preferred(&registries) else { return Ok(Servers::default()) };
            registry = first;
        }
        server.servers(&registry, search.trim(), cursor.as_deref()).await
    };
    let found: Result<Servers, Trouble> = match found.await {
        Err(_) if !ui.surroundings.rules.hold(Rule::UiRegistry) => Ok(Servers::default()),
        found => found,
    };
    let (servers, next, trouble) = match &found {
        Ok(Servers { servers, next }) => (servers.as_slice(), next.as_deref(), None),
        Err(trouble) => (&[][..], None, Some(trouble)),
    };
    let base = ui.at("/servers");
    let of = |registry: &str| format!("{base}?registry={}", encoded(registry));
    let all = of(&registry);
    let searched = if search.is_empty() { String::new() } else { format!("&search={}", encoded(&search)) };
    let first = format!("{all}{searched}");
    let tab = |name| Tab { name, href: of(name), is_shown: name == registry };
    let card = |server| Card { href: server_address(&base, server, &registry), server };
    let shown = CataloguePage {
        frame: ui.frame("Catalogue", Some(&visit.person)),
        registries: registries.iter().map(|name| tab(name.as_str())).collect(),
        registry: &registry,
        search: &search,
        servers: servers.iter().map(card).collect(),
        next: next.map(|next| format!("{first}&cursor={}", encoded(next))),
        all,
        first,
        is_later: cursor.is_some(),
        trouble,
    };
    page(trouble.map_or(StatusCode::OK, status), &shown, &visit)
}

fn server_address(base: &str, server: &Server, registry: &str) -> String {
    format!("{base}/{}?registry={}", encoded(&server.name), encoded(registry))
}

/// The registry `default` where there is one, else the first.
fn preferred(registries: &[String]) -> Option<String> {
    let default = registries.iter().find(|name| *name == "default");
    default.or_else(|| registries.first()).cloned()
}

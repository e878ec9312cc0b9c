//! One server of the catalogue.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, StatusCode, Uri},
    response::Response,
};

use super::{Frame, Problem, encoded, page, parameter, status};
use crate::reference::cloud_ui::{
    Parts,
    registry::{Server, Trouble},
};

#[derive(Template)]
#[template(path = "server.html")]
struct ServerPage<'a> {
    frame: Frame<'a>,
    server: &'a Server,
    registry: &'a str,
    /// The way back.
    catalogue: String,
    versions: &'a [String],
}

/// `GET /servers/{server}?registry=…`.
pub(in crate::reference::cloud_ui) async fn show(
    State(ui): State<Arc<Parts>>,
    name: Result<Path<String>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let visit = match ui.visit(&headers).await {
        Ok(visit) => visit,
        Err(answer) => return answer,
    };
    let registry = parameter(uri.query(), "registry").unwrap_or_default();
    let found = async {
        let Path(name) = name.map_err(|_| Trouble::NotFound)?;
        let server = ui.registry(&visit.policy, &visit.signed_in.access_token)?;
        let latest = server.server(&registry, &name).await?;
        // A server without a list of its versions is still one.
        let versions = server.versions(&registry, &name).await.unwrap_or_default();
        Ok::<_, Trouble>((latest, versions))
    };
    let (server, versions) = match found.await {
        Ok(found) => found,
        Err(trouble) => {
            return Problem::new("This server cannot be shown", trouble.to_string())
                .link("Back to the catalogue", ui.at("/servers"))
                .shown_to(&ui, &visit, status(&trouble));
        }
    };
    let shown = ServerPage {
        frame: ui.frame(&server.title, Some(&visit.person)),
        server: &server,
        registry: &registry,
        catalogue: format!("{}?registry={}", ui.at("/servers"), encoded(&registry)),
        versions: &versions,
    };
    page(StatusCode::OK, &shown, &visit)
}

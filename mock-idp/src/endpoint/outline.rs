//! What a request says of itself before an endpoint reads it: for the faults, which may wait for certain requests,
//! and for the journal where a fault answers.

use axum::{body::Bytes, http::request::Parts};

use super::client_authentication;
use crate::{
    journal::{Note, short},
    policy,
    request::{Params, is_form},
};

/// Writes the parameters of the protocol down, whatever the endpoint. What it reads itself takes their place.
pub(super) fn describe(parts: &Parts, body: Option<&Bytes>, note: &mut Note) {
    let query = Params::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let form = body.filter(|_| is_form(&parts.headers)).map(|body| Params::parse(body)).unwrap_or_default();
    let first = |name| form.first(name).or(query.first(name)).map(short);
    let basic = client_authentication::basic(&parts.headers).map(|(id, _)| short(&id));
    note.request = (short(parts.method.as_str()), short(parts.uri.path()));
    note.client_id = basic.or(first("client_id"));
    note.grant_type = first("grant_type");
    note.scopes = first("scope").map(|scope| policy::split(&scope));
    note.resource = first("resource");
    note.redirect_uri = first("redirect_uri");
}

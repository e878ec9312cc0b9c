//! Introspection (RFC 7662) that calls every token active: whoever asks it instead of verifying locally will
//! accept anything, and the journal shows that it asked.

use axum::{http::StatusCode, response::Response};

use crate::{
    journal::{Note, short},
    profile::{Section, template::Vars},
    request::Call,
    response::json,
};

/// Says `active`, whatever the token.
pub(super) fn introspect(call: &Call<'_>, note: &mut Note) -> Response {
    note.client_id = call.form.first("client_id").map(short);
    json(StatusCode::OK, "no-store", &call.profile().render(Section::Introspection, &Vars::default()))
}

//! What requests are made of, read at the edge: segments of a path, JSON bodies, claims in them.

use axum::{
    body::Bytes,
    extract::{
        Path,
        rejection::{BytesRejection, PathRejection},
    },
    http::StatusCode,
};
use serde_json::{Map, Value as Json};

use super::failure::Failure;
use crate::{model::values::registry_server::ClaimMap, token::json};

/// The longest name or version, in bytes.
pub(super) const MAX_NAME: usize = 255;

/// The parameters of a path, percent-decoded: each a name.
pub(super) fn segments<const N: usize>(
    path: Result<Path<[String; N]>, PathRejection>,
) -> Result<[String; N], Failure> {
    let Ok(Path(segments)) = path else {
        return Err(Failure::malformed("a segment of the path is no UTF-8"));
    };
    if segments.iter().all(|segment| is_name(segment)) {
        Ok(segments)
    } else {
        Err(Failure::malformed("a name in the path is empty, too long, or has white space in it"))
    }
}

/// Something that can be a name or a version: a few characters, all of which are seen.
pub(super) fn is_name(text: &str) -> bool {
    let unseen = |c: char| c.is_whitespace() || c.is_control() || spanned_yaml::steers(c);
    (1..=MAX_NAME).contains(&text.len()) && !text.contains(unseen)
}

/// A body that is one JSON object with no members but the known ones, none of them twice.
pub(super) fn object(
    body: Result<Bytes, BytesRejection>,
    known: &[&str],
) -> Result<Map<String, Json>, Failure> {
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Failure::TooLarge,
        _ => Failure::malformed("the request body cannot be read"),
    })?;
    let members = json::object(&body).ok_or_else(|| {
        Failure::malformed("the request body is one JSON object, no member of which comes twice")
    })?;
    if members.keys().all(|name| known.contains(&name.as_str())) {
        Ok(members)
    } else {
        Err(Failure::Malformed(format!("the request body has members other than {}", known.join(", "))))
    }
}

/// The `claims` of a body; null counts as absent.
pub(super) fn claims(members: &mut Map<String, Json>) -> Result<ClaimMap, Failure> {
    match members.remove("claims") {
        None | Some(Json::Null) => Ok(ClaimMap::default()),
        Some(Json::Object(claims)) => {
            ClaimMap::new(claims).map_err(|fault| Failure::Malformed(fault.to_string()))
        }
        Some(_) => Err(Failure::malformed("`claims` is an object")),
    }
}

//! UI-FORGERY: a request that changes something comes from a page of ours: it says so by its `Origin`, and brings the
//! token that our pages of this session have in their forms. Either alone would do in a browser that keeps its rules.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::http::{HeaderMap, header::ORIGIN};

use super::{Parts, session::Session};
use crate::model::rule::Rule;

/// The name of the form's field.
pub(super) const FIELD: &str = "forgery_token";

/// Why a request is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Forgery {
    #[error("The request does not come from a page of this application.")]
    Origin,
    #[error("The form was not made for this session.")]
    Token,
}

impl Parts {
    /// Whether a page of ours sends this. Asked before anything else, also where nobody seems to be signed in: of a
    /// request that another site makes the browser keeps the cookies back, and yet does what the answer says of them.
    pub(super) fn check_origin(&self, headers: &HeaderMap) -> Result<(), Forgery> {
        if !self.surroundings.rules.hold(Rule::UiForgery) {
            return Ok(());
        }
        let mut origins = headers.get_all(ORIGIN).iter();
        match (origins.next(), origins.next()) {
            (Some(origin), None) if origin.as_bytes() == self.resource.origin().as_bytes() => Ok(()),
            _ => Err(Forgery::Origin),
        }
    }

    /// Whether the form was made for the session.
    pub(super) fn check_form(&self, session: &Session, fields: &[(String, String)]) -> Result<(), Forgery> {
        if !self.surroundings.rules.hold(Rule::UiForgery) {
            return Ok(());
        }
        let mut tokens = fields.iter().filter(|(name, _)| name == FIELD).map(|(_, value)| value);
        let (Some(token), None) = (tokens.next(), tokens.next()) else { return Err(Forgery::Token) };
        verify_slices_are_equal(token.as_bytes(), session.forgery_token.as_bytes())
            .map_err(|_| Forgery::Token)
    }
}

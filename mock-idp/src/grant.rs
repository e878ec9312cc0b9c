//! The grants: what turns a token request into an authorization. One file each.

pub(crate) mod authorization_code;
pub(crate) mod client_credentials;
pub(crate) mod device_code;
pub(crate) mod pkce;
pub(crate) mod refresh_token;

use crate::state::Authorization;

/// What a grant comes to.
#[derive(Clone, Debug)]
pub(crate) struct Granted {
    pub(crate) authorization: Authorization,
    pub(crate) refresh_token: Option<String>,
    /// The sign-in that it goes back to; none for a machine.
    pub(crate) family: Option<u64>,
}

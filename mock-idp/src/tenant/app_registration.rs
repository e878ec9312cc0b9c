//! What Entra's app registration says of its tokens and of the accounts that may use it.

/// Of an API, and of the client that it is too.
#[derive(Clone, Debug, Default)]
pub(crate) struct AppRegistration {
    /// The tenant where it was made.
    pub(crate) tenant: String,
    pub(crate) audience: SignInAudience,
    /// 1 or 2; the server's own where absent.
    pub(crate) access_token_version: Option<u64>,
    /// Tokens of applications say that they are: the optional claim `idtyp`.
    pub(crate) tells_type: bool,
    /// Redirect URIs of pages that redeem codes themselves.
    pub(crate) single_page_redirect_uris: Vec<String>,
}

/// Who may sign in: `signInAudience`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum SignInAudience {
    #[default]
    MyOrganization,
    Organizations,
    /// Of any organization, or personal.
    Everyone,
    Personal,
}

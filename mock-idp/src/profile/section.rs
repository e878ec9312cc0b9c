//! The sections of a profile file.

/// What a field belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// Where the endpoints are.
    Paths,
    /// Members of the discovery documents.
    Metadata,
    /// Members of a key in the key set.
    Jwk,
    /// Header of an access token.
    AccessTokenHeader,
    /// Claims of an access token.
    AccessTokenClaims,
    /// Header of an ID token.
    IdTokenHeader,
    /// Claims of an ID token.
    IdTokenClaims,
    /// The token endpoint's answer.
    TokenResponse,
    /// The device authorization endpoint's answer.
    DeviceAuthorizationResponse,
    /// Parameters of the redirect with a code.
    AuthorizationResponse,
    /// Parameters of the redirect with an error.
    AuthorizationError,
    /// The error object of the protocol.
    OauthError,
    /// The error object of everything else.
    ApiError,
    /// The introspection endpoint's answer for an active token.
    Introspection,
    /// The userinfo endpoint's answer.
    Userinfo,
    /// Headers on every answer.
    ResponseHeaders,
    /// Lifetimes and manners.
    Settings,
    /// Words of the protocol's refusals.
    Errors,
    /// Words of all other refusals.
    ApiErrors,
}

impl Section {
    /// All of them, in the order of the files.
    pub const ALL: [Self; 19] = [
        Self::Paths,
        Self::Metadata,
        Self::Jwk,
        Self::AccessTokenHeader,
        Self::AccessTokenClaims,
        Self::IdTokenHeader,
        Self::IdTokenClaims,
        Self::TokenResponse,
        Self::DeviceAuthorizationResponse,
        Self::AuthorizationResponse,
        Self::AuthorizationError,
        Self::OauthError,
        Self::ApiError,
        Self::Introspection,
        Self::Userinfo,
        Self::ResponseHeaders,
        Self::Settings,
        Self::Errors,
        Self::ApiErrors,
    ];

    /// Its fields have no order: a profile that extends another one names those that differ. Of any other section it
    /// has all fields, or none.
    pub(super) fn is_keyed(self) -> bool {
        matches!(self, Self::Paths | Self::Settings | Self::Errors | Self::ApiErrors)
    }

    /// The key in the profile file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Paths => "paths",
            Self::Metadata => "metadata",
            Self::Jwk => "jwk",
            Self::AccessTokenHeader => "access_token_header",
            Self::AccessTokenClaims => "access_token_claims",
            Self::IdTokenHeader => "id_token_header",
            Self::IdTokenClaims => "id_token_claims",
            Self::TokenResponse => "token_response",
            Self::DeviceAuthorizationResponse => "device_authorization_response",
            Self::AuthorizationResponse => "authorization_response",
            Self::AuthorizationError => "authorization_error",
            Self::OauthError => "oauth_error",
            Self::ApiError => "api_error",
            Self::Introspection => "introspection",
            Self::Userinfo => "userinfo",
            Self::ResponseHeaders => "response_headers",
            Self::Settings => "settings",
            Self::Errors => "errors",
            Self::ApiErrors => "api_errors",
        }
    }
}

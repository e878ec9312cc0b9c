//! Why a request is refused: one rule for each reason. How the provider words it is the profile's matter.

/// The words of a refusal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text<'p> {
    /// HTTP status, where the refusal is not a redirect.
    pub(crate) status: u16,
    /// `error`, or Okta's `errorCode`.
    pub(crate) error: &'p str,
    /// Entra's number of the error.
    pub(crate) code: Option<u64>,
    /// Entra: the answer names a page about the error.
    pub(crate) has_uri: bool,
    /// For people.
    pub(crate) description: &'p str,
}

macro_rules! rules {
    ($($(#[$doc:meta])* $rule:ident = $name:literal,)*) => {
        /// A reason to refuse a request.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Rule {
            $($(#[$doc])* $rule,)*
        }

        impl Rule {
            /// All of them.
            #[cfg(test)]
            pub(crate) const ALL: &[Self] = &[$(Self::$rule,)*];

            /// The name in the profile files.
            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Self::$rule => $name,)*
                }
            }
        }
    };
}

rules! {
    /// RFC 6749 §4.1.2.1: never redirected.
    AuthorizeClientUnknown = "authorize_client_unknown",
    /// RFC 6749 §4.1.2.1: never redirected either.
    AuthorizeClientMissing = "authorize_client_missing",
    /// RFC 9700 §4.1.3: never redirected.
    AuthorizeRedirectMismatch = "authorize_redirect_mismatch",
    /// Entra: at `common`, an application that is for its own tenant's accounts.
    ClientOfOneTenant = "client_of_one_tenant",
    /// Entra: the account is of a tenant that may not sign in here.
    UserOfAnotherTenant = "user_of_another_tenant",
    /// Entra: the account's tenant has not got the API.
    ApiOfAnotherTenant = "api_of_another_tenant",
    ResponseTypeMissing = "response_type_missing",
    ResponseTypeUnsupported = "response_type_unsupported",
    ResponseModeUnsupported = "response_mode_unsupported",
    GrantNotAllowed = "grant_not_allowed",
    ScopeUnknown = "scope_unknown",
    ScopeMissing = "scope_missing",
    /// Entra: the scope names an API that is not there.
    ScopeOfUnknownApi = "scope_of_unknown_api",
    /// Entra: scopes of several APIs, or `.default` beside others.
    ScopesMixed = "scopes_mixed",
    ScopeForUsersOnly = "scope_for_users_only",
    PolicyDenied = "policy_denied",
    UserNotAssigned = "user_not_assigned",
    /// Okta: more groups than fit into a claim.
    GroupsTooMany = "groups_too_many",
    /// RFC 7636 §4.4.1.
    PkceRequired = "pkce_required",
    /// RFC 9700 §2.1.1: `plain` is refused.
    PkceMethod = "pkce_method",
    PkceChallengeMalformed = "pkce_challenge_malformed",
    /// RFC 7636 §4.1.
    PkceVerifierMalformed = "pkce_verifier_malformed",
    /// RFC 7636 §4.6.
    PkceVerifierWrong = "pkce_verifier_wrong",
    /// RFC 8707 §2.
    TargetUnknown = "target_unknown",
    LoginRequired = "login_required",
    /// OpenID Connect Core §3.1.2.1: `none` beside others.
    PromptContradictory = "prompt_contradictory",
    PromptUnknown = "prompt_unknown",
    MaxAgeMalformed = "max_age_malformed",
    /// OpenID Connect Core §3.2.2.1: an ID token from the authorization endpoint repeats a nonce.
    NonceRequired = "nonce_required",
    /// RFC 6749 §3.1.
    ParameterRepeated = "parameter_repeated",
    /// What has to be kept is longer than any client needs.
    ParameterTooLong = "parameter_too_long",
    RequestMalformed = "request_malformed",
    /// At the endpoints that answer with the protocol's error object.
    RequestTooLarge = "request_too_large",
    RequestObjectUnsupported = "request_object_unsupported",
    ClientCredentialsMissing = "client_credentials_missing",
    /// Neither a header nor a `client_id`.
    ClientIdMissing = "client_id_missing",
    ClientUnknown = "client_unknown",
    ClientSecretWrong = "client_secret_wrong",
    /// Entra: the right secret, too late.
    ClientSecretExpired = "client_secret_expired",
    ClientAuthenticationWrong = "client_authentication_wrong",
    /// RFC 6749 §2.3.
    ClientAuthenticationTwice = "client_authentication_twice",
    GrantTypeMissing = "grant_type_missing",
    GrantTypeUnsupported = "grant_type_unsupported",
    CodeMissing = "code_missing",
    /// RFC 6749 §4.1.2: unknown, or another client's.
    CodeInvalid = "code_invalid",
    /// RFC 6749 §4.1.2.
    CodeExpired = "code_expired",
    /// RFC 6749 §4.1.2.
    CodeRedeemed = "code_redeemed",
    /// RFC 6749 §4.1.3.
    CodeRedirectMismatch = "code_redirect_mismatch",
    /// Entra: a page redeems a code that was not given to a page.
    CrossOriginRedemption = "cross_origin_redemption",
    /// Entra: a code that was given to a page is redeemed by something else.
    OriginMissing = "origin_missing",
    RefreshTokenMissing = "refresh_token_missing",
    RefreshTokenInvalid = "refresh_token_invalid",
    RefreshTokenExpired = "refresh_token_expired",
    /// RFC 6749 §6.
    RefreshScopeWider = "refresh_scope_wider",
    /// RFC 7662 §2.1, RFC 7009 §2.1: there is no `token`.
    TokenMissing = "token_missing",
    /// RFC 7009 §2.1.
    TokenOfAnotherClient = "token_of_another_client",
    /// RFC 6750 §3: a challenge without an error.
    BearerMissing = "bearer_missing",
    /// RFC 6750 §2: more than one token, or a header that is none.
    BearerMalformed = "bearer_malformed",
    BearerInvalid = "bearer_invalid",
    /// OpenID Connect Core §5.3: without `openid`.
    BearerScopeMissing = "bearer_scope_missing",
    LogoutHintMissing = "logout_hint_missing",
    LogoutHintInvalid = "logout_hint_invalid",
    /// OpenID Connect RP-Initiated Logout §3.
    LogoutRedirectMismatch = "logout_redirect_mismatch",
    DeviceCodeMissing = "device_code_missing",
    /// RFC 8628 §3.5: unknown, used, or another client's.
    DeviceCodeInvalid = "device_code_invalid",
    /// RFC 8628 §3.5.
    DeviceCodeExpired = "device_code_expired",
    /// RFC 8628 §3.5: nobody has signed in yet.
    DevicePending = "device_pending",
    /// RFC 8628 §3.5: asked again before the interval was over.
    DeviceSlowDown = "device_slow_down",
    /// RFC 8628 §3.5: refused on the page.
    DeviceRefused = "device_refused",
    ServerUnknown = "server_unknown",
    PathUnknown = "path_unknown",
    MethodNotAllowed = "method_not_allowed",
    BodyTooLarge = "body_too_large",
    /// RFC 9112 §7.1: a chunk that is none, or a body that ends too soon.
    BodyMalformed = "body_malformed",
    /// RFC 9112 §3.2: no issuer can be made of it.
    HostMalformed = "host_malformed",
    RegistrationForbidden = "registration_forbidden",
    /// RFC 6585 §4: only as a fault.
    RateLimited = "rate_limited",
    NotReproduced = "not_reproduced",
    Internal = "internal",
}

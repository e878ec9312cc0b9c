//! Access tokens that say nothing to whoever has no key for them.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    chance::Purpose,
    provider::Provider,
    tenant::{AccessTokens, Server},
};

/// A random text in the provider's form, or a JWE (RFC 7516 §7.1) under a key that nobody has.
pub(crate) fn token(provider: &Provider, server: &Server, form: AccessTokens) -> String {
    let profile = server.profile;
    let random = |length| provider.state().chance.url_safe(Purpose::OpaqueToken, length);
    if form == AccessTokens::Jwe {
        let header = provider.server_vars(server).expand(profile.setting("jwe_header")).unwrap_or_default();
        let header = URL_SAFE_NO_PAD.encode(header.to_string());
        // No encrypted key, 12 bytes of vector, the text, 16 bytes of tag, of whose last letter two bits count.
        return format!("{header}..{}.{}.{}A", random(16), random(320), random(21));
    }
    // Without a prefix it has no dot, so that nobody takes it for a JWT.
    let prefix = profile.setting("opaque_prefix").as_str().unwrap_or_default();
    let length = usize::try_from(profile.seconds("opaque_length")).unwrap_or_default();
    format!("{prefix}{}", random(if length == 0 { 43 } else { length }))
}

//! CL-BOOTSTRAP: where the client learns which platform it belongs to.

use std::fmt;

use url::Url;

use crate::model::{
    resource_url::ResourceUrl,
    rule::{Rule, Rules},
};

/// The platform's URL: https, without a final slash. It is the resource that the Enterprise Manager must name, and the
/// issuer of its envelopes, character for character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformUrl(ResourceUrl);

/// Why there is no platform URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BootstrapError {
    /// Neither the managed preference nor the environment has one.
    #[error("no platform URL: set the managed preference or `STACKLOK_PLATFORM_URL`")]
    Absent,
    /// It would never equal the resource that the Manager names.
    #[error("the platform URL `{0}` ends with a slash: leave it out")]
    TrailingSlash(String),
    /// Not absolute, not https, no host, or with credentials, a query or a fragment.
    #[error("the platform URL `{0}` is no https URL of a platform, as in `https://config.example.com`")]
    NotHttps(String),
}

/// The platform's URL: from the managed preference if there is one, else from `STACKLOK_PLATFORM_URL`, whose value
/// is handed in. An empty one counts as absent; one that is wrong is an error, never skipped.
///
/// # Errors
/// See [`BootstrapError`].
pub fn bootstrap(
    managed: Option<&str>,
    environment: Option<&str>,
    rules: Rules,
) -> Result<PlatformUrl, BootstrapError> {
    let (managed, environment) =
        (managed.filter(|url| !url.is_empty()), environment.filter(|url| !url.is_empty()));
    // CL-BOOTSTRAP: what an administrator set wins over what a user can set.
    let written =
        if rules.hold(Rule::ClBootstrap) { managed.or(environment) } else { environment.or(managed) };
    PlatformUrl::parse(written.ok_or(BootstrapError::Absent)?)
}

impl PlatformUrl {
    fn parse(written: &str) -> Result<Self, BootstrapError> {
        let not_https = || BootstrapError::NotHttps(without_credentials(written));
        let url = Url::parse(written).map_err(|_| not_https())?;
        let plain = url.username().is_empty() && url.password().is_none();
        let bare = url.query().is_none() && url.fragment().is_none();
        // The parser would repair these, and the URL would never equal the resource.
        let repaired = |c: char| c.is_whitespace() || c.is_control() || c == '\\';
        if url.scheme() != "https" || !url.has_host() || !plain || !bare || written.contains(repaired) {
            return Err(not_https());
        }
        if written.ends_with('/') {
            return Err(BootstrapError::TrailingSlash(written.to_owned()));
        }
        ResourceUrl::parse(written).map(Self).map_err(|_| not_https())
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The resource whose metadata is followed (RFC 9728).
    pub(super) fn resource(&self) -> &ResourceUrl {
        &self.0
    }
}

impl fmt::Display for PlatformUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A URL for an error message: a password in it is nobody's business.
fn without_credentials(written: &str) -> String {
    match written.rsplit_once('@') {
        Some((_, rest)) => format!("…@{rest}"),
        None => written.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANAGED: &str = "https://config.example.com";
    const ENVIRONMENT: &str = "https://platform.example.com:8443/em";

    fn url(managed: Option<&str>, environment: Option<&str>, rules: Rules) -> Result<String, BootstrapError> {
        bootstrap(managed, environment, rules).map(|url| url.to_string())
    }

    #[test]
    fn the_managed_preference_comes_first() {
        let broken = Rules::without(Rule::ClBootstrap);
        for (managed, environment, held, under_sabotage) in [
            (Some(MANAGED), Some(ENVIRONMENT), MANAGED, ENVIRONMENT),
            (Some(MANAGED), None, MANAGED, MANAGED),
            (None, Some(ENVIRONMENT), ENVIRONMENT, ENVIRONMENT),
            (Some(""), Some(ENVIRONMENT), ENVIRONMENT, ENVIRONMENT),
        ] {
            assert_eq!(url(managed, environment, Rules::ALL).as_deref(), Ok(held));
            assert_eq!(url(managed, environment, broken).as_deref(), Ok(under_sabotage));
        }
    }

    #[test]
    fn what_is_no_platform_url_is_refused_and_not_skipped() {
        assert_eq!(url(None, None, Rules::ALL), Err(BootstrapError::Absent));
        for slash in ["https://config.example.com/", "https://config.example.com/em/"] {
            let refused = url(Some(slash), Some(ENVIRONMENT), Rules::ALL);
            assert_eq!(refused, Err(BootstrapError::TrailingSlash(slash.into())));
        }
        for bad in [
            "http://config.example.com",
            "config.example.com",
            "https://",
            "https://config.example.com?x=1",
            "https://config.example.com#x",
            " https://config.example.com",
            "https://config.example.com\\em",
            "https://config.example.com\n",
            "ftp://config.example.com",
        ] {
            let refused = url(Some(bad), Some(ENVIRONMENT), Rules::ALL);
            assert_eq!(refused, Err(BootstrapError::NotHttps(bad.into())), "{bad}");
        }
        let secret = url(Some("https://ann:s3cret@config.example.com"), None, Rules::ALL).unwrap_err();
        assert!(!secret.to_string().contains("s3cret"), "{secret}");
        assert!(url(Some("https://config.example.com:443"), None, Rules::ALL).is_ok());
    }
}

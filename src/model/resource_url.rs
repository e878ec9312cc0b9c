//! The public URL of a protected resource: its own identifier (RFC 9728 §1.2), and where everything below it is.

use url::Url;

/// A resource's URL, taken as it was written and known to be one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceUrl {
    written: String,
    url: Url,
}

impl ResourceUrl {
    /// Takes an absolute URL.
    pub fn parse(text: &str) -> Result<Self, url::ParseError> {
        Ok(Self { written: text.to_owned(), url: Url::parse(text)? })
    }

    /// As it was written: what `resource` and `iss` say, character for character.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// The host, for certificates and name overrides.
    #[must_use]
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// The path without a final slash: empty for a bare host.
    #[must_use]
    pub fn path(&self) -> &str {
        self.url.path().trim_end_matches('/')
    }

    /// The URL of something below the resource: `at("/healthz")`.
    #[must_use]
    pub fn at(&self, path: &str) -> String {
        format!("{}{}{path}", self.origin(), self.path())
    }

    /// The path of the resource's metadata: the well-known name with the resource's path after it. Only the slash right
    /// behind the host is left out; another final slash is part of the resource's name (RFC 9728 §3.1).
    #[must_use]
    pub fn metadata_path(&self) -> String {
        let path = self.url.path();
        format!("/.well-known/oauth-protected-resource{}", if path == "/" { "" } else { path })
    }

    /// The URL of the resource's metadata.
    #[must_use]
    pub fn metadata_url(&self) -> String {
        format!("{}{}", self.origin(), self.metadata_path())
    }

    /// Scheme, host and port (RFC 6454 §6.2), as a browser's `Origin` has them.
    #[must_use]
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }
}

#[cfg(test)]
mod tests {
    use super::ResourceUrl;

    #[test]
    fn a_bare_host_and_a_path() {
        let bare = ResourceUrl::parse("https://config.example.com/").unwrap();
        assert_eq!(bare.as_str(), "https://config.example.com/");
        assert_eq!(bare.at("/healthz"), "https://config.example.com/healthz");
        assert_eq!(bare.metadata_url(), "https://config.example.com/.well-known/oauth-protected-resource");
        let below = ResourceUrl::parse("https://platform.example.com:8443/em").unwrap();
        assert_eq!(below.at("/healthz"), "https://platform.example.com:8443/em/healthz");
        assert_eq!(
            below.metadata_url(),
            "https://platform.example.com:8443/.well-known/oauth-protected-resource/em"
        );
        let slash = ResourceUrl::parse("https://platform.example.com/em/").unwrap();
        assert_eq!(slash.at("/healthz"), "https://platform.example.com/em/healthz");
        assert_eq!(
            slash.metadata_url(),
            "https://platform.example.com/.well-known/oauth-protected-resource/em/"
        );
    }
}

//! A tenant's issuers at an address of their own, for clients that cannot be told where the vendor's host is.

use url::Url;

use super::{Server, Tenant};

/// Why a tenant's issuers cannot live there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// RFC 8414 §2: an issuer is an https address without query and fragment; its path stays its own.
    #[error("`{0}` is no address for issuers: it is written like `https://localhost:8443`, without a path")]
    NotAnOrigin(String),
    /// Two servers that only their hosts tell apart.
    #[error(
        "`{first}` and `{second}` would both be `{issuer}`: only their hosts tell them apart, so they cannot \
         share one"
    )]
    SameIssuer {
        /// The issuer of one.
        first: String,
        /// The issuer of the other.
        second: String,
        /// What both would be called.
        issuer: String,
    },
}

impl Tenant {
    /// The tenant with its issuers at `origin`, as in `https://localhost:8443`, in place of the vendor's host. Their
    /// paths stay, and all else that does not name the host.
    pub fn at(mut self, origin: &str) -> Result<Self, AddressError> {
        let origin = parsed(origin)?;
        let mut moved: Vec<(String, String)> = Vec::new();
        let before: Vec<_> = self.servers.iter().map(|server| server.origin.clone()).collect();
        for client in &mut self.clients {
            if let Some(audience) = &mut client.audience {
                move_text(audience, &before, &origin);
            }
        }
        for server in &mut self.servers {
            let before = server.issuer.clone();
            server.move_to(&origin);
            // Texts with a gap in them are no issuers: several servers may show the same.
            if server.is_template() {
                continue;
            }
            let taken = moved
                .iter()
                .find(|(_, issuer)| issuer.trim_end_matches('/') == server.issuer.trim_end_matches('/'));
            if let Some((first, issuer)) = taken {
                let (first, issuer) = (first.clone(), issuer.clone());
                return Err(AddressError::SameIssuer { first, second: before, issuer });
            }
            moved.push((before, server.issuer.clone()));
        }
        Ok(self)
    }
}

impl Server {
    fn move_to(&mut self, origin: &str) {
        let moved = format!("{origin}{}", after_host(&self.issuer));
        // Okta's org authorization server is its own API: it names the organization.
        for api in &mut self.apis {
            if api.audience == self.issuer {
                api.audience.clone_from(&moved);
            }
            move_text(&mut api.audience, std::slice::from_ref(&self.origin), origin);
        }
        for mapper in &mut self.format.audience_mappers {
            move_text(&mut mapper.audience, std::slice::from_ref(&self.origin), origin);
        }
        self.issuer = moved;
        self.moved = true;
        origin.clone_into(&mut self.origin);
    }
}

/// An address at one of the origins, as Auth0 calls its own APIs, is one at the new origin.
fn move_text(text: &mut String, before: &[String], origin: &str) {
    let rest = before.iter().find_map(|before| text.strip_prefix(before.as_str()));
    if let Some(path) = rest.filter(|rest| rest.starts_with('/')) {
        *text = format!("{origin}{path}");
    }
}

/// Scheme, host and port as clients write them.
fn parsed(text: &str) -> Result<String, AddressError> {
    let url = Url::parse(text).ok().filter(|url| {
        url.scheme() == "https"
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
    });
    url.map(|url| url.origin().ascii_serialization())
        .ok_or_else(|| AddressError::NotAnOrigin(text.to_owned()))
}

/// The path of an address, character for character.
fn after_host(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    rest.find('/').and_then(|slash| rest.get(slash..)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use spanned_yaml::Source;

    use super::*;
    use crate::tenants::SHIPPED;

    fn shipped(name: &str) -> Tenant {
        let (name, text) = SHIPPED.iter().find(|(known, _)| *known == name).unwrap();
        Tenant::parse(&Source::new(name, text)).unwrap().0
    }

    #[test]
    fn every_shipped_tenant_can_move_and_keeps_its_paths() {
        for (name, _) in SHIPPED {
            let before = shipped(name);
            let after = before.clone().at("https://LOCALHOST:8443/").unwrap();
            assert_eq!(after.hosts(), ["localhost"], "{name}");
            for (before, after) in before.servers.iter().zip(&after.servers) {
                assert_eq!(after.issuer, format!("https://localhost:8443{}", after_host(&before.issuer)));
                assert_eq!((&after.origin[..], &after.path), ("https://localhost:8443", &before.path));
                let stale = |audience: &String| {
                    *audience == before.issuer || audience.starts_with(&format!("{}/", before.origin))
                };
                assert!(!after.apis.iter().any(|api| stale(&api.audience)), "{name}");
                let mappers = &after.format.audience_mappers;
                assert!(!mappers.iter().any(|mapper| stale(&mapper.audience)), "{name}");
            }
        }
    }

    #[test]
    fn an_issuer_is_kept_to_its_last_character() {
        assert_eq!(after_host("https://example.com"), "");
        assert_eq!(after_host("https://example.com/"), "/");
        assert_eq!(after_host("https://example.com:1/a/"), "/a/");
    }

    #[test]
    fn servers_that_only_their_hosts_tell_apart_cannot_share_one() {
        let mut tenant = shipped("generic");
        let mut other = tenant.servers[0].clone();
        other.issuer = "https://other.example/".to_owned();
        tenant.servers.push(other);
        let error = tenant.at("https://localhost:1").unwrap_err();
        assert_eq!(
            error.to_string(),
            "`https://idp.example.com` and `https://other.example/` would both be `https://localhost:1`: only \
             their hosts tell them apart, so they cannot share one"
        );
    }

    #[test]
    fn an_origin_has_no_path() {
        for wrong in
            ["localhost:8443", "http://localhost", "https://localhost/idp", "https://a@b", "https://a?"]
        {
            assert_eq!(
                shipped("generic").at(wrong).unwrap_err(),
                AddressError::NotAnOrigin(wrong.to_owned())
            );
        }
    }
}

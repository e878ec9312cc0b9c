//! The one constructor of HTTP clients: explicit trust, name overrides, no redirects, limits.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use rustls::pki_types::CertificateDer;

/// A pooled HTTP client. Cheap to clone.
pub type Client = reqwest::Client;

/// Which host name lives at which address, so that an issuer such as `https://acme.okta.com` is served on
/// loopback. A URL without a port takes the port of the address.
pub type Names = BTreeMap<String, SocketAddr>;

/// Knows no name: what is not overridden is not looked up, so that no request of a case leaves the machine.
#[derive(Debug)]
struct NoOtherNames;

impl reqwest::dns::Resolve for NoOtherNames {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let error = format!("nobody on this platform is called `{}`", name.as_str());
        Box::pin(std::future::ready(Err(error.into())))
    }
}

/// A client that trusts `authorities` and nothing else, knows `names` and no others, follows no redirect, ignores
/// proxy settings of the environment and gives up after `timeout` (connect, headers and body together).
///
/// # Errors
/// A certificate that is none.
pub fn build_client(
    authorities: &[CertificateDer<'_>],
    names: &Names,
    timeout: Duration,
) -> Result<Client, reqwest::Error> {
    let builder = builder(authorities, timeout)?.dns_resolver(NoOtherNames);
    names.iter().fold(builder, |builder, (host, address)| builder.resolve(host, *address)).build()
}

/// The same for a component in a network of its own, whose resolver knows the names.
///
/// # Errors
/// A certificate that is none.
pub fn build_networked_client(
    authority: &CertificateDer<'_>,
    timeout: Duration,
) -> Result<Client, reqwest::Error> {
    builder(std::slice::from_ref(authority), timeout)?.build()
}

#[expect(clippy::disallowed_methods, reason = "this is the one constructor")]
fn builder(
    authorities: &[CertificateDer<'_>],
    timeout: Duration,
) -> Result<reqwest::ClientBuilder, reqwest::Error> {
    let roots =
        authorities.iter().map(|der| reqwest::Certificate::from_der(der)).collect::<Result<Vec<_>, _>>()?;
    Ok(reqwest::Client::builder()
        .tls_certs_only(roots)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        // Before servers end it: a request on its way then would have no answer.
        .pool_idle_timeout(Duration::from_secs(20))
        .user_agent(concat!("touchstone/", env!("CARGO_PKG_VERSION")))
        .timeout(timeout))
}

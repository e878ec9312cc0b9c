//! CL-ENFORCED: whether a server is a member of the registry. What cannot be established counts as outside.

use serde_json::Value as Json;
use url::Url;

use crate::net::courier::{Courier, Request};

/// Where a server stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Membership {
    /// In the registry.
    Member,
    /// Not in it, or nobody can say; and why.
    Outside(String),
}

/// Asks the registry with this API, if there is one. No token goes there: the registry's audience is another.
pub(super) async fn membership(courier: &dyn Courier, api_url: Option<&str>, server: &str) -> Membership {
    let Some(api_url) = api_url else {
        return Membership::Outside("there is no registry that it could be in".into());
    };
    let Some(url) = latest_version(api_url, server) else {
        return Membership::Outside(format!("no registry can have a server `{server}`"));
    };
    match courier.send(Request::get(url)).await {
        // A login page is a 200 too: who says that a server is in the registry names it.
        Ok(answer) if answer.status == 200 => {
            let entry: Option<Json> = serde_json::from_str(&answer.text()).ok();
            let name = entry.as_ref().and_then(|entry| entry.pointer("/server/name")?.as_str());
            if name == Some(server) {
                Membership::Member
            } else {
                Membership::Outside("the registry answered 200 with something other than the server".into())
            }
        }
        Ok(answer) => Membership::Outside(format!("the registry answered {}", answer.status)),
        Err(error) => Membership::Outside(format!("the registry cannot be asked: {error}")),
    }
}

/// `{api_url}/v0.1/servers/{name}/versions/latest`, the name as one segment of the path.
fn latest_version(api_url: &str, server: &str) -> Option<Url> {
    // These would be segments that lead elsewhere (RFC 3986 §5.2.4).
    if ["", ".", ".."].contains(&server) {
        return None;
    }
    let mut url = Url::parse(api_url).ok()?;
    url.path_segments_mut().ok()?.pop_if_empty().extend(["v0.1", "servers", server, "versions", "latest"]);
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        client::fixture::{Scripted, answer},
        net::courier::SendError,
    };

    #[test]
    fn a_name_is_one_segment() {
        for (api, server, expected) in [
            ("https://r.test", "github", "https://r.test/v0.1/servers/github/versions/latest"),
            ("https://r.test/", "github", "https://r.test/v0.1/servers/github/versions/latest"),
            (
                "https://r.test/registry/main/",
                "io.github.stacklok/toolhive",
                "https://r.test/registry/main/v0.1/servers/io.github.stacklok%2Ftoolhive/versions/latest",
            ),
            ("https://r.test", "a?b#c %2e", "https://r.test/v0.1/servers/a%3Fb%23c%20%252e/versions/latest"),
            ("https://r.test", "../x", "https://r.test/v0.1/servers/..%2Fx/versions/latest"),
        ] {
            assert_eq!(latest_version(api, server).map(String::from).as_deref(), Some(expected));
        }
        for (api, server) in [
            ("https://r.test", ""),
            ("https://r.test", "."),
            ("https://r.test", ".."),
            ("own", "x"),
            ("data:x", "x"),
        ] {
            assert_eq!(latest_version(api, server), None, "{api} {server}");
        }
    }

    #[tokio::test]
    async fn only_a_200_makes_a_member() {
        for status in [200, 204, 302, 401, 403, 404, 429, 500] {
            let courier = Scripted::new(move |request| {
                assert!(request.headers.is_empty(), "no token");
                Ok(answer(status, r#"{"server":{"name":"github"}}"#))
            });
            let found = membership(&courier, Some("https://r.test"), "github").await;
            assert_eq!(found == Membership::Member, status == 200, "{status}");
        }
        for body in ["", "<html>Sign in</html>", "{}", r#"{"server":{"name":"fetch"}}"#] {
            let courier = Scripted::new(move |_| Ok(answer(200, body)));
            let found = membership(&courier, Some("https://r.test"), "github").await;
            assert_ne!(found, Membership::Member, "{body}");
        }
        let silent = Scripted::new(|request| {
            Err(SendError::NoAnswer { url: request.url.clone(), cause: "timed out".into() })
        });
        assert_ne!(membership(&silent, Some("https://r.test"), "github").await, Membership::Member);
        assert_ne!(membership(&silent, None, "github").await, Membership::Member);
        assert_ne!(membership(&silent, Some("https://r.test"), "..").await, Membership::Member);
    }
}

//! Checks that the tenant files of all profiles share: names that must be known, unique ids, URLs, durations.

use spanned_yaml::{Diagnostics, Fields, Node, Span, closest};
use url::{Host, Url};

use super::Grant;
use crate::duration;

/// Owned strings of a list.
pub(super) fn texts(
    fields: &mut Fields<'_>,
    key: &'static str,
    diagnostics: &mut Diagnostics,
) -> Vec<String> {
    fields.texts(key, diagnostics).into_iter().map(str::to_owned).collect()
}

/// A list of names, each of which must be known as `what`. Unknown ones are reported and left out.
pub(super) fn references(
    fields: &mut Fields<'_>,
    key: &'static str,
    what: &str,
    known: &[String],
    diagnostics: &mut Diagnostics,
) -> Vec<String> {
    let nodes = fields.list(key, diagnostics);
    nodes.iter().filter_map(|node| reference(node, what, known, diagnostics)).collect()
}

/// A name that must be known as `what`.
pub(super) fn reference(
    node: &Node,
    what: &str,
    known: &[String],
    diagnostics: &mut Diagnostics,
) -> Option<String> {
    let Some(text) = node.as_text() else {
        diagnostics.expected(node, &format!("the name of {what}"));
        return None;
    };
    if known.iter().any(|name| name == text) {
        return Some(text.to_owned());
    }
    let error = diagnostics.error(node.span, format!("`{text}` is not {what}"));
    match closest(text, known.iter().map(String::as_str)) {
        Some(name) => error.help(format!("did you mean `{name}`?")),
        None if known.is_empty() => error.help("there are none"),
        None => error.help(format!("there are {}", quoted(known))),
    };
    None
}

/// Names in backticks, with commas.
pub(super) fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Names in order of appearance; a second one of a name is reported.
#[derive(Debug, Default)]
pub(super) struct Names {
    list: Vec<String>,
    spans: Vec<Span>,
}

impl Names {
    /// Takes a name that must be new.
    pub(super) fn take(&mut self, what: &str, name: &str, node: &Node, diagnostics: &mut Diagnostics) {
        if let Some(first) =
            self.list.iter().position(|known| known == name).and_then(|at| self.spans.get(at))
        {
            let line = diagnostics.source().position(*first).0;
            diagnostics
                .error(node.span, format!("a second {what} `{name}`"))
                .help(format!("the first is in line {line}"));
            return;
        }
        self.list.push(name.to_owned());
        self.spans.push(node.span);
    }

    pub(super) fn list(&self) -> &[String] {
        &self.list
    }
}

/// A text that must be there, must not be empty and must be new among `names`.
pub(super) fn unique(
    fields: &mut Fields<'_>,
    key: &'static str,
    what: &str,
    names: &mut Names,
    diagnostics: &mut Diagnostics,
) -> Option<String> {
    let text = fields.required_text(key, diagnostics)?;
    if let Some(node) = fields.optional(key) {
        names.take(what, text, node, diagnostics);
    }
    Some(text.to_owned())
}

/// Redirect URIs: absolute, without fragment, https except on loopback or in a scheme of the app's own
/// (RFC 6749 §3.1.2, RFC 9700 §2.6, RFC 8252 §7).
pub(super) fn redirect_uris(
    fields: &mut Fields<'_>,
    key: &'static str,
    diagnostics: &mut Diagnostics,
) -> Vec<String> {
    let mut uris = Vec::new();
    for node in fields.list(key, diagnostics) {
        let Some(text) = node.as_text() else {
            diagnostics.expected(node, "a URI");
            continue;
        };
        match Url::parse(text) {
            Err(error) => {
                diagnostics.error(node.span, format!("`{text}` is no redirect URI: {error}"));
            }
            Ok(url) if url.fragment().is_some() => {
                diagnostics
                    .error(node.span, format!("`{text}` has a fragment"))
                    .help("remove the part after `#`");
            }
            Ok(url)
                if url.scheme() == "http" && !is_loopback(&url) && url.host_str() != Some("localhost") =>
            {
                diagnostics
                    .error(node.span, format!("`{text}` is not protected"))
                    .help("use https; http is for `http://127.0.0.1/…` only");
            }
            Ok(_) => uris.push(text.to_owned()),
        }
    }
    uris
}

/// The host is an IP address of this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    }
}

/// Grant types, by the words of the console or of the protocol.
pub(super) fn grants(
    fields: &mut Fields<'_>,
    key: &'static str,
    default: &[Grant],
    diagnostics: &mut Diagnostics,
) -> Vec<Grant> {
    const WORDS: [(&str, Grant); 9] = [
        ("Authorization Code", Grant::AuthorizationCode),
        ("Client Credentials", Grant::ClientCredentials),
        ("Refresh Token", Grant::RefreshToken),
        ("Device Authorization", Grant::DeviceCode),
        ("Implicit (hybrid)", Grant::Implicit),
        ("authorization_code", Grant::AuthorizationCode),
        ("client_credentials", Grant::ClientCredentials),
        ("refresh_token", Grant::RefreshToken),
        ("urn:ietf:params:oauth:grant-type:device_code", Grant::DeviceCode),
    ];
    if fields.optional(key).is_none() {
        return default.to_vec();
    }
    let mut grants = Vec::new();
    for node in fields.list(key, diagnostics) {
        let text = node.as_text().unwrap_or_default();
        if let Some((_, grant)) = WORDS.iter().find(|(word, _)| *word == text) {
            grants.push(*grant);
            continue;
        }
        let error = diagnostics.error(node.span, format!("`{text}` is no grant type of the mock"));
        match closest(text, WORDS.iter().map(|(word, _)| *word)) {
            Some(word) => error.help(format!("did you mean `{word}`?")),
            None => error.help("there are `Authorization Code`, `Client Credentials`, `Device Authorization`, `Implicit (hybrid)`, `Refresh Token`"),
        };
    }
    grants
}

/// A DNS name, without scheme, port and path.
pub(super) fn host(
    fields: &mut Fields<'_>,
    key: &'static str,
    example: &str,
    diagnostics: &mut Diagnostics,
) -> Option<String> {
    let text = fields.required_text(key, diagnostics)?;
    let node = fields.optional(key)?;
    let is_host = Url::parse(&format!("https://{text}/")).is_ok_and(|url| url.host_str() == Some(text));
    if !is_host || !text.contains('.') {
        diagnostics.error(node.span, format!("`{text}` is no {key}")).help(format!("as in `{example}`"));
        return None;
    }
    Some(text.to_owned())
}

/// One segment of a path: what a URL does not need to encode.
pub(super) fn segment(
    fields: &mut Fields<'_>,
    key: &'static str,
    diagnostics: &mut Diagnostics,
) -> Option<String> {
    let text = fields.required_text(key, diagnostics)?;
    let node = fields.optional(key)?;
    if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)) {
        diagnostics
            .error(node.span, format!("`{text}` is no {key}"))
            .help("letters, digits, `-`, `.`, `_` and `~`: it stands in the issuer");
        return None;
    }
    Some(text.to_owned())
}

/// Words out of a closed set, each with its meaning.
pub(super) fn choices<T: Copy>(
    fields: &mut Fields<'_>,
    key: &'static str,
    what: &str,
    words: &[(&'static str, T)],
    diagnostics: &mut Diagnostics,
) -> Vec<T> {
    let names: Vec<_> = words.iter().map(|(word, _)| (*word).to_owned()).collect();
    let found = references(fields, key, what, &names, diagnostics);
    let meaning = |name: &String| words.iter().find(|(word, _)| word == name).map(|(_, meaning)| *meaning);
    found.iter().filter_map(meaning).collect()
}

/// A switch of a console; off where it is not given.
pub(super) fn yes(fields: &mut Fields<'_>, key: &'static str, diagnostics: &mut Diagnostics) -> bool {
    const WORDS: [(&str, bool); 4] = [("Yes", true), ("No", false), ("true", true), ("false", false)];
    fields.choice(key, &WORDS, diagnostics).unwrap_or(false)
}

/// A duration such as `1h`, in whole seconds, within limits.
pub(super) fn seconds(
    fields: &mut Fields<'_>,
    key: &'static str,
    limits: std::ops::RangeInclusive<i64>,
    diagnostics: &mut Diagnostics,
) -> Option<i64> {
    let node = fields.optional(key)?;
    let text = node.as_text().unwrap_or_default();
    let Some(duration) = duration::parse(text) else {
        diagnostics.error(node.span, format!("`{text}` is no duration")).help("write `1h`, `30m` or `90s`");
        return None;
    };
    if !limits.contains(&duration.as_secs()) {
        diagnostics.error(node.span, format!("`{text}` is out of range")).help(format!(
            "from {}s to {}h",
            limits.start(),
            limits.end() / 3_600
        ));
        return None;
    }
    Some(duration.as_secs())
}

/// A scope's name has no white space, quote or backslash (RFC 6749 §3.3).
pub(super) fn scope_name(name: &str, node: &Node, diagnostics: &mut Diagnostics) {
    if !name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\') {
        diagnostics
            .error(node.span, format!("`{name}` is no scope name"))
            .help("printable ASCII without blanks, quotes and backslashes (RFC 6749 §3.3)");
    }
}

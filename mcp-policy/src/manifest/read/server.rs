//! `MCPServer`, `MCPRemoteProxy` and `MCPOIDCConfig`, of which only whose tokens they take is of interest here.

use spanned_yaml::{Entry, Node, Span, closest};

use super::{
    fields::Fields,
    walk::{Size, Walk},
};
use crate::manifest::OidcConfigRef;

/// `spec.oidcConfigRef`. The spec may be absent: so may be everything in it.
pub(super) fn read(spec: Option<&Node>, at: Span, walk: &mut Walk<'_>) -> Option<OidcConfigRef> {
    let Some(spec) = spec else { return takes_nobody(at, None, walk) };
    let mut server = Fields::new(spec, "the spec of a server", walk)?;
    let Some(node) = server.optional("oidcConfigRef") else {
        let entries = spec.as_mapping().unwrap_or_default();
        let near =
            |entry: &&Entry| entry.key != "oidcConfigRef" && closest(&entry.key, ["oidcConfigRef"]).is_some();
        let slip = entries.iter().find(near);
        let at = slip.or(entries.first()).map_or(spec.span, |entry| entry.key_span);
        server.ignore_others(walk);
        return takes_nobody(at, slip, walk);
    };
    server.ignore_others(walk);
    let mut reference = Fields::new(node, "`oidcConfigRef`", walk)?;
    let (name, audience) = (reference.required("name"), reference.required("audience"));
    reference.ignore_others(walk);
    let name = name
        .and_then(|node| walk.string(node, "`name`", Size::NOT_EMPTY).map(|name| walk.written(node, name)));
    // One of blanks is the compiler's to refuse.
    let audience = audience.and_then(|node| walk.string(node, "`audience`", Size::NOT_EMPTY));
    Some(OidcConfigRef { name: name?, audience: audience?.to_owned() })
}

fn takes_nobody(at: Span, slip: Option<&Entry>, walk: &mut Walk<'_>) -> Option<OidcConfigRef> {
    let found = walk.warning(at, "this server has no `oidcConfigRef`: it takes nobody's tokens");
    match slip {
        Some(slip) => found.help(format!("`{}` is not read, did you mean `oidcConfigRef`?", slip.key)),
        None => found.help("it would refuse every request: `oidcConfigRef: {name: …, audience: …}`"),
    };
    None
}

/// `spec.inline.issuer`. `None` also where tokens of the cluster's own accounts are meant.
pub(super) fn issuer(spec: &Node, walk: &mut Walk<'_>) -> Option<String> {
    let mut config = Fields::new(spec, "the spec of an MCPOIDCConfig", walk)?;
    let (kind, inline) = (config.required("type"), config.optional("inline"));
    let kinds = [("inline", true), ("kubernetesServiceAccount", false)];
    if let Some(kind) = kind
        && !walk.choice(kind, "type of MCPOIDCConfig", &kinds)?
    {
        walk.warning(kind.span, "accounts of the cluster are not known here")
            .help("no server can refer to this: only `type: inline` is read");
        config.ignore_others(walk);
        return None;
    }
    config.required("inline");
    config.ignore_others(walk);
    let mut inline = Fields::new(inline?, "`inline`", walk)?;
    let issuer = inline.required("issuer");
    inline.ignore_others(walk);
    let issuer = issuer?;
    let text = walk.string(issuer, "`issuer`", Size::NOT_EMPTY)?;
    if text.trim().is_empty() {
        walk.error(issuer.span, "`issuer` is empty");
        return None;
    }
    Some(text.to_owned())
}

//! The tenant file of a generic OpenID provider, in plain words.

use serde_json::Map;
use spanned_yaml::{Diagnostics, Fields, Node};
use url::Url;

use super::{
    Api, AudienceMapper, Claim, ClaimForm, ClaimValue, Client, Form, Format, Grant, Implicit, Scope, Server,
    Tenant, User,
    reading::{Names, grants, redirect_uris, reference, references, scope_name, seconds, texts, unique, yes},
};
use crate::{keys::Algorithm, profile::Profile, secret::Secret};

/// Of access tokens, in seconds.
const LIFETIMES: std::ops::RangeInclusive<i64> = 1..=31_536_000;

pub(super) fn read(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Option<Tenant> {
    const PRESENCE: [(&str, bool); 2] = [("present", false), ("absent", true)];
    let format = Format {
        hides_key_algorithm: fields.choice("jwk_alg", &PRESENCE, diagnostics).unwrap_or_default(),
        ..format(fields.optional("access_token"), diagnostics)
    };
    provider(Profile::generic(), format, fields, diagnostics)
}

/// A provider that follows RFC 9068 to the letter: of its access tokens only the lifetime is the tenant's.
pub(super) fn rfc9068(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Option<Tenant> {
    let format = Format {
        type_header: Some("at+jwt".to_owned()),
        client_id_claim: Some("client_id".to_owned()),
        scope_claims: &["scope"],
        access_token_seconds: seconds(fields, "access_token_lifetime", LIFETIMES, diagnostics),
        ..Format::default()
    };
    provider(Profile::rfc9068(), format, fields, diagnostics)
}

fn provider(
    profile: &'static Profile,
    format: Format,
    fields: &mut Fields<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Tenant> {
    let issuer = issuer(fields, diagnostics);
    let algorithm =
        fields.choice("signing_algorithm", &Algorithm::NAMES, diagnostics).unwrap_or(Algorithm::Rs256);
    let format = Format { host_of_request: yes(fields, "hostname_from_request", diagnostics), ..format };
    let mut audiences = Names::default();
    fields.required("apis", diagnostics);
    let apis: Vec<_> = fields
        .list("apis", diagnostics)
        .iter()
        .filter_map(|node| api(node, &mut audiences, diagnostics))
        .collect();
    let mut scopes: Vec<_> = profile.words("openid_scopes").map(str::to_owned).collect();
    scopes.extend(apis.iter().flat_map(|api| &api.scopes).map(|scope| scope.name.clone()));
    let mut claim_names = Names::default();
    let claims = fields
        .list("claims", diagnostics)
        .iter()
        .filter_map(|node| claim(node, &scopes, &mut claim_names, diagnostics))
        .collect();
    let mut client_ids = Names::default();
    let clients = fields
        .list("clients", diagnostics)
        .iter()
        .filter_map(|node| client(node, audiences.list(), &scopes, &mut client_ids, diagnostics))
        .collect();
    let mut logins = Names::default();
    let users = fields
        .list("users", diagnostics)
        .iter()
        .filter_map(|node| user(node, &mut logins, diagnostics))
        .collect();
    let url = issuer?;
    if apis.is_empty() {
        diagnostics.error(fields.span(), "a provider needs at least one API").help("add one under `apis`");
        return None;
    }
    let server = Server {
        profile,
        id: profile.name.clone(),
        name: profile.title.clone(),
        origin: url.1.origin().ascii_serialization(),
        names: Vec::new(),
        moved: false,
        path: url.1.path().trim_end_matches('/').to_owned(),
        issuer: url.0,
        apis,
        claims,
        policies: Vec::new(),
        algorithm,
        format,
    };
    Some(Tenant { profile, servers: vec![server], clients, users })
}

/// RFC 8414 §2: https, no query, no fragment. What stands here is `iss`, character for character.
fn issuer(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Option<(String, Url)> {
    let text = fields.required_text("issuer", diagnostics)?;
    let node = fields.optional("issuer")?;
    match Url::parse(text) {
        Ok(url)
            if url.scheme() == "https"
                && url.query().is_none()
                && url.fragment().is_none()
                && url.username().is_empty()
                && url.password().is_none() =>
        {
            Some((text.to_owned(), url))
        }
        _ => {
            diagnostics
                .error(node.span, format!("`{text}` is no issuer"))
                .help("an https URL without query and fragment (RFC 8414 §2)");
            None
        }
    }
}

fn format(node: Option<&Node>, diagnostics: &mut Diagnostics) -> Format {
    const TYPES: [(&str, Option<&str>); 3] =
        [("at+jwt", Some("at+jwt")), ("JWT", Some("JWT")), ("none", None)];
    const SCOPE_CLAIMS: [(&str, &[&str]); 3] =
        [("scope", &["scope"]), ("scp", &["scp"]), ("both", &["scope", "scp"])];
    const FORMS: [(&str, Form); 3] =
        [("string", Form::String), ("array", Form::Array), ("array if several", Form::ArrayIfSeveral)];
    const AUDIENCE_FORMS: [(&str, Form); 4] = [
        ("string", Form::String),
        ("array", Form::Array),
        ("array if several", Form::ArrayIfSeveral),
        ("absent", Form::Absent),
    ];
    let mut format = Format {
        type_header: Some("at+jwt".to_owned()),
        client_id_claim: Some("client_id".to_owned()),
        scope_claims: &["scope"],
        ..Format::default()
    };
    let Some(node) = node else { return format };
    let Some(mut fields) = Fields::new(node, "the access token", diagnostics) else { return format };
    if let Some(kind) = fields.choice("type_header", &TYPES, diagnostics) {
        format.type_header = kind.map(str::to_owned);
    }
    if let Some(claims) = fields.choice("scope_claim", &SCOPE_CLAIMS, diagnostics) {
        format.scope_claims = claims;
    }
    format.scope_form = fields.choice("scope_form", &FORMS, diagnostics).unwrap_or_default();
    format.audience_form = fields.choice("audience_form", &AUDIENCE_FORMS, diagnostics).unwrap_or_default();
    let extra = texts(&mut fields, "extra_audiences", diagnostics).into_iter();
    format.audience_mappers =
        extra.map(|audience| AudienceMapper { audience, scope: None, client: None }).collect();
    if !format.audience_mappers.is_empty() && matches!(format.audience_form, Form::String | Form::Absent) {
        diagnostics.error(fields.span(), "`extra_audiences` need a list").help("set `audience_form: array`");
    }
    if let Some(claim) = fields.text("client_id_claim", diagnostics) {
        format.client_id_claim = (claim != "none").then(|| claim.to_owned());
    }
    format.access_token_seconds = seconds(&mut fields, "lifetime", LIFETIMES, diagnostics);
    fields.finish(diagnostics);
    format
}

fn api(node: &Node, audiences: &mut Names, diagnostics: &mut Diagnostics) -> Option<Api> {
    let mut fields = Fields::new(node, "an API", diagnostics)?;
    fields.text("name", diagnostics);
    let audience = unique(&mut fields, "audience", "API with the audience", audiences, diagnostics);
    let mut names = Names::default();
    let mut scopes = Vec::new();
    for node in fields.list("scopes", diagnostics) {
        let Some(mut fields) = Fields::new(node, "a scope", diagnostics) else { continue };
        let name = unique(&mut fields, "name", "scope", &mut names, diagnostics);
        if let Some(name) = &name {
            scope_name(name, node, diagnostics);
        }
        fields.text("description", diagnostics);
        fields.finish(diagnostics);
        scopes.extend(name.map(|name| Scope { name, default: false, published: true }));
    }
    fields.finish(diagnostics);
    Some(Api { audience: audience?, scopes, ..Api::default() })
}

fn claim(node: &Node, scopes: &[String], names: &mut Names, diagnostics: &mut Diagnostics) -> Option<Claim> {
    let mut fields = Fields::new(node, "a claim", diagnostics)?;
    let name = unique(&mut fields, "name", "claim", names, diagnostics);
    let attribute = fields.required_text("from", diagnostics);
    let form = fields.choice("as", &ClaimForm::WORDS, diagnostics).unwrap_or_default();
    let tokens_known = ["access token".to_owned(), "ID token".to_owned()];
    let tokens = references(&mut fields, "in", "a kind of token", &tokens_known, diagnostics);
    let everywhere = tokens.is_empty();
    let in_id_token = everywhere || tokens.iter().any(|token| token == "ID token");
    let scopes = fields
        .optional("with_scopes")
        .is_some()
        .then(|| references(&mut fields, "with_scopes", "a scope of this file", scopes, diagnostics));
    fields.finish(diagnostics);
    Some(Claim {
        name: name?,
        value: ClaimValue::Attribute(attribute?.to_owned()),
        form,
        in_access_token: everywhere || tokens.iter().any(|token| token == "access token"),
        in_id_token,
        in_userinfo: in_id_token,
        scopes,
    })
}

fn client(
    node: &Node,
    audiences: &[String],
    scopes: &[String],
    ids: &mut Names,
    diagnostics: &mut Diagnostics,
) -> Option<Client> {
    let mut fields = Fields::new(node, "a client", diagnostics)?;
    let id = unique(&mut fields, "client_id", "client", ids, diagnostics);
    let name = fields.text("name", diagnostics).map(str::to_owned);
    let secret = fields.text("client_secret", diagnostics).map(Secret::new);
    let requires_pkce = fields.boolean("pkce_required", diagnostics).unwrap_or(true);
    let grants = grants(&mut fields, "grant_types", &[Grant::AuthorizationCode], diagnostics);
    if grants.contains(&Grant::Implicit) {
        diagnostics
            .error(node.span, "this provider has no implicit grant")
            .help("leave it out: RFC 9700 §2.1.2 says so too");
    }
    let sign_out_redirect_uris = redirect_uris(&mut fields, "post_logout_redirect_uris", diagnostics);
    let redirect_uris = redirect_uris(&mut fields, "redirect_uris", diagnostics);
    if grants.contains(&Grant::AuthorizationCode) && fields.list("redirect_uris", diagnostics).is_empty() {
        diagnostics.error(node.span, "a client with the authorization code grant needs `redirect_uris`");
    }
    if secret.is_none() {
        if grants.contains(&Grant::ClientCredentials) {
            diagnostics.error(node.span, "the client credentials grant needs a `client_secret`");
        }
        if !requires_pkce {
            diagnostics.error(node.span, "a client without a secret cannot do without PKCE");
        }
    }
    let scopes = fields
        .optional("allowed_scopes")
        .is_some()
        .then(|| references(&mut fields, "allowed_scopes", "a scope of this file", scopes, diagnostics));
    let audience = fields
        .optional("default_api")
        .and_then(|node| reference(node, "an API of this file", audiences, diagnostics));
    fields.finish(diagnostics);
    let id = id?;
    Some(Client {
        name: name.unwrap_or_else(|| id.clone()),
        id,
        secret,
        redirect_uris,
        sign_out_redirect_uris,
        grants,
        implicit: Implicit::default(),
        requires_pkce,
        scopes,
        default_scopes: Vec::new(),
        assigned: None,
        audience,
    })
}

fn user(node: &Node, logins: &mut Names, diagnostics: &mut Diagnostics) -> Option<User> {
    let mut fields = Fields::new(node, "a user", diagnostics)?;
    let login = unique(&mut fields, "login", "user", logins, diagnostics);
    let password = fields.required_text("password", diagnostics).map(Secret::new);
    let id = fields.text("id", diagnostics).map(str::to_owned);
    let groups = texts(&mut fields, "groups", diagnostics);
    let mut profile = Map::new();
    for key in ["name", "email"] {
        if let Some(text) = fields.text(key, diagnostics) {
            profile.insert(key.to_owned(), text.into());
        }
    }
    for key in ["roles"] {
        if fields.optional(key).is_some() {
            profile.insert(key.to_owned(), texts(&mut fields, key, diagnostics).into());
        }
    }
    for entry in fields.optional("attributes").and_then(Node::as_mapping).unwrap_or_default() {
        profile.insert(entry.key.clone(), entry.value.to_json());
    }
    fields.finish(diagnostics);
    Some(User { id, login: login?, password: password?, groups, profile })
}

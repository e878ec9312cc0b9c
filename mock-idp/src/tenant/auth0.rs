//! The tenant file of an Auth0 tenant, in the words of its Dashboard.

use serde_json::{Map, Value as Json};
use spanned_yaml::{Diagnostics, Fields, Node};

use super::{
    AccessTokens, Api, AudienceMapper, Claim, ClaimForm, ClaimValue, Client, Form, Format, Grant, Scope,
    Server, Tenant, User,
    reading::{
        Names, grants, host, redirect_uris, reference, references, scope_name, seconds, texts, unique,
    },
};
use crate::{keys::Algorithm, profile::Profile, secret::Secret};

pub(super) fn read(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Option<Tenant> {
    const FORMS: [(&str, AccessTokens); 2] = [("opaque", AccessTokens::Opaque), ("JWE", AccessTokens::Jwe)];
    let profile = Profile::auth0();
    let domain = host(fields, "domain", "acme.us.auth0.com", diagnostics);
    let lifetime = seconds(fields, "token_lifetime", 1..=2_592_000, diagnostics);
    let unaddressed = fields.choice("access_tokens_without_audience", &FORMS, diagnostics);
    let mut identifiers = Names::default();
    let own: Vec<_> = fields
        .list("apis", diagnostics)
        .iter()
        .filter_map(|node| api(node, &mut identifiers, diagnostics))
        .collect();
    let what = "an API of this file";
    let default_audience = fields
        .optional("default_audience")
        .and_then(|node| reference(node, what, identifiers.list(), diagnostics));
    let mut claim_names = Names::default();
    let claims = fields
        .list("custom_claims", diagnostics)
        .iter()
        .filter_map(|node| claim(node, profile, &mut claim_names, diagnostics))
        .collect();
    let mut roles = Vec::new();
    let mut role_names = Names::default();
    for node in fields.list("roles", diagnostics) {
        roles.extend(role(node, &own, &mut role_names, diagnostics));
    }
    let mut ids = Names::default();
    let clients = fields
        .list("applications", diagnostics)
        .iter()
        .filter_map(|node| {
            application(node, profile, &own, default_audience.as_deref(), &mut ids, diagnostics)
        })
        .collect();
    let mut logins = Names::default();
    let users = fields
        .list("users", diagnostics)
        .iter()
        .filter_map(|node| user(node, &roles, &mut logins, diagnostics))
        .collect();
    let origin = format!("https://{}", domain?);
    let userinfo = format!("{origin}/userinfo");
    // A request without an audience is for this one.
    let access_tokens = unaddressed.unwrap_or(AccessTokens::Jwe);
    let mut apis = vec![Api { audience: userinfo.clone(), access_tokens, ..Api::default() }];
    apis.extend(own);
    let server = Server {
        names: Vec::new(),
        moved: false,
        profile,
        id: "auth0".to_owned(),
        name: "Auth0".to_owned(),
        issuer: format!("{origin}/"),
        origin,
        path: String::new(),
        apis,
        claims,
        policies: Vec::new(),
        algorithm: Algorithm::Rs256,
        format: Format {
            scope_claims: &["scope"],
            audience_form: Form::ArrayIfSeveral,
            audience_mappers: vec![AudienceMapper {
                audience: userinfo,
                scope: Some("openid".to_owned()),
                client: None,
            }],
            access_token_seconds: lifetime,
            ..Format::default()
        },
    };
    Some(Tenant { profile, servers: vec![server], clients, users })
}

fn api(node: &Node, identifiers: &mut Names, diagnostics: &mut Diagnostics) -> Option<Api> {
    let mut fields = Fields::new(node, "an API", diagnostics)?;
    fields.text("name", diagnostics);
    let audience = unique(&mut fields, "identifier", "API with the identifier", identifiers, diagnostics);
    let mut names = Names::default();
    let mut scopes = Vec::new();
    for node in fields.list("permissions", diagnostics) {
        let Some(mut fields) = Fields::new(node, "a permission", diagnostics) else { continue };
        let name = unique(&mut fields, "permission", "permission", &mut names, diagnostics);
        if let Some(name) = &name {
            scope_name(name, node, diagnostics);
        }
        fields.text("description", diagnostics);
        fields.finish(diagnostics);
        scopes.extend(name.map(|name| Scope { name, default: false, published: false }));
    }
    let rbac = fields.boolean("enable_rbac", diagnostics).unwrap_or(false);
    let added = fields.boolean("add_permissions_in_the_access_token", diagnostics).unwrap_or(false);
    if added && !rbac {
        diagnostics
            .error(fields.span(), "permissions are added to access tokens only with RBAC")
            .help("set `enable_rbac: true`");
    }
    fields.finish(diagnostics);
    Some(Api { audience: audience?, scopes, rbac, permissions_in_token: added, ..Api::default() })
}

/// What an Action sets with `setCustomClaim`. A restricted name is ignored by Auth0, silently; here it is a mistake.
fn claim(node: &Node, profile: &Profile, names: &mut Names, diagnostics: &mut Diagnostics) -> Option<Claim> {
    let mut fields = Fields::new(node, "a custom claim", diagnostics)?;
    let name = unique(&mut fields, "name", "custom claim", names, diagnostics);
    if let Some(name) = &name
        && profile.words("restricted_claims").any(|restricted| restricted == name)
    {
        diagnostics
            .error(node.span, format!("Auth0 does not add a custom claim `{name}`: the name is restricted"))
            .help(format!("give it a namespace, as in `https://acme.test/{name}`"));
    }
    let attribute = fields.required_text("from", diagnostics).map(str::to_owned);
    let kinds = ["access token".to_owned(), "ID token".to_owned()];
    let tokens = references(&mut fields, "in", "a kind of token", &kinds, diagnostics);
    fields.finish(diagnostics);
    let has = |kind: &str| tokens.is_empty() || tokens.iter().any(|token| token == kind);
    Some(Claim {
        name: name?,
        value: ClaimValue::Attribute(attribute?),
        form: ClaimForm::AsIs,
        in_access_token: has("access token"),
        in_id_token: has("ID token"),
        in_userinfo: has("ID token"),
        scopes: None,
    })
}

/// A role: its name, and its permissions by API.
type Role = (String, Vec<(String, String)>);

fn role(node: &Node, apis: &[Api], names: &mut Names, diagnostics: &mut Diagnostics) -> Option<Role> {
    let mut fields = Fields::new(node, "a role", diagnostics)?;
    let name = unique(&mut fields, "name", "role", names, diagnostics);
    let mut permissions = Vec::new();
    for node in fields.list("permissions", diagnostics) {
        let Some(mut fields) = Fields::new(node, "a permission of a role", diagnostics) else { continue };
        let api = api_of(&mut fields, apis, diagnostics);
        let known: Vec<_> =
            api.into_iter().flat_map(|api| &api.scopes).map(|scope| scope.name.clone()).collect();
        let permission = fields.required("permission", diagnostics);
        let permission = permission
            .filter(|_| api.is_some())
            .and_then(|node| reference(node, "a permission of that API", &known, diagnostics));
        fields.finish(diagnostics);
        permissions.extend(api.map(|api| api.audience.clone()).zip(permission));
    }
    fields.finish(diagnostics);
    Some((name?, permissions))
}

fn api_of<'a>(fields: &mut Fields<'_>, apis: &'a [Api], diagnostics: &mut Diagnostics) -> Option<&'a Api> {
    let known: Vec<_> = apis.iter().map(|api| api.audience.clone()).collect();
    let node = fields.required("api", diagnostics)?;
    let name = reference(node, "an API of this file", &known, diagnostics)?;
    apis.iter().find(|api| api.audience == name)
}

fn application(
    node: &Node,
    profile: &Profile,
    apis: &[Api],
    audience: Option<&str>,
    ids: &mut Names,
    diagnostics: &mut Diagnostics,
) -> Option<Client> {
    let mut fields = Fields::new(node, "an application", diagnostics)?;
    let id = unique(&mut fields, "client_id", "application", ids, diagnostics);
    let name = fields.text("name", diagnostics).map(str::to_owned);
    let secret = fields.text("client_secret", diagnostics).map(Secret::new);
    let grants = grants(&mut fields, "grant_types", &[Grant::AuthorizationCode], diagnostics);
    let redirect_uris = redirect_uris(&mut fields, "allowed_callback_urls", diagnostics);
    if grants.contains(&Grant::AuthorizationCode)
        && fields.list("allowed_callback_urls", diagnostics).is_empty()
    {
        diagnostics.error(
            node.span,
            "an application with the authorization code grant needs `allowed_callback_urls`",
        );
    }
    if secret.is_none() && grants.contains(&Grant::ClientCredentials) {
        diagnostics.error(node.span, "the client credentials grant needs a `client_secret`");
    }
    let granted = fields.optional("client_grants").is_some();
    let mut scopes: Vec<_> = profile.words("openid_scopes").map(str::to_owned).collect();
    for node in fields.list("client_grants", diagnostics) {
        let Some(mut fields) = Fields::new(node, "a client grant", diagnostics) else { continue };
        let api = api_of(&mut fields, apis, diagnostics);
        let known: Vec<_> =
            api.into_iter().flat_map(|api| &api.scopes).map(|scope| scope.name.clone()).collect();
        fields.optional("scopes");
        if api.is_some() {
            scopes.extend(references(&mut fields, "scopes", "a permission of that API", &known, diagnostics));
        }
        fields.finish(diagnostics);
    }
    fields.finish(diagnostics);
    let id = id?;
    Some(Client {
        scopes: granted.then_some(scopes),
        audience: audience.map(str::to_owned),
        ..Client::new(id, name, secret, redirect_uris, grants)
    })
}

fn user(node: &Node, roles: &[Role], logins: &mut Names, diagnostics: &mut Diagnostics) -> Option<User> {
    let mut fields = Fields::new(node, "a user", diagnostics)?;
    let login = unique(&mut fields, "email", "user", logins, diagnostics);
    let password = fields.required_text("password", diagnostics).map(Secret::new);
    let id = fields.text("user_id", diagnostics).map(str::to_owned);
    let groups = texts(&mut fields, "groups", diagnostics);
    let mut profile = Map::new();
    profile.extend(login.iter().map(|email| ("email".to_owned(), email.as_str().into())));
    for key in ["name", "nickname", "picture"] {
        profile.extend(fields.text(key, diagnostics).map(|text| (key.to_owned(), text.into())));
    }
    let known: Vec<_> = roles.iter().map(|(name, _)| name.clone()).collect();
    let assigned = references(&mut fields, "roles", "a role of this file", &known, diagnostics);
    let mut permissions = Map::new();
    for (api, permission) in roles.iter().filter(|(name, _)| assigned.contains(name)).flat_map(|(_, all)| all)
    {
        let list = permissions.entry(api.clone()).or_insert_with(|| Json::Array(Vec::new()));
        let permission = Json::from(permission.as_str());
        if let Json::Array(list) = list
            && !list.contains(&permission)
        {
            list.push(permission);
        }
    }
    profile.insert("permissions".to_owned(), Json::Object(permissions));
    profile.insert("roles".to_owned(), assigned.into());
    fields.finish(diagnostics);
    Some(User { id, login: login?, password: password?, groups, profile })
}

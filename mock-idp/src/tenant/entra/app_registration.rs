//! App registrations, and beside each its enterprise application with the assignments.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use spanned_yaml::{Diagnostics, Fields, Node, Span, closest};

use super::{
    super::{
        Api, Client, Grant, Implicit, Scope,
        app_registration::{AppRegistration, SignInAudience},
        enterprise_application::{Assignment, EnterpriseApplication, GroupsClaim, Principal},
        reading::{Names, redirect_uris, reference, references, scope_name, unique, yes},
    },
    group, guid,
};
use crate::secret::Secret;

/// What the rest of the file has, for references.
pub(super) struct Known<'a> {
    /// Display names with object ids.
    pub(super) groups: &'a [(String, String)],
    pub(super) logins: &'a [String],
    /// Display names.
    pub(super) applications: &'a [String],
}

/// An app registration is an API and a client in one.
pub(super) struct Registration<'n> {
    pub(super) api: Api,
    /// Without its permissions.
    pub(super) client: Client,
    permissions: &'n [Node],
}

pub(super) fn app_registration<'n>(
    node: &'n Node,
    known: &Known<'_>,
    ids: &mut Names,
    display_names: &mut Names,
    diagnostics: &mut Diagnostics,
) -> Option<Registration<'n>> {
    const GROUPS: [(&str, GroupsClaim); 3] = [
        ("None", GroupsClaim::None),
        ("Security groups", GroupsClaim::All),
        ("Groups assigned to the application", GroupsClaim::Assigned),
    ];
    let mut fields = Fields::new(node, "an app registration", diagnostics)?;
    let name = unique(&mut fields, "display_name", "app registration", display_names, diagnostics);
    let id = guid(&mut fields, "client_id", "app registration with the client ID", ids, diagnostics);
    // Authentication; Certificates & secrets
    let secret = fields.text("client_secret", diagnostics).map(Secret::new);
    let expires = expires(&mut fields, secret.is_some(), diagnostics);
    let secret = secret.map(|secret| secret.until(expires));
    let native = redirect_uris(&mut fields, "mobile_and_desktop_redirect_uris", diagnostics);
    let web = redirect_uris(&mut fields, "web_redirect_uris", diagnostics);
    let pages = redirect_uris(&mut fields, "single_page_application_redirect_uris", diagnostics);
    let implicit = implicit_grant(&mut fields, diagnostics);
    if let (Some(node), true) = (fields.optional("implicit_grant"), web.is_empty()) {
        diagnostics
            .error(node.span, "an `implicit_grant` without `web_redirect_uris`")
            .help("the tokens go to a redirect URI of the web platform");
    }
    let allows_public_client_flows = yes(&mut fields, "allow_public_client_flows", diagnostics);
    let public =
        [("mobile_and_desktop_redirect_uris", &native), ("single_page_application_redirect_uris", &pages)];
    for (key, _) in public.into_iter().filter(|(_, uris)| secret.is_some() && !uris.is_empty()) {
        diagnostics
            .error(node.span, format!("a registration with a `client_secret` and `{key}`"))
            .help("the mock keeps public and confidential clients apart: make two registrations");
    }
    if !web.is_empty() && secret.is_none() {
        diagnostics.error(node.span, "a web application needs a `client_secret`");
    }
    // Expose an API; App roles; API permissions; Token configuration
    let identifiers: Vec<_> =
        fields.text("application_id_uri", diagnostics).map(str::to_owned).into_iter().collect();
    let scopes = scopes(&mut fields, diagnostics);
    if let (true, Some(first)) = (identifiers.is_empty(), fields.list("scopes", diagnostics).first()) {
        diagnostics
            .error(first.span, "scopes of an application without an `application_id_uri`")
            .help("Entra proposes `api://` and the client ID");
    }
    let roles = roles(&mut fields, diagnostics);
    let permissions = fields.list("api_permissions", diagnostics);
    let groups_claim = fields.choice("groups_claim", &GROUPS, diagnostics).unwrap_or_default();
    let registration = AppRegistration {
        tells_type: optional_claims(&mut fields, diagnostics),
        single_page_redirect_uris: pages.clone(),
        ..manifest(&mut fields, diagnostics)
    };
    // Enterprise application > Properties, Users and groups
    let assignment_required = yes(&mut fields, "assignment_required", diagnostics);
    let nodes = fields.list("users_and_groups", diagnostics);
    let assignments: Vec<_> =
        nodes.iter().filter_map(|node| assignment(node, known, &roles, diagnostics)).collect();
    for role in &roles {
        if !assignments.iter().any(|assignment| assignment.role.as_ref() == Some(&role.value)) {
            diagnostics
                .warning(role.span, format!("the app role `{}` is assigned to nobody", role.value))
                .help("no token will have it; assign it under `users_and_groups`");
        }
    }
    fields.finish(diagnostics);
    let (id, name) = (id?, name?);
    let mut grants = Vec::new();
    let redirect_uris: Vec<_> = native.into_iter().chain(web).chain(pages).collect();
    if !redirect_uris.is_empty() {
        grants.push(Grant::AuthorizationCode);
    }
    if allows_public_client_flows {
        grants.push(Grant::DeviceCode);
    }
    if !grants.is_empty() {
        grants.push(Grant::RefreshToken);
    }
    if secret.is_some() {
        grants.push(Grant::ClientCredentials);
    }
    if implicit != Implicit::default() {
        grants.push(Grant::Implicit);
    }
    let client = Client {
        id: id.clone(),
        name,
        requires_pkce: secret.is_none(),
        secret,
        // Any redirect URI will do after a sign-out.
        sign_out_redirect_uris: redirect_uris.clone(),
        redirect_uris,
        grants,
        implicit,
        scopes: None,
        default_scopes: Vec::new(),
        assigned: None,
        audience: None,
    };
    let enterprise_application = EnterpriseApplication { assignment_required, assignments, groups_claim };
    let api =
        Api { audience: id, identifiers, scopes, enterprise_application, registration, ..Api::default() };
    Some(Registration { api, client, permissions })
}

/// Authentication > Implicit grant and hybrid flows.
fn implicit_grant(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Implicit {
    let known = ["ID tokens".to_owned(), "Access tokens".to_owned()];
    let tokens = references(fields, "implicit_grant", "a kind of token", &known, diagnostics);
    let has = |kind: &str| tokens.iter().any(|token| token == kind);
    Implicit { id_tokens: has("ID tokens"), access_tokens: has("Access tokens") }
}

/// Certificates & secrets > Expires: a day, at whose beginning the secret ends.
fn expires(fields: &mut Fields<'_>, has_secret: bool, diagnostics: &mut Diagnostics) -> Option<Timestamp> {
    let node = fields.optional("client_secret_expires")?;
    if !has_secret {
        diagnostics.error(node.span, "`client_secret_expires` without a `client_secret`");
    }
    let text = node.as_text().unwrap_or_default();
    let day = text.parse::<Date>().ok().and_then(|day| day.to_zoned(TimeZone::UTC).ok());
    if day.is_none() {
        diagnostics.error(node.span, format!("`{text}` is no day")).help("as in `2026-12-31`");
    }
    day.map(|day| day.timestamp())
}

/// Supported accounts, and the version of access tokens: `accessTokenAcceptedVersion` in older manifests.
fn manifest(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> AppRegistration {
    const AUDIENCES: [(&str, SignInAudience); 4] = [
        ("AzureADMyOrg", SignInAudience::MyOrganization),
        ("AzureADMultipleOrgs", SignInAudience::Organizations),
        ("AzureADandPersonalMicrosoftAccount", SignInAudience::Everyone),
        ("PersonalMicrosoftAccount", SignInAudience::Personal),
    ];
    const VERSION: &str = "requested_access_token_version";
    let audience = fields.choice("sign_in_audience", &AUDIENCES, diagnostics).unwrap_or_default();
    let node = fields.optional(VERSION).filter(|node| !node.is_null());
    let version = match node {
        Some(_) => fields.choice(VERSION, &[("1", 1), ("2", 2)], diagnostics),
        None => Some(1),
    };
    let personal = matches!(audience, SignInAudience::Everyone | SignInAudience::Personal);
    if let (true, Some(1)) = (personal, version) {
        let span = node.or(fields.optional("sign_in_audience")).map_or(fields.span(), |node| node.span);
        diagnostics
            .error(span, "personal accounts want access tokens of version 2")
            .help(format!("set `{VERSION}: 2`"));
    }
    AppRegistration { audience, access_token_version: version, ..AppRegistration::default() }
}

/// Token configuration: `idtyp`, which says that a token is an application's.
fn optional_claims(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> bool {
    let nodes = fields.list("optional_claims", diagnostics);
    let known = ["idtyp".to_owned()];
    let claims =
        nodes.iter().filter_map(|node| reference(node, "an optional claim of the mock", &known, diagnostics));
    claims.count() > 0
}

fn scopes(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Vec<Scope> {
    let mut names = Names::default();
    let mut scopes = Vec::new();
    for node in fields.list("scopes", diagnostics) {
        let Some(mut fields) = Fields::new(node, "a scope", diagnostics) else { continue };
        let name = unique(&mut fields, "scope_name", "scope", &mut names, diagnostics);
        if let Some(name) = &name {
            scope_name(name, node, diagnostics);
        }
        fields.text("admin_consent_display_name", diagnostics);
        fields.finish(diagnostics);
        scopes.extend(name.map(|name| Scope { name, default: false, published: false }));
    }
    scopes
}

/// An app role's value, and whether users and groups, applications, or both may have it.
struct Role {
    span: Span,
    value: String,
    for_users: bool,
    for_applications: bool,
}

fn roles(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Vec<Role> {
    const MEMBERS: [(&str, (bool, bool)); 3] =
        [("Users/Groups", (true, false)), ("Applications", (false, true)), ("Both", (true, true))];
    let mut values = Names::default();
    let mut roles = Vec::new();
    for node in fields.list("app_roles", diagnostics) {
        let Some(mut fields) = Fields::new(node, "an app role", diagnostics) else { continue };
        fields.required_text("display_name", diagnostics);
        let value = unique(&mut fields, "value", "app role with the value", &mut values, diagnostics);
        fields.required("allowed_member_types", diagnostics);
        let members = fields.choice("allowed_member_types", &MEMBERS, diagnostics);
        fields.finish(diagnostics);
        if let (Some(value), Some((for_users, for_applications))) = (value, members) {
            roles.push(Role { span: node.span, value, for_users, for_applications });
        }
    }
    roles
}

/// A line of "Users and groups". Applications get their roles as permissions in the console; here they stand beside.
fn assignment(
    node: &Node,
    known: &Known<'_>,
    roles: &[Role],
    diagnostics: &mut Diagnostics,
) -> Option<Assignment> {
    let mut fields = Fields::new(node, "an assignment", diagnostics)?;
    let user = fields
        .optional("user")
        .and_then(|node| reference(node, "a user of this file", known.logins, diagnostics))
        .map(Principal::User);
    let group = fields
        .optional("group")
        .and_then(|node| group(node, known.groups, diagnostics))
        .map(Principal::Group);
    let application = fields
        .optional("application")
        .and_then(|node| reference(node, "an app registration of this file", known.applications, diagnostics))
        .map(Principal::Application);
    let given = ["user", "group", "application"].into_iter().filter(|key| fields.entry(key).is_some());
    if given.count() != 1 {
        diagnostics.error(node.span, "an assignment is for one `user`, `group` or `application`");
    }
    let to = user.or(group).or(application);
    let for_application = matches!(to, Some(Principal::Application(_)));
    let fitting: Vec<_> = roles
        .iter()
        .filter(|role| if for_application { role.for_applications } else { role.for_users })
        .map(|role| role.value.clone())
        .collect();
    let role = fields
        .optional("role")
        .and_then(|node| reference(node, "an app role that may be assigned here", &fitting, diagnostics));
    fields.finish(diagnostics);
    Some(Assignment { to: to?, role })
}

/// The delegated permissions of each registration, as `client id of the API/scope`.
pub(super) fn permissions(
    registrations: &[Registration<'_>],
    diagnostics: &mut Diagnostics,
) -> Vec<Vec<String>> {
    let mut known = Vec::new();
    for Registration { api, .. } in registrations {
        for scope in &api.scopes {
            let permission = format!("{}/{}", api.audience, scope.name);
            known.extend(api.names().map(|name| (format!("{name}/{}", scope.name), permission.clone())));
        }
    }
    let mut permission = |node: &Node| {
        let text = node.as_text().unwrap_or_default();
        if let Some((_, permission)) = known.iter().find(|(name, _)| name == text) {
            return Some(permission.clone());
        }
        let error = diagnostics.error(node.span, format!("`{text}` is no scope of an app registration"));
        match closest(text, known.iter().map(|(name, _)| name.as_str())) {
            Some(name) => error.help(format!("did you mean `{name}`?")),
            None => error.help("write it in full, as in `api://…/access_as_user`"),
        };
        None
    };
    registrations
        .iter()
        .map(|registration| registration.permissions.iter().filter_map(&mut permission).collect())
        .collect()
}

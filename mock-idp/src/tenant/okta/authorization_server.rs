//! Security > API > Authorization Servers: settings, scopes, claims, access policies.

use spanned_yaml::{Diagnostics, Fields, Node};

use super::super::{
    Api, Claim, ClaimForm, Format, Grant, Policy, PolicyRule, RuleUser, Scope, Server,
    expression::Names,
    reading::{self, grants, reference, references, scope_name, seconds, texts, unique, yes},
};
use super::expression;
use crate::{keys::Algorithm, profile::Profile};

/// What the rest of the file has, for references.
pub(super) struct Known<'a> {
    pub(super) domain: &'a str,
    pub(super) multiple_audiences: bool,
    pub(super) trusted_origins: &'a [String],
    pub(super) names: Names<'a>,
    pub(super) groups: &'a [String],
    pub(super) logins: &'a [String],
    pub(super) clients: &'a [String],
}

pub(super) fn authorization_server(
    node: &Node,
    known: &Known<'_>,
    ids: &mut reading::Names,
    diagnostics: &mut Diagnostics,
) -> Option<Server> {
    const ISSUER_MODES: [(&str, bool); 3] = [("ORG_URL", false), ("CUSTOM_URL", false), ("DYNAMIC", true)];
    let mut fields = Fields::new(node, "an authorization server", diagnostics)?;
    let name = fields.required_text("name", diagnostics);
    let id = unique(&mut fields, "id", "authorization server", ids, diagnostics);
    if let Some(id) = &id
        && !id.bytes().all(|byte| byte.is_ascii_alphanumeric())
    {
        let at = fields.optional("id").map_or(node.span, |node| node.span);
        diagnostics
            .error(at, format!("`{id}` is no server id"))
            .help("letters and digits, as in `default` or `aus1em`");
    }
    let host_of_request = fields.choice("issuer_mode", &ISSUER_MODES, diagnostics).unwrap_or_default();
    let audiences = audiences(&mut fields, known, diagnostics);
    let scopes = scopes(&mut fields, diagnostics);
    let mut scope_names: Vec<_> = Profile::okta().words("openid_scopes").map(str::to_owned).collect();
    scope_names.extend(scopes.iter().map(|scope| scope.name.clone()));
    let mut claim_names = ClaimNames::default();
    let claims = fields
        .list("claims", diagnostics)
        .iter()
        .filter_map(|node| claim(node, known, &scope_names, &mut claim_names, diagnostics))
        .collect();
    let policy_nodes = fields.list("access_policies", diagnostics);
    if policy_nodes.is_empty() {
        diagnostics
            .warning(node.span, "no access policy: every request will end in `access_denied`")
            .help("add one on the Access Policies tab, as Okta's free tier requires too");
    }
    let mut policies: Vec<_> =
        policy_nodes.iter().filter_map(|node| policy(node, known, &scope_names, diagnostics)).collect();
    policies.sort_by_key(|(priority, _)| *priority);
    fields.finish(diagnostics);
    let id = id?;
    let path = format!("/oauth2/{id}");
    let origin = format!("https://{}", known.domain);
    Some(Server {
        profile: Profile::okta(),
        name: name?.to_owned(),
        issuer: format!("{origin}{path}"),
        origin,
        names: Vec::new(),
        moved: false,
        path,
        apis: audiences
            .into_iter()
            .map(|audience| Api { audience, scopes: scopes.clone(), ..Api::default() })
            .collect(),
        claims,
        policies: policies.into_iter().map(|(_, policy)| policy).collect(),
        algorithm: Algorithm::Rs256,
        format: Format {
            host_of_request,
            trusted_origins: known.trusted_origins.to_vec(),
            ..Format::default()
        },
        id,
    })
}

fn audiences(fields: &mut Fields<'_>, known: &Known<'_>, diagnostics: &mut Diagnostics) -> Vec<String> {
    let one = fields.text("audience", diagnostics).map(str::to_owned);
    let several = texts(fields, "audiences", diagnostics);
    let several_node = fields.entry("audiences");
    if let Some(entry) = several_node
        && !known.multiple_audiences
    {
        diagnostics.error(entry.key_span, "a custom authorization server has one `audience`").help(
            "several are a preview of 2026: add `features: [multiple_audiences]` if the organization has it",
        );
    }
    match (one, several_node) {
        (Some(_), Some(entry)) => {
            diagnostics.error(entry.key_span, "both `audience` and `audiences`").help("keep one of them");
            several
        }
        (Some(one), None) if !one.trim().is_empty() => vec![one],
        _ if several.is_empty() => {
            diagnostics.error(fields.span(), "an authorization server needs an `audience`");
            Vec::new()
        }
        _ => several,
    }
}

fn scopes(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Vec<Scope> {
    let mut names = reading::Names::default();
    let mut scopes = Vec::new();
    for node in fields.list("scopes", diagnostics) {
        let Some(mut fields) = Fields::new(node, "a scope", diagnostics) else { continue };
        let name = unique(&mut fields, "name", "scope", &mut names, diagnostics);
        if let Some(name) = &name {
            scope_name(name, node, diagnostics);
        }
        fields.text("description", diagnostics);
        let default = yes(&mut fields, "default_scope", diagnostics);
        let published = yes(&mut fields, "include_in_public_metadata", diagnostics);
        fields.finish(diagnostics);
        scopes.extend(name.map(|name| Scope { name, default, published }));
    }
    scopes
}

/// A claim's name is unique in each type of token.
#[derive(Default)]
struct ClaimNames {
    access_token: reading::Names,
    id_token: reading::Names,
}

fn claim(
    node: &Node,
    known: &Known<'_>,
    scopes: &[String],
    names: &mut ClaimNames,
    diagnostics: &mut Diagnostics,
) -> Option<Claim> {
    const TOKENS: [(&str, bool); 2] = [("Access Token", true), ("ID Token", false)];
    let mut fields = Fields::new(node, "a claim", diagnostics)?;
    let name = fields.required_text("name", diagnostics);
    fields.required("include_in_token_type", diagnostics);
    let in_access_token = fields.choice("include_in_token_type", &TOKENS, diagnostics);
    if let (Some(name), Some(access)) = (name, in_access_token) {
        let names = if access { &mut names.access_token } else { &mut names.id_token };
        names.take("claim", name, node, diagnostics);
    }
    let always = always(&mut fields, in_access_token, diagnostics);
    let value = expression::value(&mut fields, node, known.names, diagnostics);
    let scopes = match fields.optional("include_in") {
        None => None,
        Some(node) if node.as_text() == Some("Any scope") => None,
        Some(_) => Some(references(&mut fields, "include_in", "a scope of this file", scopes, diagnostics)),
    };
    fields.finish(diagnostics);
    let in_access_token = in_access_token?;
    Some(Claim {
        name: name?.to_owned(),
        value: value?,
        form: ClaimForm::AsIs,
        in_access_token,
        in_id_token: !in_access_token && always,
        in_userinfo: !in_access_token,
        scopes,
    })
}

/// The second choice of a claim of ID tokens: "Always", or only where the client has no access token to ask the userinfo
/// endpoint with. By the words of the console, or yes and no as in the API.
fn always(fields: &mut Fields<'_>, in_access_token: Option<bool>, diagnostics: &mut Diagnostics) -> bool {
    const WORDS: [(&str, bool); 7] = [
        ("Always", true),
        ("Userinfo/id_token request", false),
        ("Userinfo / id_token request", false),
        ("Yes", true),
        ("No", false),
        ("true", true),
        ("false", false),
    ];
    let always = fields.choice("always_include_in_token", &WORDS, diagnostics).unwrap_or(true);
    if let Some(entry) = fields.entry("always_include_in_token")
        && in_access_token == Some(true)
        && !always
    {
        diagnostics
            .error(entry.key_span, "an access token has its claims always")
            .help("the choice is one of `include_in_token_type: ID Token`");
    }
    always
}

fn policy(
    node: &Node,
    known: &Known<'_>,
    scopes: &[String],
    diagnostics: &mut Diagnostics,
) -> Option<(i64, Policy)> {
    let mut fields = Fields::new(node, "an access policy", diagnostics)?;
    fields.required_text("name", diagnostics);
    fields.text("description", diagnostics);
    let priority = priority(&mut fields, diagnostics);
    fields.required("assigned_to", diagnostics);
    let clients = match fields.optional("assigned_to") {
        Some(node) if node.as_text() == Some("All clients") => None,
        Some(node) if node.as_sequence().is_some() => Some(references(
            &mut fields,
            "assigned_to",
            "an application of this file",
            known.clients,
            diagnostics,
        )),
        Some(node) => {
            diagnostics.expected(node, "`All clients` or a list of client IDs");
            None
        }
        None => None,
    };
    let mut rules: Vec<_> = fields
        .list("rules", diagnostics)
        .iter()
        .filter_map(|node| rule(node, known, scopes, diagnostics))
        .collect();
    if rules.is_empty() {
        diagnostics.warning(node.span, "a policy without rules permits nothing");
    }
    rules.sort_by_key(|(priority, _)| *priority);
    fields.finish(diagnostics);
    Some((priority, Policy { clients, rules: rules.into_iter().map(|(_, rule)| rule).collect() }))
}

fn rule(
    node: &Node,
    known: &Known<'_>,
    scopes: &[String],
    diagnostics: &mut Diagnostics,
) -> Option<(i64, PolicyRule)> {
    let mut fields = Fields::new(node, "a rule", diagnostics)?;
    fields.required_text("name", diagnostics);
    let priority = priority(&mut fields, diagnostics);
    let grants = grants(
        &mut fields,
        "grant_type_is",
        &[Grant::AuthorizationCode, Grant::ClientCredentials],
        diagnostics,
    );
    let user = user_is(&mut fields, known, &grants, diagnostics);
    let scopes = match fields.optional("scopes_requested") {
        None => None,
        Some(node) if node.as_text() == Some("Any scopes") => None,
        Some(node) => {
            if node.as_sequence().is_none() {
                diagnostics.expected(node, "`Any scopes` or a list of scopes");
            }
            let nodes = node.as_sequence().unwrap_or_default();
            Some(
                nodes
                    .iter()
                    .filter_map(|node| reference(node, "a scope of this file", scopes, diagnostics))
                    .collect(),
            )
        }
    };
    // Okta: from 5 minutes to 24 hours.
    let access_token_seconds = seconds(&mut fields, "access_token_lifetime", 300..=86_400, diagnostics);
    fields.finish(diagnostics);
    Some((priority, PolicyRule { grants, user, scopes, access_token_seconds }))
}

/// "AND User is". A rule that none of its grants can fit is told of, since Okta says nothing of it.
fn user_is(
    fields: &mut Fields<'_>,
    known: &Known<'_>,
    grants: &[Grant],
    diagnostics: &mut Diagnostics,
) -> RuleUser {
    let Some(node) = fields.optional("user_is") else { return RuleUser::Any };
    let for_machines = grants.contains(&Grant::ClientCredentials);
    let for_users = grants.iter().any(|grant| *grant != Grant::ClientCredentials);
    let user = match node.as_text() {
        Some("Any user assigned the app") => return RuleUser::Any,
        Some("No user") => RuleUser::Nobody,
        _ => one_of(node, known, diagnostics),
    };
    let (fits, advice) = if user == RuleUser::Nobody {
        (for_machines, "`No user` is for `Client Credentials`")
    } else {
        (for_users, "`Client Credentials` has no user: `No user` or `Any user assigned the app` fits it")
    };
    if !fits {
        diagnostics.warning(node.span, "no grant type of this rule fits its users").help(advice);
    }
    user
}

/// "Assigned the app and a member of one of the following".
fn one_of(node: &Node, known: &Known<'_>, diagnostics: &mut Diagnostics) -> RuleUser {
    let what = "`Any user assigned the app`, `No user` or a condition";
    let Some(mut fields) = Fields::new(node, what, diagnostics) else { return RuleUser::Any };
    let groups = references(&mut fields, "groups", "a group of this file", known.groups, diagnostics);
    let users = references(&mut fields, "users", "a person of this file", known.logins, diagnostics);
    fields.finish(diagnostics);
    RuleUser::OneOf { groups, users }
}

/// Lower comes first; where it is not given, the order of the file.
fn priority(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> i64 {
    let Some(node) = fields.optional("priority") else { return i64::MAX };
    node.to_json().as_i64().unwrap_or_else(|| {
        diagnostics.expected(node, "a whole number");
        i64::MAX
    })
}

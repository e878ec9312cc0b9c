//! Client scopes and protocol mappers: where a realm's tokens get their audiences and claims from.

use spanned_yaml::{Diagnostics, Fields, Node};

use super::super::{
    AudienceMapper, Claim, ClaimForm, ClaimValue, Scope,
    reading::{Names, reference, scope_name, unique},
};

/// What the client scopes of a realm come to.
#[derive(Debug, Default)]
pub(super) struct Scopes {
    pub(super) own: Vec<Scope>,
    /// Those that stand in no `scope`.
    pub(super) hidden: Vec<String>,
    pub(super) audiences: Vec<AudienceMapper>,
    pub(super) claims: Vec<Claim>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Audience,
    GroupMembership,
    RealmRole,
    Attribute,
}

const KINDS: [(&str, Kind); 4] = [
    ("Audience", Kind::Audience),
    ("Group Membership", Kind::GroupMembership),
    ("User Realm Role", Kind::RealmRole),
    ("User Attribute", Kind::Attribute),
];

/// What a mapper adds to tokens.
enum Adds {
    Audience(String),
    Claim(Claim),
}

pub(super) fn client_scope(
    node: &Node,
    clients: &[String],
    names: &mut Names,
    scopes: &mut Scopes,
    diagnostics: &mut Diagnostics,
) {
    let Some(mut fields) = Fields::new(node, "a client scope", diagnostics) else { return };
    let name = unique(&mut fields, "name", "client scope", names, diagnostics);
    fields.text("description", diagnostics);
    let shown = fields.boolean("include_in_token_scope", diagnostics).unwrap_or(true);
    let mappers = fields.list("protocol_mappers", diagnostics);
    let adds: Vec<_> = mappers.iter().filter_map(|node| mapper(node, clients, diagnostics)).collect();
    fields.finish(diagnostics);
    let Some(name) = name else { return };
    scope_name(&name, node, diagnostics);
    for adds in adds {
        let scope = Some(name.clone());
        match adds {
            Adds::Audience(audience) => {
                scopes.audiences.push(AudienceMapper { audience, scope, client: None });
            }
            Adds::Claim(claim) => scopes.claims.push(Claim { scopes: Some(vec![name.clone()]), ..claim }),
        }
    }
    if !shown {
        scopes.hidden.push(name.clone());
    }
    scopes.own.push(Scope { name, default: false, published: true });
}

/// The mappers of a client's dedicated scope: audiences only, of what the mock reads.
pub(super) fn dedicated_mappers(
    fields: &mut Fields<'_>,
    client: &str,
    clients: &[String],
    diagnostics: &mut Diagnostics,
) -> Vec<AudienceMapper> {
    let mut mappers = Vec::new();
    for node in fields.list("protocol_mappers", diagnostics) {
        match mapper(node, clients, diagnostics) {
            Some(Adds::Audience(audience)) => {
                let client = Some(client.to_owned());
                mappers.push(AudienceMapper { audience, scope: None, client });
            }
            Some(Adds::Claim(_)) => {
                diagnostics
                    .error(node.span, "a client's own mappers are of the type `Audience`")
                    .help("put it into a client scope, and that into the client's `default_client_scopes`");
            }
            None => {}
        }
    }
    mappers
}

fn mapper(node: &Node, clients: &[String], diagnostics: &mut Diagnostics) -> Option<Adds> {
    let mut fields = Fields::new(node, "a protocol mapper", diagnostics)?;
    fields.text("name", diagnostics);
    fields.required("mapper_type", diagnostics);
    let kind = fields.choice("mapper_type", &KINDS, diagnostics);
    let adds = match kind {
        None => return None,
        Some(Kind::Audience) => audience(&mut fields, clients, diagnostics).map(Adds::Audience),
        Some(kind) => claim(kind, &mut fields, diagnostics).map(Adds::Claim),
    };
    fields.finish(diagnostics);
    adds
}

/// Either a client of the realm, or any text.
fn audience(fields: &mut Fields<'_>, clients: &[String], diagnostics: &mut Diagnostics) -> Option<String> {
    let custom = fields.text("included_custom_audience", diagnostics).map(str::to_owned);
    let client = fields.optional("included_client_audience");
    let client = client.map(|node| reference(node, "a client of this file", clients, diagnostics));
    match (client, custom) {
        (Some(client), None) => client,
        (None, Some(custom)) => Some(custom),
        (Some(_), Some(_)) => {
            diagnostics
                .error(fields.span(), "a mapper includes a client audience or a custom one")
                .help("Keycloak takes the client alone: remove `included_custom_audience`");
            None
        }
        (None, None) => {
            diagnostics
                .error(fields.span(), "an audience mapper includes no audience")
                .help("add `included_client_audience` or `included_custom_audience`");
            None
        }
    }
}

fn claim(kind: Kind, fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Option<Claim> {
    let name = fields.required_text("token_claim_name", diagnostics).map(str::to_owned);
    let (attribute, form) = match kind {
        Kind::GroupMembership => {
            let full = fields.boolean("full_group_path", diagnostics).unwrap_or(true);
            (Some("groups".to_owned()), if full { ClaimForm::Paths } else { ClaimForm::Names })
        }
        Kind::RealmRole => (Some("realm_roles".to_owned()), ClaimForm::AsIs),
        Kind::Attribute | Kind::Audience => {
            (fields.required_text("user_attribute", diagnostics).map(str::to_owned), ClaimForm::AsIs)
        }
    };
    let mut switch = |key| fields.boolean(key, diagnostics).unwrap_or(true);
    let (in_access_token, in_id_token) = (switch("add_to_access_token"), switch("add_to_id_token"));
    Some(Claim {
        name: name?,
        value: ClaimValue::Attribute(attribute?),
        form,
        in_access_token,
        in_id_token,
        in_userinfo: in_id_token,
        scopes: None,
    })
}

//! Principals and things as Cedar entities.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{Entities, Entity, EntityId, EntityTypeName, EntityUid, RestrictedExpression};

use super::NotReady;
use crate::{
    rbac::{Clause, Compiled, Offered, Who},
    vocabulary::{Action, Hints, Principal, Request},
};

/// The names that the policies of one server know, and the entity types, parsed once.
#[derive(Debug)]
pub(super) struct Names {
    id: String,
    server: EntityUid,
    groups: BTreeSet<String>,
    roles: BTreeSet<String>,
    client: EntityTypeName,
    group: EntityTypeName,
    role: EntityTypeName,
    tool: EntityTypeName,
    prompt: EntityTypeName,
    resource: EntityTypeName,
    actions: BTreeMap<Action, EntityUid>,
}

/// What a request is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Subject<'r> {
    /// The server itself: a list.
    Server,
    /// One of its things.
    Thing(Offered, &'r str, Hints),
}

impl<'r> Subject<'r> {
    pub(super) fn of(request: &Request<'r>) -> Self {
        match *request {
            Request::ListTools | Request::ListPrompts | Request::ListResources => Self::Server,
            Request::CallTool { tool, hints } => Self::Thing(Offered::Tool, tool, hints),
            Request::GetPrompt(name) => Self::Thing(Offered::Prompt, name, Hints::default()),
            Request::ReadResource(uri) => Self::Thing(Offered::Resource, uri, Hints::default()),
        }
    }
}

impl Names {
    pub(super) fn of(compiled: &Compiled) -> Result<Self, NotReady> {
        let (mut known_groups, mut known_roles) = (BTreeSet::new(), BTreeSet::new());
        for statement in compiled.statements() {
            if let Who::Holders { held, narrowed } = &*statement.who {
                for Clause { groups, roles } in held.iter().chain(narrowed.iter().flatten()) {
                    known_groups.extend(groups.iter().cloned());
                    known_roles.extend(roles.iter().cloned());
                }
            }
        }
        let entity_type = |name: &str| name.parse::<EntityTypeName>().map_err(NotReady::because);
        let action = entity_type("Action")?;
        let id = compiled.server().to_string();
        Ok(Self {
            server: uid(&entity_type("MCP")?, &id),
            id,
            groups: known_groups,
            roles: known_roles,
            client: entity_type("Client")?,
            group: entity_type("Group")?,
            role: entity_type("Role")?,
            tool: entity_type("Tool")?,
            prompt: entity_type("Prompt")?,
            resource: entity_type("Resource")?,
            actions: Action::ALL.into_iter().map(|one| (one, uid(&action, one.name()))).collect(),
        })
    }

    pub(super) fn narrowed(&self, mut principal: Principal) -> Principal {
        principal.groups.retain(|name| self.groups.contains(name));
        principal.roles.retain(|name| self.roles.contains(name));
        principal
    }

    /// The principal. A group or role that no policy asks for decides nothing, and a user may have hundreds.
    pub(super) fn principal(&self, principal: &Principal) -> Result<Entity, String> {
        let id = uid(&self.client, &client_id(&principal.issuer, &principal.subject));
        let groups = principal.groups.intersection(&self.groups).map(|name| uid(&self.group, name));
        let roles = principal.roles.intersection(&self.roles).map(|name| uid(&self.role, name));
        Entity::new_with_tags(id, [], groups.chain(roles), []).map_err(|error| error.to_string())
    }

    /// The principal and things. They refer to the server without its being there: it has no attributes.
    pub(super) fn with<'r>(
        &self,
        principal: &Entity,
        subjects: impl IntoIterator<Item = &'r Subject<'r>>,
    ) -> Result<Entities, String> {
        let mut entities = vec![principal.clone()];
        for subject in subjects {
            if let Subject::Thing(offered, name, hints) = subject {
                let uid = self.uid(subject);
                entities.push(self.thing(uid, *offered, name, *hints)?);
            }
        }
        Entities::from_entities(entities, None).map_err(|error| error.to_string())
    }

    fn thing(&self, uid: EntityUid, offered: Offered, name: &str, hints: Hints) -> Result<Entity, String> {
        let written = RestrictedExpression::new_string(name.to_owned());
        let mut attributes = vec![(offered.attribute().to_owned(), written)];
        if offered == Offered::Tool {
            let hints = [
                ("readOnlyHint", hints.read_only),
                ("destructiveHint", hints.destructive),
                ("idempotentHint", hints.idempotent),
                ("openWorldHint", hints.open_world),
            ];
            attributes.extend(hints.into_iter().filter_map(|(hint, value)| {
                value.map(|value| (hint.to_owned(), RestrictedExpression::new_bool(value)))
            }));
        }
        Entity::new_with_tags(uid, attributes, [self.server.clone()], []).map_err(|error| error.to_string())
    }

    /// The entity that is asked about. Ids carry the server's, so that the same name elsewhere is another thing.
    pub(super) fn uid(&self, subject: &Subject<'_>) -> EntityUid {
        let (offered, name) = match subject {
            Subject::Server => return self.server.clone(),
            Subject::Thing(offered, name, _) => (offered, name),
        };
        let entity_type = match offered {
            Offered::Tool => &self.tool,
            Offered::Prompt => &self.prompt,
            Offered::Resource => &self.resource,
        };
        uid(entity_type, &format!("{}/{name}", self.id))
    }

    pub(super) fn action(&self, action: Action) -> Option<EntityUid> {
        self.actions.get(&action).cloned()
    }
}

/// `<issuer>|<subject>`, with the bars of the issuer escaped, so that two principals never have one id.
fn client_id(issuer: &str, subject: &str) -> String {
    format!("{}|{subject}", issuer.replace('%', "%25").replace('|', "%7C"))
}

fn uid(entity_type: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(entity_type.clone(), EntityId::new(id))
}

#[cfg(test)]
mod tests {
    use super::client_id;

    #[test]
    fn two_principals_never_have_one_id() {
        let ids =
            [("a", "b|c"), ("a|b", "c"), ("a%7Cb", "c"), ("a", "b%7Cc"), ("a%7Cb|c", ""), ("a", "%7Cb|c")];
        let ids: std::collections::BTreeSet<_> = ids.iter().map(|(iss, sub)| client_id(iss, sub)).collect();
        assert_eq!(ids.len(), 6, "{ids:?}");
        assert_eq!(client_id("https://idp.example.com", "alice"), "https://idp.example.com|alice");
    }
}

//! The open-source proxy, as far as a `cedarv1` file goes: how it loads one and what it asks Cedar for a request.
//!
//! Read in its source (`pkg/authz` of stacklok/toolhive): every claim becomes an attribute `claim_<name>` of the
//! principal and of the context; the values of the group claim (or, where that is absent, of `groups`, `roles`,
//! `cognito:groups` in turn) and of the role claim become parents of one type; a tool, prompt or resource has its exact
//! name as id and `MCP::"<metadata.name>"` as parent; hints are attributes of the tool; any error of evaluation denies;
//! list actions are never evaluated. One policy a string, at least one.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, Policy, PolicyId,
    PolicySet, Request, RestrictedExpression,
};
use serde_json::Value;

use super::interpreter::Wish;

/// A proxy that has loaded its file.
pub(crate) struct Proxy {
    policies: PolicySet,
    entities: Entities,
    group_claim: String,
    role_claim: String,
    group_type: EntityTypeName,
    server: String,
}

/// What became of a request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) allowed: bool,
    pub(crate) errors: Vec<String>,
}

impl Proxy {
    /// Loads a file for the server of this `metadata.name`.
    pub(crate) fn load(file: &Value, server: &str) -> Result<Self, String> {
        if file["type"] != "cedarv1" || !file["version"].is_string() {
            return Err("not a cedarv1 file".to_owned());
        }
        let cedar = &file["cedar"];
        let texts =
            cedar["policies"].as_array().filter(|texts| !texts.is_empty()).ok_or("no policies loaded")?;
        let mut policies = PolicySet::new();
        for (index, text) in texts.iter().enumerate() {
            let text = text.as_str().ok_or("a policy that is no string")?;
            let policy = Policy::parse(Some(PolicyId::new(format!("policy{index}"))), text)
                .map_err(|error| format!("policy {index}: {error}\n{text}"))?;
            policies.add(policy).map_err(|error| error.to_string())?;
        }
        let entities = cedar["entities_json"].as_str().ok_or("entities_json is no string")?;
        let entities = match entities {
            "" => Entities::empty(),
            _ => Entities::from_json_str(entities, None).map_err(|error| error.to_string())?,
        };
        let said = |key: &str| cedar[key].as_str().unwrap_or_default();
        let group_type =
            Some(said("group_entity_type")).filter(|name| !name.is_empty()).unwrap_or("THVGroup");
        if group_type.contains("::") {
            return Err("namespaced entity types are not supported".to_owned());
        }
        Ok(Self {
            policies,
            entities,
            group_claim: said("group_claim_name").to_owned(),
            role_claim: said("role_claim_name").to_owned(),
            group_type: group_type.parse().map_err(|_| "not an identifier")?,
            server: server.to_owned(),
        })
    }

    /// `None`: it does not ask.
    pub(crate) fn answer(&self, claims: &Value, wish: &Wish) -> Option<Answer> {
        let (kind, operation, feature) = match wish.action.as_str() {
            "call_tool" => ("Tool", "call", "tool"),
            "get_prompt" => ("Prompt", "get", "prompt"),
            "read_resource" => ("Resource", "read", "resource"),
            _ => return None,
        };
        let uid = |kind: &str, id: &str| {
            EntityUid::from_type_name_and_id(kind.parse().expect("a type"), EntityId::new(id))
        };
        let attributes: BTreeMap<String, RestrictedExpression> = claims
            .as_object()
            .expect("claims")
            .iter()
            .map(|(name, value)| (format!("claim_{name}"), expression(value)))
            .collect();
        let parents = self
            .memberships(claims)
            .into_iter()
            .map(|value| EntityUid::from_type_name_and_id(self.group_type.clone(), EntityId::new(value)))
            .collect();
        let principal = uid("Client", claims["sub"].as_str().expect("a subject"));
        let action = uid("Action", &wish.action);
        let resource = uid(kind, &wish.name);
        let text = |text: &str| RestrictedExpression::new_string(text.to_owned());
        let mut described: BTreeMap<&str, RestrictedExpression> =
            [("name", text(&wish.name)), ("operation", text(operation)), ("feature", text(feature))].into();
        if kind == "Resource" {
            described.insert("uri", text(&wish.name));
        }
        for (hint, said) in [("readOnlyHint", wish.read_only), ("destructiveHint", wish.destructive)] {
            described.extend(said.map(|said| (hint, RestrictedExpression::new_bool(said))));
        }
        let entity = |uid: &EntityUid, attributes: BTreeMap<String, RestrictedExpression>, parents| {
            Entity::new(uid.clone(), attributes.into_iter().collect(), parents).expect("attributes")
        };
        let described = described.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let of_request = [
            entity(&principal, attributes.clone(), parents),
            entity(&action, [("operation".to_owned(), text(&wish.action))].into(), [].into()),
            entity(&resource, described, [uid("MCP", &self.server)].into()),
        ];
        let entities = self.entities.clone().upsert_entities(of_request, None).expect("entities");
        let context = Context::from_pairs(attributes).expect("a context");
        let request = Request::new(principal, action, resource, context, None).expect("a request");
        let response = Authorizer::new().is_authorized(&request, &self.policies, &entities);
        let errors: Vec<String> = response.diagnostics().errors().map(ToString::to_string).collect();
        Some(Answer { allowed: errors.is_empty() && response.decision() == Decision::Allow, errors })
    }

    fn memberships(&self, claims: &Value) -> BTreeSet<String> {
        let values = |name: &str| -> Option<Vec<String>> {
            let value = claims
                .get(name)
                .or_else(|| name.split('.').try_fold(claims, |value, part| value.get(part)))?;
            Some(value.as_array()?.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        };
        let groups =
            [self.group_claim.as_str(), "groups", "roles", "cognito:groups"].into_iter().find_map(values);
        groups.into_iter().chain(values(&self.role_claim)).flatten().collect()
    }
}

fn expression(value: &Value) -> RestrictedExpression {
    match value {
        Value::Bool(value) => RestrictedExpression::new_bool(*value),
        Value::String(text) => RestrictedExpression::new_string(text.clone()),
        Value::Array(values) => RestrictedExpression::new_set(values.iter().map(expression)),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| (name.clone(), expression(value)));
            RestrictedExpression::new_record(fields).expect("fields of different names")
        }
        // A Decimal in that proxy. No policy looks at one, it is only no string.
        Value::Number(number) => RestrictedExpression::new_long(number.as_i64().expect("a small number")),
        Value::Null => panic!("no claim here is one"),
    }
}

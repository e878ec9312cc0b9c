//! The JSON Schemas of the custom resources, for editors and for whoever checks manifests without this crate.
//!
//! They are generated from the types here, which spell out what the platform's published schemas say, and lie in
//! `mcp-policy/schemas/`. A test holds both them and the reader to the verdicts of the published ones. They are
//! stricter in one way: inside `spec` of the platform's four kinds an unknown field is refused, where the API server
//! drops it. As in the published ones `apiVersion`, `kind` and `metadata` need not be there; `spec` does, where nothing is said
//! without it. A null stands for a field that
//! is not there: the API server drops it before it validates. The three rules that it evaluates in CEL are there as such (`x-kubernetes-validations`) and once more in
//! JSON Schema's own words, for validators that know no CEL.

mod oidc;
mod platform;
mod policy;

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Map, Value as Json, json};

use crate::manifest::limits::{CelRule, NAME};

/// The schema of one kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    /// The kind.
    pub kind: &'static str,
    /// What the API calls many of it: also the file's name, `<plural>.schema.json`.
    pub plural: &'static str,
    /// The schema, draft 7, which editors know best.
    pub schema: Json,
}

/// The schemas of all seven kinds.
#[must_use]
pub fn all() -> [Published; 7] {
    const PLATFORM: &str = "platform.enterprise.stacklok.com/v1alpha1";
    const ENTERPRISE: &str = "toolhive.enterprise.stacklok.com/v1alpha1";
    const TOOLHIVE: &str = "toolhive.stacklok.dev/v1beta1";
    [
        resource::<platform::RoleSpec>("ClusterPlatformRole", "clusterplatformroles", PLATFORM, "Cluster"),
        resource::<platform::RoleBindingSpec>(
            "ClusterPlatformRoleBinding",
            "clusterplatformrolebindings",
            PLATFORM,
            "Cluster",
        ),
        resource::<platform::RoleBindingSpec>(
            "PlatformRoleBinding",
            "platformrolebindings",
            PLATFORM,
            "Namespaced",
        ),
        resource::<policy::PolicySpec>(
            "ToolhiveAuthorizationPolicy",
            "toolhiveauthorizationpolicies",
            ENTERPRISE,
            "Namespaced",
        ),
        resource::<oidc::ConfigSpec>("MCPOIDCConfig", "mcpoidcconfigs", TOOLHIVE, "Namespaced"),
        resource::<oidc::ServerSpec>("MCPServer", "mcpservers", TOOLHIVE, "Namespaced"),
        resource::<oidc::ServerSpec>("MCPRemoteProxy", "mcpremoteproxies", TOOLHIVE, "Namespaced"),
    ]
}

impl Published {
    /// The text of the file.
    #[must_use]
    pub fn file(&self) -> String {
        format!("{:#}\n", self.schema)
    }
}

fn resource<Spec: JsonSchema>(
    kind: &'static str,
    plural: &'static str,
    api_version: &'static str,
    scope: &'static str,
) -> Published {
    let settings = SchemaSettings::draft07().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut spec = settings.into_generator().into_root_schema_for::<Spec>();
    spec.remove("title");
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    take_nulls(&mut spec);
    // A server without a spec takes nobody's tokens; the others say nothing without one.
    let required = if ["MCPServer", "MCPRemoteProxy"].contains(&kind) {
        spec.insert("type".to_owned(), json!(["object", "null"]));
        json!([])
    } else {
        json!(["spec"])
    };
    let schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": kind,
        "x-kubernetes-group": group,
        "x-kubernetes-kind": kind,
        "x-kubernetes-version": version,
        "x-kubernetes-plural": plural,
        "x-kubernetes-scope": scope,
        "type": "object",
        "properties": {
            "apiVersion": {"type": "string", "enum": [api_version]},
            "kind": {"type": "string", "enum": [kind]},
            "metadata": metadata(scope == "Namespaced"),
            "spec": spec,
            "status": {"description": "Written by the operator.", "type": ["object", "null"]},
        },
        "required": required,
    });
    Published { kind, plural, schema }
}

fn metadata(namespaced: bool) -> Json {
    let mut properties = Map::from_iter([(
        "name".to_owned(),
        json!({
            "type": "string",
            "minLength": 1,
            "maxLength": NAME,
            "pattern": r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
        }),
    )]);
    if namespaced {
        let namespace = json!({
            "type": "string",
            "minLength": 1,
            "maxLength": 63,
            "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
        });
        properties.insert("namespace".to_owned(), namespace);
    }
    json!({"type": "object", "properties": properties})
}

/// Whatever need not be there may be null.
fn take_nulls(schema: &mut schemars::Schema) {
    if let Some(schema) = schema.as_object_mut() {
        take_nulls_within(schema);
    }
}

fn take_nulls_within(schema: &mut Map<String, Json>) {
    let required = schema.get("required").cloned().unwrap_or_default();
    let is_required = |key: &str| required.as_array().is_some_and(|keys| keys.iter().any(|one| one == key));
    let properties = schema.get_mut("properties").and_then(Json::as_object_mut);
    for (key, property) in properties.into_iter().flatten() {
        if let Some(inner) = property.as_object_mut() {
            take_nulls_within(inner);
        }
        if !is_required(key) {
            or_null(property);
        }
    }
    if let Some(items) = schema.get_mut("items").and_then(Json::as_object_mut) {
        take_nulls_within(items);
    }
}

fn or_null(schema: &mut Json) {
    let Some(schema) = schema.as_object_mut() else { return };
    if let Some(kind) = schema.get_mut("type") {
        *kind = json!([kind.take(), "null"]);
    }
    if let Some(values) = schema.get_mut("enum").and_then(Json::as_array_mut) {
        values.push(Json::Null);
    }
    if let Some(variants) = schema.get_mut("oneOf").and_then(Json::as_array_mut) {
        variants.push(json!({"type": "null"}));
    }
}

/// A rule as the API server evaluates it, and the same in JSON Schema's words.
fn rule(schema: &mut schemars::Schema, rule: &CelRule, any_of: &Json) {
    let CelRule { rule, message } = rule;
    schema.insert("anyOf".to_owned(), any_of.clone());
    schema.insert("x-kubernetes-validations".to_owned(), json!([{"message": message, "rule": rule}]));
}

/// One of two lists has something in it.
fn either(first: &str, second: &str) -> Json {
    let some = |key: &str| json!({"properties": {key: {"type": "array", "minItems": 1}}, "required": [key]});
    json!([some(first), some(second)])
}

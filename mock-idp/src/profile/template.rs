//! Placeholders of the profile files: `${name}`, `${name|other}`.
//!
//! A string that is one placeholder becomes the value itself, whatever its type; inside a longer string the value
//! is written out. Without a value the whole string has none, and its field is left out.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

/// Every placeholder there is.
pub(crate) const NAMES: &[&str] = &[
    "access.clients",
    "access.realm",
    "access_token",
    "access_token.expires_at",
    "access_token.expires_at.text",
    "access_token.lifetime",
    "access_token.lifetime.text",
    "access_token.type",
    "at_hash",
    "audience",
    "auth_time",
    "c_hash",
    "claims.access_token",
    "claims.id_token",
    "claims.presented",
    "claims.userinfo",
    "client.authentication",
    "client.id",
    "client.object_id",
    "client.origins",
    "client_info",
    "code",
    "device.code",
    "device.interval",
    "device.interval.text",
    "device.lifetime",
    "device.lifetime.text",
    "device.page",
    "device.user_code",
    "endpoint.authorize",
    "endpoint.device_authorize",
    "endpoint.introspect",
    "endpoint.keys",
    "endpoint.logout",
    "endpoint.register",
    "endpoint.revoke",
    "endpoint.token",
    "endpoint.userinfo",
    "error",
    "error.code",
    "error.uri",
    "error_description",
    "format.client_id_claim",
    "format.scope",
    "format.scp",
    "format.type_header",
    "groups",
    "groups.claim_names",
    "groups.claim_sources",
    "groups.has_groups",
    "id_token",
    "id_token.expires_at",
    "issuer",
    "issuer.path",
    "key.alg",
    "key.crv",
    "key.e",
    "key.kid",
    "key.kty",
    "key.n",
    "key.use",
    "key.x",
    "key.x5c",
    "key.x5t",
    "key.x5t_s256",
    "key.y",
    "nonce",
    "now",
    "now.text",
    "optional.idtyp",
    "parameter",
    "permissions",
    "rate_limit.reset",
    "rate_limit.seconds",
    "refresh_token",
    "request.correlation_id",
    "request.id",
    "request.time",
    "request.trace_id",
    "roles",
    "scope",
    "scope.api",
    "scope.invalid",
    "scope.qualified",
    "scope.valid",
    "scopes",
    "scopes_supported",
    "server.id",
    "server.origin",
    "session.event",
    "session.id",
    "state",
    "target",
    "tenant.idp",
    "token.aio",
    "token.guid",
    "token.id",
    "token.nonce",
    "token.rh",
    "token.uti",
    "user.email",
    "user.family_name",
    "user.given_name",
    "user.groups",
    "user.groups.some",
    "user.id",
    "user.idp",
    "user.login",
    "user.name",
    "user.nickname",
    "user.pairwise",
];

/// `${claim.exp}` is the claim `exp` of the token that was presented.
const CLAIM: &str = "claim.";

/// The values of placeholders: some tens, so that a list is searched faster than it could be sorted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Vars {
    /// Those that do not change from request to request.
    base: Option<Arc<Vars>>,
    /// The newest of a name counts.
    own: Vec<(&'static str, Json)>,
}

impl Vars {
    /// Values to add to others.
    pub(crate) fn over(base: Arc<Self>) -> Self {
        Self { base: Some(base), own: Vec::with_capacity(48) }
    }

    /// Gives a placeholder its value.
    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<Json>) {
        debug_assert!(is_known(name), "`{name}` is not among the placeholders");
        self.own.push((name, value.into()));
    }

    /// Takes back, when `run` is over, what it has set.
    pub(crate) fn scoped<T>(&mut self, run: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.own.len();
        let result = run(self);
        self.own.truncate(before);
        result
    }

    /// Gives a placeholder its value, if there is one.
    pub(crate) fn set_some(&mut self, name: &'static str, value: Option<impl Into<Json>>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    /// Takes over the values of some placeholders.
    pub(crate) fn copy(&mut self, from: &Self, names: &[&'static str]) {
        for name in names {
            self.set_some(name, from.value(name).cloned());
        }
    }

    /// The value with its placeholders filled in.
    pub(crate) fn expand(&self, value: &Json) -> Option<Json> {
        match value {
            Json::String(text) => match whole(text) {
                Some(names) => self.lookup(names).cloned(),
                None => self.expand_text(text).map(Json::String),
            },
            Json::Array(items) => Some(items.iter().filter_map(|item| self.expand(item)).collect()),
            Json::Object(members) => Some(Json::Object(
                members
                    .iter()
                    .filter_map(|(name, value)| Some((name.clone(), self.expand(value)?)))
                    .collect::<Map<_, _>>(),
            )),
            other => Some(other.clone()),
        }
    }

    /// A text with its placeholders filled in.
    pub(crate) fn expand_text(&self, text: &str) -> Option<String> {
        let mut expanded = String::new();
        let mut rest = text;
        while let Some((before, names, after)) = next(rest) {
            expanded.push_str(before);
            match self.lookup(names)? {
                Json::String(value) => expanded.push_str(value),
                value => expanded.push_str(&value.to_string()),
            }
            rest = after;
        }
        expanded.push_str(rest);
        Some(expanded)
    }

    /// The same for a text that people read: a placeholder without a value leaves a gap, not nothing.
    pub(crate) fn expand_sentence(&self, text: &str) -> String {
        let mut expanded = String::new();
        let mut rest = text;
        while let Some((before, names, after)) = next(rest) {
            expanded.push_str(before);
            match self.lookup(names) {
                Some(Json::String(value)) => expanded.push_str(value),
                Some(value) => expanded.push_str(&value.to_string()),
                None => {}
            }
            rest = after;
        }
        expanded.push_str(rest);
        expanded
    }

    /// The placeholder has a value.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    fn lookup(&self, names: &str) -> Option<&Json> {
        names.split('|').find_map(|name| match name.strip_prefix(CLAIM) {
            Some(claim) => self.value("claims.presented")?.get(claim),
            None => self.value(name),
        })
    }

    fn value(&self, name: &str) -> Option<&Json> {
        let own = self.own.iter().rev().find(|(known, _)| *known == name);
        own.map(|(_, value)| value).or_else(|| self.base.as_ref()?.value(name))
    }
}

/// The names in a value that are no placeholders.
pub(crate) fn unknown_names(value: &Json) -> Vec<String> {
    match value {
        Json::String(text) => {
            let mut unknown = Vec::new();
            let mut rest = text.as_str();
            while let Some((_, names, after)) = next(rest) {
                unknown.extend(names.split('|').filter(|name| !is_known(name)).map(str::to_owned));
                rest = after;
            }
            unknown
        }
        Json::Array(items) => items.iter().flat_map(unknown_names).collect(),
        Json::Object(members) => members.values().flat_map(unknown_names).collect(),
        _ => Vec::new(),
    }
}

/// Splits at the first placeholder: before, names, after.
pub(crate) fn next(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("${")?;
    let (names, after) = rest.split_once('}')?;
    Some((before, names, after))
}

/// The names of a value that is one placeholder.
pub(crate) fn whole(text: &str) -> Option<&str> {
    let names = text.strip_prefix("${")?.strip_suffix('}')?;
    (!names.contains('}')).then_some(names)
}

/// There is such a placeholder.
pub(crate) fn is_known(name: &str) -> bool {
    NAMES.contains(&name) || name.starts_with(CLAIM)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_newest_value_counts_until_its_scope_ends() {
        let mut base = Vars::default();
        base.set("now", 1);
        let mut vars = Vars::over(Arc::new(base));
        let now = |vars: &Vars| vars.expand_text("${now}").unwrap();
        assert_eq!(now(&vars), "1");
        vars.set("now", 2);
        assert_eq!(
            vars.scoped(|vars| [now(vars), {
                vars.set("now", 3);
                now(vars)
            }]),
            ["2", "3"]
        );
        assert_eq!(now(&vars), "2");
    }

    #[test]
    fn placeholders_keep_types_and_absence() {
        let mut vars = Vars::default();
        vars.set("now", 7);
        vars.set("client.id", "c");
        assert_eq!(vars.expand(&json!("${now}")), Some(json!(7)));
        assert_eq!(vars.expand(&json!("at ${now}.")), Some(json!("at 7.")));
        assert_eq!(vars.expand(&json!("${now}${client.id}")), Some(json!("7c")));
        assert_eq!(vars.expand(&json!("${user.id|client.id}")), Some(json!("c")));
        assert_eq!(vars.expand(&json!("${user.id}")), None);
        assert_eq!(vars.expand(&json!(["${user.id}", "${now}", 1.5])), Some(json!([7, 1.5])));
        assert_eq!(unknown_names(&json!({"a": ["${clientid} ${now}"]})), ["clientid"]);
    }
}

//! What the directives of an envelope come to: their values, who may change them, and what holds without contact.
//!
//! Pure. The envelope was verified and may still say what this client does not know: an unknown enforcement counts as
//! enforced, an unknown degraded policy as `block_new` (PLATFORM.md CL-VERIFY).

use std::{collections::BTreeMap, fmt};

use jiff::SignedDuration;
use serde::Serialize;
use serde_json::{Map, Value as Json};
use spanned_yaml::{Diagnostics, Severity, Source as Text, parse};

use crate::model::{
    directives::{DegradedPolicy, Directives},
    duration,
    rule::{Rule, Rules},
};

/// The directives that a user may have a value for (EM-DIRECTIVES).
pub(super) const KNOWN: &[&str] = &[
    "registry",
    "non_registry_servers",
    "telemetry",
    "ca_certificate",
    "build_env",
    "playground",
    "help_menu",
    "assistant",
];

const DEGRADED_MODE: &str = "degraded_mode";

/// The policy in force.
pub(super) struct Policy {
    directives: BTreeMap<String, Directive>,
    degraded_mode: Option<Json>,
    rules: Rules,
}

struct Directive {
    value: Json,
    enforced: bool,
}

/// What holds without contact. The default is that of an absent `degraded_mode` (CL-GRACE).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Degraded {
    pub(super) policy: DegradedPolicy,
    /// Not negative.
    pub(super) grace: SignedDuration,
    pub(super) message: Option<String>,
}

/// A setting as it is in effect.
#[derive(Clone, PartialEq, Serialize)]
pub struct Setting {
    /// Its value.
    pub value: Json,
    /// Whose value that is.
    pub source: Source,
}

/// Whose value a setting has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The policy's, which nobody can override.
    Enforced,
    /// The policy's, as a default.
    Default,
    /// The user's own.
    Local,
}

impl Policy {
    /// Reads the directives of an envelope.
    pub(super) fn read(config: &Map<String, Json>, rules: Rules) -> Self {
        let directives = config.iter().filter(|(name, _)| *name != DEGRADED_MODE).map(|(name, directive)| {
            let value = directive.get("value").cloned().unwrap_or_default();
            let enforced = directive.get("enforcement").and_then(Json::as_str) != Some("default");
            (name.clone(), Directive { value, enforced })
        });
        let degraded_mode = config.get(DEGRADED_MODE).filter(|value| !value.is_null()).cloned();
        Self { directives: directives.collect(), degraded_mode, rules }
    }

    /// Nobody may override the directive. A directive that the policy does not have locks nothing.
    pub(super) fn locks(&self, name: &str) -> bool {
        if name == DEGRADED_MODE {
            return true;
        }
        self.directives.get(name).is_some_and(|directive| {
            if directive.enforced {
                self.rules.hold(Rule::ClEnforced)
            } else {
                !self.rules.hold(Rule::ClDefault)
            }
        })
    }

    /// There is such a directive, here or in the policy.
    pub(super) fn knows(&self, name: &str) -> bool {
        KNOWN.contains(&name) || self.directives.contains_key(name)
    }

    /// Every setting in effect, by name.
    pub(super) fn settings(&self, local: &Map<String, Json>) -> BTreeMap<String, Setting> {
        let own = local.iter().filter(|(name, _)| !self.locks(name));
        let own =
            own.map(|(name, value)| (name.clone(), Setting { value: value.clone(), source: Source::Local }));
        let mut settings: BTreeMap<_, _> = own.collect();
        for (name, directive) in &self.directives {
            let source = if self.locks(name) { Source::Enforced } else { Source::Default };
            let of_policy = || Setting { value: directive.value.clone(), source };
            settings.entry(name.clone()).or_insert_with(of_policy);
        }
        if let Some(value) = &self.degraded_mode {
            let setting = Setting { value: value.clone(), source: Source::Enforced };
            settings.insert(DEGRADED_MODE.to_owned(), setting);
        }
        settings
    }

    /// Servers outside the registry are permitted: where `non_registry_servers` is true, or nobody set it.
    pub(super) fn permits_servers_outside(&self, local: &Map<String, Json>) -> bool {
        let name = "non_registry_servers";
        let enforced = self.directives.get(name).is_some_and(|directive| directive.enforced);
        // CL-ENFORCED: broken, only the user's own word counts.
        let value = if enforced && !self.rules.hold(Rule::ClEnforced) {
            local.get(name)
        } else {
            self.effective(name, local)
        };
        value.is_none_or(|value| *value == Json::Bool(true))
    }

    /// The registry's API, if there is a registry.
    pub(super) fn registry<'p>(&'p self, local: &'p Map<String, Json>) -> Option<&'p str> {
        self.effective("registry", local)?.get("api_url")?.as_str()
    }

    fn effective<'p>(&'p self, name: &str, local: &'p Map<String, Json>) -> Option<&'p Json> {
        let of_policy = || self.directives.get(name).map(|directive| &directive.value);
        if self.locks(name) { of_policy() } else { local.get(name).or_else(of_policy) }
    }

    /// What holds without contact.
    pub(super) fn degraded(&self) -> Degraded {
        let Some(mode) = &self.degraded_mode else { return Degraded::default() };
        let text = |member| mode.get(member).and_then(Json::as_str);
        Degraded {
            policy: match text("policy") {
                Some("warn") => DegradedPolicy::Warn,
                _ => DegradedPolicy::BlockNew,
            },
            // A grace that cannot be read is none.
            grace: text("grace_period")
                .and_then(|grace| duration::parse(grace).ok())
                .unwrap_or_default()
                .max(SignedDuration::ZERO),
            message: text("message").map(str::to_owned),
        }
    }
}

impl Default for Degraded {
    fn default() -> Self {
        Self { policy: DegradedPolicy::Warn, grace: SignedDuration::ZERO, message: None }
    }
}

/// What is wrong with a user's value for a directive, in the words that the Manager has for its own policy.
pub(super) fn mistake(name: &str, value: &Json) -> Option<String> {
    if !KNOWN.contains(&name) {
        return None;
    }
    let policy = serde_json::json!({ name: { "value": value, "enforcement": "default" } });
    let mut findings = Diagnostics::new(Text::new("local value", policy.to_string()));
    if let Some(node) = parse(&mut findings) {
        Directives::read(&node, &mut findings);
    }
    findings.iter().find(|finding| finding.severity == Severity::Error).map(|finding| finding.message.clone())
}

/// The source only: telemetry headers and build variables may hold secrets.
impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setting").field("source", &self.source).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::directives::DegradedPolicy::{BlockNew, Warn};

    fn map(value: Json) -> Map<String, Json> {
        match value {
            Json::Object(map) => map,
            _ => panic!("an object"),
        }
    }

    fn policy(config: Json, rules: Rules) -> Policy {
        Policy::read(&map(config), rules)
    }

    #[test]
    fn who_may_change_a_directive() {
        let enforcements = [
            (json!({ "value": 1, "enforcement": "enforced" }), true),
            (json!({ "value": 1, "enforcement": "default" }), false),
            (json!({ "value": 1, "enforcement": "required" }), true),
            (json!({ "value": 1, "enforcement": "Default" }), true),
            (json!({ "value": 1, "enforcement": 7 }), true),
            (json!({ "value": 1 }), true),
            (json!("text"), true),
            (Json::Null, true),
        ];
        for name in KNOWN.iter().chain(&["another"]) {
            for (directive, locked) in &enforcements {
                let locks = |rules| policy(json!({ *name: directive }), rules).locks(name);
                assert_eq!(locks(Rules::ALL), *locked, "{name} {directive}");
                assert!(!locks(Rules::without(Rule::ClEnforced)), "{name} {directive}");
                assert!(locks(Rules::without(Rule::ClDefault)), "{name} {directive}");
            }
            let empty = |rules| policy(json!({}), rules).locks(name);
            assert!(!empty(Rules::ALL) && !empty(Rules::without(Rule::ClDefault)), "{name} is absent");
        }
        for rules in [Rules::ALL, Rules::without(Rule::ClEnforced)] {
            assert!(policy(json!({}), rules).locks(DEGRADED_MODE));
        }
    }

    #[test]
    fn a_local_value_gives_way_to_an_enforced_one() {
        let config = json!({
            "playground": { "value": false, "enforcement": "enforced" },
            "help_menu": { "value": false, "enforcement": "default" },
            "assistant": { "value": false, "enforcement": "default" },
            "degraded_mode": { "policy": "warn" },
        });
        let local = map(json!({ "playground": true, "help_menu": true, "telemetry": 1 }));
        let settings = json!(policy(config, Rules::ALL).settings(&local));
        assert_eq!(
            settings,
            json!({
                "assistant": { "value": false, "source": "default" },
                "degraded_mode": { "value": { "policy": "warn" }, "source": "enforced" },
                "help_menu": { "value": true, "source": "local" },
                "playground": { "value": false, "source": "enforced" },
                "telemetry": { "value": 1, "source": "local" },
            })
        );
    }

    #[test]
    fn whether_servers_outside_the_registry_are_permitted() {
        let directive = |value: Json, enforcement| json!({ "non_registry_servers": { "value": value, "enforcement": enforcement } });
        let none = json!({});
        for (config, local, permitted) in [
            (json!({}), &none, true),
            (directive(json!(true), "enforced"), &none, true),
            (directive(json!(false), "enforced"), &none, false),
            (directive(json!(false), "default"), &none, false),
            (directive(json!("yes"), "enforced"), &none, false),
            (directive(Json::Null, "enforced"), &none, false),
            (directive(json!(false), "enforced"), &json!({ "non_registry_servers": true }), false),
            (directive(json!(true), "enforced"), &json!({ "non_registry_servers": false }), true),
            (directive(json!(false), "default"), &json!({ "non_registry_servers": true }), true),
            (directive(json!(true), "default"), &json!({ "non_registry_servers": false }), false),
            (json!({}), &json!({ "non_registry_servers": false }), false),
        ] {
            let permits = |rules| policy(config.clone(), rules).permits_servers_outside(&map(local.clone()));
            assert_eq!(permits(Rules::ALL), permitted, "{config} {local}");
            let enforced = config["non_registry_servers"]["enforcement"] == "enforced";
            let own = local["non_registry_servers"] != false;
            let broken = if enforced { own } else { permitted };
            assert_eq!(permits(Rules::without(Rule::ClEnforced)), broken, "{config} {local}");
        }
    }

    #[test]
    fn the_registry_in_effect() {
        let own = map(json!({ "registry": { "api_url": "https://own.example.com" } }));
        let with = |enforcement| {
            let value = json!({ "api_url": "https://registry.example.com" });
            policy(json!({ "registry": { "value": value, "enforcement": enforcement } }), Rules::ALL)
        };
        assert_eq!(with("enforced").registry(&own), Some("https://registry.example.com"));
        assert_eq!(with("default").registry(&Map::new()), Some("https://registry.example.com"));
        assert_eq!(with("default").registry(&own), Some("https://own.example.com"));
        assert_eq!(policy(json!({}), Rules::ALL).registry(&Map::new()), None);
        assert_eq!(policy(json!({ "registry": "x" }), Rules::ALL).registry(&own), None);
    }

    #[test]
    fn what_holds_without_contact() {
        let degraded =
            |policy, seconds| Degraded { policy, grace: SignedDuration::from_secs(seconds), message: None };
        for (mode, expected) in [
            (Json::Null, degraded(Warn, 0)),
            (json!({ "policy": "warn" }), degraded(Warn, 0)),
            (json!({ "policy": "warn", "grace_period": "1h" }), degraded(Warn, 3_600)),
            (json!({ "policy": "block_new", "grace_period": "90s" }), degraded(BlockNew, 90)),
            (json!({ "policy": "panic", "grace_period": "1h" }), degraded(BlockNew, 3_600)),
            (json!({ "policy": "block_new", "grace_period": "soon" }), degraded(BlockNew, 0)),
            (json!({ "policy": "block_new", "grace_period": "-1h" }), degraded(BlockNew, 0)),
            (json!({ "policy": "block_new", "grace_period": 7 }), degraded(BlockNew, 0)),
            (json!({}), degraded(BlockNew, 0)),
            (json!([]), degraded(BlockNew, 0)),
        ] {
            assert_eq!(policy(json!({ "degraded_mode": mode }), Rules::ALL).degraded(), expected, "{mode}");
        }
        assert_eq!(policy(json!({}), Rules::ALL).degraded(), degraded(Warn, 0));
        let told =
            policy(json!({ "degraded_mode": { "policy": "warn", "message": "Call us." } }), Rules::ALL);
        assert_eq!(told.degraded().message.as_deref(), Some("Call us."));
    }

    #[test]
    fn a_value_of_another_shape_is_told() {
        for (name, value, good) in [
            ("playground", json!(true), true),
            ("playground", json!("yes"), false),
            ("non_registry_servers", Json::Null, false),
            ("registry", json!({ "api_url": "https://own.example.com" }), true),
            ("registry", json!({ "api_url": "own" }), false),
            ("registry", json!("https://own.example.com"), false),
            ("ca_certificate", json!({ "url": "https://own.example.com/ca.pem" }), true),
            ("ca_certificate", json!({}), false),
            ("build_env", json!({ "GOPROXY": "direct" }), true),
            ("build_env", json!({ "GOPROXY": 1 }), false),
            ("telemetry", json!({ "otel_endpoint": "otel:4317", "sampling_rate": 0.5 }), true),
            ("telemetry", json!({ "otel_endpoint": "otel:4317", "sampling_rate": 1.5 }), false),
            ("another", json!(7), true),
        ] {
            assert_eq!(mistake(name, &value).is_none(), good, "{name} {value}: {:?}", mistake(name, &value));
        }
    }

    #[test]
    fn debug_output_shows_no_value() {
        let setting =
            Setting { value: json!({ "headers": { "authorization": "s3cret" } }), source: Source::Default };
        assert!(!format!("{setting:?}").contains("s3cret"));
    }
}

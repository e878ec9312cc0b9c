//! The questions of an administrator, and which rules answer each: the one place that knows.
//!
//! A question is a heading over rules, never a verdict of its own: [`answer`] is the worst status of its rules.

use crate::{
    model::identifier::RequirementId,
    outcome::{CheckStatus, RequirementRow},
};

/// A question, what a good answer means, and where to look when there is none.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Topic {
    /// For links: `keys`.
    pub(super) name: &'static str,
    /// In an administrator's words.
    pub(super) question: &'static str,
    /// What is expected of the platform.
    pub(super) expected: &'static str,
    /// Where to look first: in the values file, in Okta, in Entra ID, in the platform.
    pub(super) look: &'static [(&'static str, &'static str)],
    /// The rules: ids, and families as `MCP-*`.
    rules: &'static [&'static str],
}

/// Every question, in the order in which a set-up is checked.
pub(super) const TOPICS: &[Topic] = &[
    Topic {
        name: "sign-in-server",
        question: "Can we find your sign-in server?",
        expected: "Every component finds the identity provider from its own settings, and believes only the one \
                   whose published issuer is exactly the configured one.",
        look: &[
            (
                "Values file",
                "issuer of idpConfig and of oidc: the same characters, a trailing slash included",
            ),
            ("Okta", "Security > API > Authorization Servers: the server's Issuer URI"),
            ("Entra ID", "App registrations > Endpoints: the OpenID Connect metadata document, v2.0"),
        ],
        rules: &["TOK-META", "TOK-PRM", "EM-WELLKNOWN", "CL-BOOTSTRAP", "CL-PRM", "CFG-*"],
    },
    Topic {
        name: "keys",
        question: "Can we trust its keys?",
        expected: "Only signatures by the identity provider's published keys count, with the algorithms that are \
                   allowed; new keys are found, removed ones stop counting.",
        look: &[
            ("Network", "can every component reach the jwks_uri of the discovery document?"),
            ("Okta", "Security > API > Authorization Servers > the server: Signing Key Rotation"),
            ("Entra ID", "App registrations > the app > Manifest: no signing key of its own for the app"),
        ],
        rules: &["TOK-ALG", "TOK-KID", "TOK-KEYSET", "TOK-KEYSET-FAULT", "TOK-HEADERS"],
    },
    Topic {
        name: "audience",
        question: "Do tokens say who they are for?",
        expected: "A component accepts a token only if the token's audience names it, so that a token for one \
                   component opens no other.",
        look: &[
            ("Values file", "audience of each component: the whole value, a prefix api:// included"),
            ("Okta", "Security > API > Authorization Servers > the server > Settings: Audience"),
            ("Entra ID", "App registrations > the API's app > Expose an API: Application ID URI"),
        ],
        rules: &["TOK-AUD", "TOK-AUD-TYPE", "TOK-REPLAY"],
    },
    Topic {
        name: "claims",
        question: "Do they carry what the policy needs?",
        expected: "Tokens carry the required scope, a subject, and groups and roles in the form in which they are \
                   read; what is missing opens nothing.",
        look: &[
            ("Values file", "requiredScope: the exact name of the scope"),
            ("Okta", "Security > API > Authorization Servers > the server: Scopes, Claims, Access Policies"),
            (
                "Entra ID",
                "the API's app: Expose an API for scopes, Token configuration for groups, App roles",
            ),
        ],
        rules: &["TOK-SCOPE", "TOK-SCOPE-ONLY-EM", "TOK-SUB", "CLAIM-*"],
    },
    Topic {
        name: "refusal",
        question: "Are wrong tokens refused?",
        expected: "A token that is forged, expired, malformed, opaque or of another issuer is refused, and the answer \
                   says so without telling secrets.",
        look: &[
            (
                "Platform",
                "the component that accepted: its version, its log, and what terminates TLS before it",
            ),
            ("Okta", "tokens of the org authorization server are for Okta only: use a custom server"),
            (
                "Entra ID",
                "the app's manifest: requestedAccessTokenVersion 2 for an issuer that ends in /v2.0",
            ),
        ],
        rules: &[
            "TOK-JWT",
            "TOK-OPAQUE",
            "TOK-ISS",
            "TOK-EXP",
            "TOK-FORM",
            "TOK-BEARER",
            "TOK-REFUSAL",
            "TOK-SCOPE-401",
            "TOK-CACHE",
        ],
    },
    Topic {
        name: "sign-in",
        question: "Can apps sign in?",
        expected: "A person signs in from the client and in the browser; answers that were tampered with or meant for \
                   another sign-in are refused.",
        look: &[
            ("Values file", "clientID, and clientId and clientSecret of oidc: of the right application each"),
            ("Okta", "Applications > the app > General: grant types and sign-in redirect URIs; Assignments"),
            (
                "Entra ID",
                "App registrations > the app > Authentication: platforms, redirect URIs, public client flows",
            ),
        ],
        rules: &["CL-METADATA", "CL-LOGIN", "CL-LOGIN-CHECK", "CL-ID-TOKEN", "UI-*"],
    },
    Topic {
        name: "policy",
        question: "Does your policy arrive as you wrote it?",
        expected: "The Enterprise Manager serves the configured policy, signed, to whoever holds a valid token, and the \
                   client takes and enforces that policy and no other.",
        look: &[
            (
                "Values file",
                "enterpriseConfig: the directives; signingConfig: the key, envelopeTTL, refreshInterval",
            ),
            ("Platform", "the Enterprise Manager's log and its /healthz"),
        ],
        rules: &[
            "EM-CONFIG",
            "EM-JWKS",
            "EM-KEY",
            "EM-ENVELOPE",
            "EM-DIRECTIVES",
            "EM-DIRECTIVES-LOAD",
            "EM-RELOAD",
            "CL-VERIFY",
            "CL-ROLLBACK",
            "CL-ENFORCED",
            "CL-DEFAULT",
            "UI-POLICY",
            "UI-FLAGS",
        ],
    },
    Topic {
        name: "outage",
        question: "What happens in an outage?",
        expected: "While the Enterprise Manager cannot be reached, the last policy stays in force for as long as you \
                   chose; nothing becomes allowed that was forbidden, and all heals with the first contact.",
        look: &[
            (
                "Values file",
                "envelopeTTL, refreshInterval, and degraded_mode with its policy and grace_period",
            ),
            (
                "Platform",
                "the clocks of client and server; proxies that answer in the Enterprise Manager's place",
            ),
        ],
        rules: &[
            "EM-ETAG",
            "EM-FRESH",
            "CL-CACHE",
            "CL-CONTACT",
            "CL-UNENROLLED",
            "CL-EXPIRED",
            "CL-ONLINE",
            "CL-GRACE",
            "CL-DEGRADED-*",
            "CL-MONOTONE",
            "CL-POLL",
            "CL-WARN",
            "CL-CLOCK",
        ],
    },
    Topic {
        name: "access",
        question: "Who gets access?",
        expected: "People reach the servers, tools and entries that their groups and roles are granted, and no others.",
        look: &[
            (
                "Manifests",
                "ToolhiveAuthorizationPolicy and the role bindings: names of groups and roles as in a token",
            ),
            ("Okta", "Directory > Groups, and the groups claim of the authorization server"),
            (
                "Entra ID",
                "Enterprise applications > the app > Users and groups; groups in a token are object ids",
            ),
        ],
        rules: &["MCP-*", "OP-*", "RS-*", "UI-NAVIGATION", "UI-REGISTRY"],
    },
];

/// Rules of a catalogue of one's own that no question knows.
pub(super) const OTHER: Topic = Topic {
    name: "other",
    question: "What else was tested?",
    expected: "The further rules of this suite hold.",
    look: &[("Suite", "the scenario says what it expects, and why it matters")],
    rules: &[],
};

/// The question that a rule answers: the one that names it, else the one that names its family.
pub(super) fn of(rule: &RequirementId) -> &'static Topic {
    let id = rule.as_str();
    let family = |pattern: &&str| pattern.strip_suffix('*').is_some_and(|family| id.starts_with(family));
    TOPICS
        .iter()
        .find(|topic| topic.rules.contains(&id))
        .or_else(|| TOPICS.iter().find(|topic| topic.rules.iter().any(family)))
        .unwrap_or(&OTHER)
}

/// What a run says about a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Every rule was tested and passed. The only good one.
    AsExpected,
    /// What was tested passed; some rules were not tested.
    AsFarAsTested,
    /// What was tested holds, and somebody should know something about it.
    WithRemarks,
    /// It fails, as is known.
    KnownFailure,
    /// A rule was seen to be broken.
    NotAsExpected,
    /// The platform was not reached, or a control is not green.
    NoVerdict,
    /// None of its rules was put to the test.
    NotTested,
}

impl Answer {
    /// In words.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::AsExpected => "As expected",
            Self::AsFarAsTested => "As expected, as far as tested",
            Self::WithRemarks => "As expected, with remarks",
            Self::KnownFailure => "Not as expected, as is known",
            Self::NotAsExpected => "Not as expected",
            Self::NoVerdict => "Could not be judged",
            Self::NotTested => "Not tested",
        }
    }

    /// The colour and the mark on a page: only what was tested whole and passed is `good`.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::AsExpected => "good",
            Self::AsFarAsTested => "far",
            Self::WithRemarks | Self::KnownFailure => "mixed",
            Self::NotAsExpected => "bad",
            Self::NoVerdict => "void",
            Self::NotTested => "none",
        }
    }

    /// Somebody has something to look at.
    pub(super) const fn is_wanting(self) -> bool {
        matches!(self, Self::WithRemarks | Self::KnownFailure | Self::NotAsExpected | Self::NoVerdict)
    }
}

/// The answer that these rules give: that of the worst.
pub(super) fn answer(rows: &[&RequirementRow]) -> Answer {
    let tested = rows.iter().map(|row| &row.status).filter(|status| status.is_tested());
    match CheckStatus::worst(tested) {
        Some(CheckStatus::Fail | CheckStatus::UnexpectedPass(_)) => Answer::NotAsExpected,
        Some(CheckStatus::Error(_)) => Answer::NoVerdict,
        Some(CheckStatus::ExpectedFail(_)) => Answer::KnownFailure,
        Some(CheckStatus::Warn(_)) => Answer::WithRemarks,
        Some(CheckStatus::Pass) if rows.iter().all(|row| row.status.is_tested()) => Answer::AsExpected,
        Some(CheckStatus::Pass) => Answer::AsFarAsTested,
        Some(CheckStatus::Skipped(_) | CheckStatus::NotApplicable(_) | CheckStatus::NotExercised(_))
        | None => Answer::NotTested,
    }
}

#[cfg(test)]
mod tests {
    use super::{OTHER, TOPICS, of};
    use crate::model::identifier::RequirementId;

    #[test]
    fn every_requirement_of_the_catalogue_has_a_topic() {
        let text = include_str!("../../scenarios/requirements.yaml");
        let (text, _) = text.split_once("\ndivergences:").unwrap();
        let ids: Vec<_> = text.lines().filter_map(|line| line.trim().strip_prefix("- id: ")).collect();
        assert!(ids.len() > 50, "{ids:?}");
        let without: Vec<_> = ids.iter().filter(|id| *of(&RequirementId::new(**id)) == OTHER).collect();
        assert!(without.is_empty(), "src/report/topic.rs knows no question for {without:?}");
    }

    #[test]
    fn no_rule_answers_two_questions_and_an_id_goes_before_its_family() {
        let mut rules: Vec<_> = TOPICS.iter().flat_map(|topic| topic.rules).collect();
        let all = rules.len();
        rules.sort_unstable();
        rules.dedup();
        assert_eq!(rules.len(), all);
        assert_eq!(of(&RequirementId::new("CL-LOGIN-CHECK")).name, "sign-in");
        assert_eq!(of(&RequirementId::new("CL-DEGRADED-WARN")).name, "outage");
        assert_eq!(of(&RequirementId::new("MCP-LIST")).name, "access");
        assert_eq!(of(&RequirementId::new("ACME-1")).name, "other");
    }
}

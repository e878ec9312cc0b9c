//! What is permitted in which mode: the table of PLATFORM.md §5. Pure.
//!
//! First the mode has its say; where it leaves the matter to the directives, they have theirs. Away from the Manager
//! nothing is permitted that the same directives forbid online (CL-MONOTONE).

use super::{mode::Mode, policy::Policy, registry::Membership};
use crate::model::rule::{Rule, Rules};

/// What a user wants of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Install,
    Run,
    /// Let one that is running go on.
    Keep,
}

/// What the server is on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Here {
    pub(super) installed: bool,
    pub(super) running: bool,
}

/// A decision and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) permitted: bool,
    pub(super) rule: Rule,
    pub(super) reason: String,
}

impl Verdict {
    fn permitted(rule: Rule, reason: impl Into<String>) -> Self {
        Self { permitted: true, rule, reason: reason.into() }
    }

    fn blocked(rule: Rule, reason: impl Into<String>) -> Self {
        Self { permitted: false, rule, reason: reason.into() }
    }
}

/// What the mode says of a server; none where the directives decide.
pub(super) fn by_mode(mode: Mode, wish: Wish, here: Here, rules: Rules) -> Option<Verdict> {
    if mode == Mode::Unenrolled && !rules.hold(Rule::ClUnenrolled) {
        return Some(Verdict::permitted(mode.rule(), "there is no policy"));
    }
    let blocked = |reason| Some(Verdict::blocked(mode.rule(), reason));
    // To run what is not here is to install it.
    let is_new = wish == Wish::Install || !(here.installed || here.running);
    match (mode, wish) {
        // CL-UNENROLLED: only what is running already.
        (Mode::Unenrolled, Wish::Keep) if here.running => {
            return Some(Verdict::permitted(mode.rule(), "it was running before there was a policy"));
        }
        (Mode::Unenrolled, _) => return blocked("no policy was ever verified"),
        (Mode::Expired, Wish::Install | Wish::Run) if is_new => {
            return blocked(
                "the policy has ended, and the platform is not reached: nothing new is installed",
            );
        }
        (Mode::DegradedWarn, Wish::Install) if !rules.hold(Rule::ClDegradedWarn) => {
            return blocked("the platform is not reached, and the grace period is over");
        }
        (Mode::DegradedBlock, Wish::Install | Wish::Run) if is_new && rules.hold(Rule::ClDegradedBlock) => {
            return blocked(
                "the platform is not reached, and the grace period is over: nothing new is installed",
            );
        }
        _ => {}
    }
    if wish == Wish::Keep && !here.running {
        return blocked("it is not running");
    }
    // CL-MONOTONE: wherever the mode allows it, the directives must too.
    let asked = rules.hold(Rule::ClMonotone) || !mode.is_away();
    if asked { None } else { Some(Verdict::permitted(mode.rule(), "away from the platform nobody asks")) }
}

/// What the directives say of a server that the mode permits. `outside` is where it stands; none where servers outside
/// the registry are permitted.
pub(super) fn by_directives(mode: Mode, membership: Option<Membership>) -> Verdict {
    match membership {
        None => Verdict::permitted(mode.rule(), "servers outside the registry are permitted"),
        Some(Membership::Member) => Verdict::permitted(mode.rule(), "the registry has it"),
        // CL-ENFORCED
        Some(Membership::Outside(why)) => {
            let reason = format!("servers outside the registry are not permitted: {why}");
            Verdict::blocked(Rule::ClEnforced, reason)
        }
    }
}

/// Whether a user may change the local value of a directive.
pub(super) fn change(mode: Mode, policy: Option<&Policy>, directive: &str, rules: Rules) -> Verdict {
    let Some(policy) = policy else {
        return if rules.hold(Rule::ClUnenrolled) {
            Verdict::blocked(Rule::ClUnenrolled, "no policy was ever verified that would leave it open")
        } else {
            Verdict::permitted(Rule::ClUnenrolled, "there is no policy")
        };
    };
    if mode.is_away() && !rules.hold(Rule::ClMonotone) {
        return Verdict::permitted(mode.rule(), "away from the platform nobody asks");
    }
    if policy.locks(directive) {
        let rule = if rules.hold(Rule::ClDefault) { Rule::ClEnforced } else { Rule::ClDefault };
        return Verdict::blocked(rule, format!("`{directive}` is enforced"));
    }
    if !policy.knows(directive) {
        return Verdict::blocked(Rule::ClDefault, format!("there is no directive `{directive}`"));
    }
    Verdict::permitted(Rule::ClDefault, format!("`{directive}` is not enforced"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value as Json, json};

    use super::*;
    use crate::client::policy::KNOWN;

    /// A policy's directives and a user's own values.
    type Case = (Map<String, Json>, Map<String, Json>);

    const MODES: [Mode; 6] =
        [Mode::Unenrolled, Mode::Expired, Mode::Online, Mode::Grace, Mode::DegradedWarn, Mode::DegradedBlock];
    const WISHES: [Wish; 3] = [Wish::Install, Wish::Run, Wish::Keep];
    const HERE: [Here; 4] = [
        Here { installed: false, running: false },
        Here { installed: true, running: false },
        Here { installed: false, running: true },
        Here { installed: true, running: true },
    ];

    fn outside() -> Membership {
        Membership::Outside("404".into())
    }

    fn server(mode: Mode, wish: Wish, here: Here, membership: Option<Membership>, rules: Rules) -> bool {
        by_mode(mode, wish, here, rules).unwrap_or_else(|| by_directives(mode, membership)).permitted
    }

    /// What one server may do in each mode, as `install run keep`, a letter where it may.
    fn row(mode: Mode, here: Here, membership: Option<&Membership>, rules: Rules) -> String {
        let letters = ["i", "r", "k"];
        WISHES
            .iter()
            .zip(letters)
            .map(
                |(wish, letter)| {
                    if server(mode, *wish, here, membership.cloned(), rules) { letter } else { "-" }
                },
            )
            .collect()
    }

    #[test]
    fn the_table() {
        let [new, installed, running, _] = HERE;
        let (member, out) = (Membership::Member, outside());
        for (mode, of_new, of_installed, of_running) in [
            (Mode::Unenrolled, "---", "---", "--k"),
            (Mode::Expired, "---", "-r-", "-rk"),
            (Mode::Online, "ir-", "ir-", "irk"),
            (Mode::Grace, "ir-", "ir-", "irk"),
            (Mode::DegradedWarn, "ir-", "ir-", "irk"),
            (Mode::DegradedBlock, "---", "-r-", "-rk"),
        ] {
            for permitting in [Some(&member), None] {
                let rows = [new, installed, running].map(|here| row(mode, here, permitting, Rules::ALL));
                assert_eq!(rows, [of_new, of_installed, of_running], "{mode:?}");
            }
            let of_running = if mode == Mode::Unenrolled { "--k" } else { "---" };
            let rows = [new, installed, running].map(|here| row(mode, here, Some(&out), Rules::ALL));
            assert_eq!(rows, ["---", "---", of_running], "{mode:?}");
        }
    }

    #[test]
    fn each_broken_rule_changes_its_cells() {
        let [new, _, running, _] = HERE;
        let (member, out) = (Membership::Member, outside());
        for (rule, mode, here, membership, held, broken) in [
            (Rule::ClUnenrolled, Mode::Unenrolled, new, &out, "---", "irk"),
            (Rule::ClDegradedWarn, Mode::DegradedWarn, new, &member, "ir-", "-r-"),
            (Rule::ClDegradedBlock, Mode::DegradedBlock, new, &member, "---", "ir-"),
            (Rule::ClDegradedBlock, Mode::DegradedBlock, new, &out, "---", "---"),
            (Rule::ClMonotone, Mode::Grace, running, &out, "---", "irk"),
            (Rule::ClMonotone, Mode::DegradedWarn, running, &out, "---", "irk"),
            (Rule::ClMonotone, Mode::DegradedBlock, running, &out, "---", "-rk"),
            (Rule::ClMonotone, Mode::Expired, running, &out, "---", "-rk"),
            (Rule::ClMonotone, Mode::Online, running, &out, "---", "---"),
        ] {
            let seen = (
                row(mode, here, Some(membership), Rules::ALL),
                row(mode, here, Some(membership), Rules::without(rule)),
            );
            assert_eq!(seen, (held.to_owned(), broken.to_owned()), "{} {mode:?}", rule.id());
        }
    }

    /// The values of a directive: for the two that say which servers are permitted, every one that matters.
    fn values(name: &str) -> Vec<Json> {
        match name {
            "non_registry_servers" => vec![json!(true), json!(false), json!("yes")],
            "registry" => vec![json!({ "api_url": "https://registry.example.com" }), json!({})],
            _ => vec![json!({}), json!(true)],
        }
    }

    /// A directive in every value and enforcement, and absent.
    fn directives(name: &str) -> Vec<Json> {
        let enforcements = [json!("enforced"), json!("default"), json!("required"), Json::Null];
        let mut directives = vec![json!({})];
        for (value, enforcement) in values(name)
            .iter()
            .flat_map(|value| enforcements.iter().map(move |enforcement| (value, enforcement)))
        {
            directives.push(json!({ name: { "value": value, "enforcement": enforcement } }));
        }
        directives
    }

    /// Every directive; the two that say which servers are permitted beside one another; each in every degraded mode
    /// and beside every local value.
    fn policies() -> Vec<Case> {
        let mut configs: Vec<_> = KNOWN.iter().flat_map(|name| directives(name)).collect();
        for outside in directives("non_registry_servers") {
            for mut config in directives("registry") {
                config.as_object_mut().unwrap().extend(object(&outside).clone());
                configs.push(config);
            }
        }
        let own = |value| json!({ "non_registry_servers": value, "playground": true });
        let mut policies = Vec::new();
        for degraded_mode in [Json::Null, json!({ "policy": "warn" }), json!({ "policy": "block_new" })] {
            for config in &configs {
                let mut config = object(config).clone();
                config.insert("degraded_mode".to_owned(), degraded_mode.clone());
                for local in [json!({}), own(true), own(false)] {
                    policies.push((config.clone(), object(&local).clone()));
                }
            }
        }
        policies
    }

    fn object(value: &Json) -> &Map<String, Json> {
        value.as_object().unwrap()
    }

    /// The first thing that a mode permits and Online forbids by the same directives, if there is one (CL-MONOTONE).
    fn more_than_online(policies: &[Case], rules: Rules) -> Option<String> {
        for (config, local) in policies {
            let policy = Policy::read(config, rules);
            // In no registry there is no member.
            let registry = policy.registry(local).is_some();
            let members = if registry { vec![Membership::Member, outside()] } else { vec![outside()] };
            for (mode, member) in
                MODES.iter().flat_map(|mode| members.iter().map(move |member| (*mode, member)))
            {
                let membership = (!policy.permits_servers_outside(local)).then_some(member);
                for (wish, here) in WISHES.iter().flat_map(|wish| HERE.map(|here| (*wish, here))) {
                    // The table's own exception: what was running before there was a policy goes on.
                    if (mode, wish, here.running) == (Mode::Unenrolled, Wish::Keep, true) {
                        continue;
                    }
                    let may = |mode| server(mode, wish, here, membership.cloned(), rules);
                    if may(mode) && !may(Mode::Online) {
                        return Some(format!("{mode:?} {wish:?} {here:?} {config:?} {local:?}"));
                    }
                }
                // Unenrolled it holds no policy, and yet permits no more than any would.
                let held = (mode != Mode::Unenrolled).then_some(&policy);
                for directive in KNOWN.iter().chain(&["degraded_mode", "another"]) {
                    let may = |mode, policy| change(mode, policy, directive, rules).permitted;
                    if may(mode, held) && !may(Mode::Online, Some(&policy)) {
                        return Some(format!("{mode:?} changes {directive} {config:?}"));
                    }
                }
            }
        }
        None
    }

    #[test]
    fn no_mode_permits_what_online_forbids() {
        let policies = policies();
        assert_eq!(KNOWN.len(), 8);
        for rule in Rule::ALL {
            let rules = Rules::without(*rule);
            // Of another component's rule the client asks nothing.
            if !rule.id().starts_with("CL-") {
                continue;
            }
            let shows = [Rule::ClMonotone, Rule::ClUnenrolled].contains(rule);
            assert_eq!(more_than_online(&policies, rules).is_some(), shows, "{} is broken", rule.id());
        }
        assert_eq!(more_than_online(&policies, Rules::ALL), None);
    }

    #[test]
    fn who_may_change_what() {
        let config = json!({
            "help_menu": { "value": 1, "enforcement": "enforced" },
            "playground": { "value": 1, "enforcement": "default" },
            "another": { "value": 1, "enforcement": "default" },
        });
        let may = |directive, rules| {
            let policy = Policy::read(object(&config), rules);
            let verdict = change(Mode::Online, Some(&policy), directive, rules);
            (verdict.permitted, verdict.rule)
        };
        for (directive, expected) in [
            ("help_menu", (false, Rule::ClEnforced)),
            ("playground", (true, Rule::ClDefault)),
            ("another", (true, Rule::ClDefault)),
            ("telemetry", (true, Rule::ClDefault)),
            ("degraded_mode", (false, Rule::ClEnforced)),
            ("nonsense", (false, Rule::ClDefault)),
        ] {
            assert_eq!(may(directive, Rules::ALL), expected, "{directive}");
        }
        assert!(may("help_menu", Rules::without(Rule::ClEnforced)).0);
        assert!(!may("playground", Rules::without(Rule::ClDefault)).0);
        let unenrolled = |rules| change(Mode::Unenrolled, None, "playground", rules).permitted;
        assert!(!unenrolled(Rules::ALL) && unenrolled(Rules::without(Rule::ClUnenrolled)));
    }
}

//! What a user wants of the client, and what it decides: servers to install and to run, values for directives.

use serde_json::Value as Json;

use super::{
    Client, Place,
    decide::{self, Here, Verdict, Wish},
    local::Local,
    mode::Mode,
    policy,
    registry::membership,
    status::{Decision, Poll},
};
use crate::{model::rule::Rule, net::courier::Courier};

/// How a policy warning begins (CL-WARN).
const PREFIX: &str = "[ToolHive Policy Warning] ";

impl Client {
    /// May this server be installed? Remembered as installed when it may.
    pub async fn install(&mut self, courier: &dyn Courier, server: &str) -> Decision {
        let polled = self.recent(courier).await;
        let verdict = self.judge_server(courier, Wish::Install, server).await;
        let warnings = self.warnings_of_install();
        if verdict.permitted {
            self.change(|local| {
                local.installed.insert(server.to_owned());
            });
        }
        Decision { warnings, ..self.decision(verdict, polled) }
    }

    /// May this server be run? Remembered as installed and running when it may.
    pub async fn run(&mut self, courier: &dyn Courier, server: &str) -> Decision {
        let polled = self.recent(courier).await;
        let verdict = self.judge_server(courier, Wish::Run, server).await;
        if verdict.permitted {
            self.change(|local| {
                local.installed.insert(server.to_owned());
                local.running.insert(server.to_owned());
            });
        }
        self.decision(verdict, polled)
    }

    /// May this server, which is running, go on? It is stopped when it may not.
    pub async fn keep(&mut self, courier: &dyn Courier, server: &str) -> Decision {
        let verdict = self.judge_server(courier, Wish::Keep, server).await;
        if !verdict.permitted && self.local.running.contains(server) {
            self.change(|local| {
                local.running.remove(server);
            });
        }
        self.decision(verdict, None)
    }

    /// Sets a value of the user's own for a directive (CL-DEFAULT), unless it is enforced (CL-ENFORCED).
    pub async fn set(&mut self, courier: &dyn Courier, directive: &str, value: Json) -> Decision {
        let polled = self.recent(courier).await;
        let mut verdict = self.judge_change(directive);
        if verdict.permitted
            && let Some(mistake) = policy::mistake(directive, &value)
        {
            verdict = Verdict { permitted: false, rule: Rule::ClDefault, reason: mistake };
        }
        if verdict.permitted {
            self.change(|local| {
                local.overrides.insert(directive.to_owned(), value.clone());
            });
        }
        self.decision(verdict, polled)
    }

    /// Takes the user's own value for a directive away, unless that is enforced.
    pub async fn unset(&mut self, courier: &dyn Courier, directive: &str) -> Decision {
        let polled = self.recent(courier).await;
        let verdict = self.judge_change(directive);
        if verdict.permitted {
            self.change(|local| {
                local.overrides.shift_remove(directive);
            });
        }
        self.decision(verdict, polled)
    }

    /// CL-ONLINE: who decides has a recent contact, or polls first.
    async fn recent(&mut self, courier: &dyn Courier) -> Option<Poll> {
        let recent = self.facts().is_some_and(|facts| facts.is_recent());
        if recent { None } else { Some(self.poll(courier).await) }
    }

    async fn judge_server(&self, courier: &dyn Courier, wish: Wish, server: &str) -> Verdict {
        let mode = self.mode();
        let here = Here {
            installed: self.local.installed.contains(server),
            running: self.local.running.contains(server),
        };
        if let Some(verdict) = decide::by_mode(mode, wish, here, self.rules) {
            return verdict;
        }
        let found = match self.policy() {
            Some(policy) if !policy.permits_servers_outside(&self.local.overrides) => {
                Some(membership(courier, policy.registry(&self.local.overrides), server).await)
            }
            _ => None,
        };
        decide::by_directives(mode, found)
    }

    fn judge_change(&self, directive: &str) -> Verdict {
        decide::change(self.mode(), self.policy().as_ref(), directive, self.rules)
    }

    /// CL-WARN: an install without contact is not silent.
    fn warnings_of_install(&self) -> Vec<String> {
        if !matches!(self.mode(), Mode::Grace | Mode::DegradedWarn) {
            return Vec::new();
        }
        let prefix = if self.rules.hold(Rule::ClWarn) { PREFIX } else { "" };
        let since = self.last_contact.map(|time| format!(" since {time}")).unwrap_or_default();
        let message = self.policy().and_then(|policy| policy.degraded().message);
        let message = message.map(|message| format!(" {message}")).unwrap_or_default();
        vec![format!(
            "{prefix}The platform was not reached{since}: the policy that was last verified decides.{message}"
        )]
    }

    fn decision(&self, verdict: Verdict, polled: Option<Poll>) -> Decision {
        let Verdict { permitted, rule, reason } = verdict;
        let told = !permitted && rule == Rule::ClDegradedBlock;
        Decision {
            permitted,
            mode: self.mode(),
            rule: rule.id().to_owned(),
            reason,
            warnings: Vec::new(),
            message: self.policy().filter(|_| told).and_then(|policy| policy.degraded().message),
            polled,
        }
    }

    /// Changes the user's state. A file that cannot be written is a warning: the change holds in memory.
    fn change(&mut self, change: impl Fn(&mut Local)) {
        let changed = self.local.change(&self.folder, change);
        let warning = changed.err().map(|error| format!("local settings cannot be written: {error}"));
        self.warn(Place::Local, warning);
    }
}

//! What a case knows while it plays: its platform, the tokens it holds, what it captured.

use std::{collections::BTreeMap, sync::OnceLock};

use serde_json::Value as Json;
use spanned_yaml::Source;

use super::{
    CasePlan, Settings,
    browser::Browser,
    clients::Clients,
    control,
    control::User,
    credit::{Asked, Moment, Presentation, Visited, When, Wished},
    held::Held,
    mcp::{Question, Said, Sessions},
    wire::{Wire, shown},
    world::World,
};
use crate::{
    chance::{self, Chance, Seed},
    model::{identifier::Component, identifier::RequirementId, values::Values},
    net::courier::{Courier as _, Request},
    outcome::{Cause, Observation, TokenShown, redact},
    runner::step::Stuck,
    scenario::template::{Now, Scope},
    target::{Endpoint, Platform},
};

/// The whole state of a case. Steps change it; nothing outlives it.
pub(super) struct Context<'a> {
    pub(super) plan: &'a CasePlan,
    pub(super) settings: &'a Settings,
    pub(super) platform: Box<dyn Platform>,
    pub(super) wire: Wire,
    pub(super) chance: Chance,
    pub(super) tokens: BTreeMap<String, Held>,
    /// Tokens in the order in which they came, for the report.
    order: Vec<String>,
    pub(super) captures: BTreeMap<String, Json>,
    pub(super) presentations: Vec<Presentation>,
    /// The index of the step that is being taken.
    pub(super) step: usize,
    /// What clients were asked.
    pub(super) wished: Vec<Wished>,
    /// What MCP servers were asked.
    pub(super) asked: Vec<Asked>,
    /// What was observed, and in which step.
    pub(super) observed: Vec<(usize, Observation)>,
    sessions: Sessions,
    /// What browsers did.
    pub(super) visited: Vec<Visited>,
    /// Browsers by name.
    pub(super) browsers: BTreeMap<String, Browser>,
    /// How many of the plan's changes of manifests were made.
    changed: usize,
    /// What was done to the platform.
    pub(super) world: World,
    /// The simulated clients by name.
    pub(super) clients: Clients,
    values: Option<Values>,
    discovered: OnceLock<Discovered>,
    users: OnceLock<Vec<User>>,
}

/// What the Manager tells its clients about signing in (EM-WELLKNOWN).
#[derive(Clone, Debug)]
pub(super) struct Discovered {
    pub(super) issuer: String,
    pub(super) client_id: String,
    pub(super) scopes: Vec<String>,
}

impl<'a> Context<'a> {
    pub(super) fn new(
        plan: &'a CasePlan,
        settings: &'a Settings,
        seed: Seed,
        platform: Box<dyn Platform>,
    ) -> Self {
        let wire = Wire::new(platform.http().clone(), settings.secrets.clone(), platform.endpoints());
        Self {
            plan,
            settings,
            wire,
            chance: Chance::from_seed(chance::derive(&seed, "client")),
            tokens: BTreeMap::new(),
            order: Vec::new(),
            captures: BTreeMap::new(),
            presentations: Vec::new(),
            step: 0,
            wished: Vec::new(),
            asked: Vec::new(),
            observed: Vec::new(),
            sessions: Sessions::default(),
            visited: Vec::new(),
            browsers: BTreeMap::new(),
            changed: 0,
            world: World::default(),
            clients: Clients::new(chance::derive(&seed, "clients")),
            // The target has read the same file already; what it objected to is not repeated.
            values: Values::read(&plan.values).ok().map(|(values, _)| values),
            discovered: OnceLock::new(),
            users: OnceLock::new(),
            platform,
        }
    }

    /// A component's addresses, or the words for an error.
    pub(super) fn endpoint(&self, component: &Component) -> Result<&Endpoint, String> {
        let components = &self.platform.endpoints().components;
        components.get(component).ok_or_else(|| format!("this platform has no {component}"))
    }

    /// The time on the platform, in seconds since 1970.
    pub(super) fn now(&self) -> i64 {
        self.platform.clock().now().as_second()
    }

    /// The moment at a component, as far as two of them may explain two answers to a token.
    pub(super) fn when(&self, component: &Component, token: Option<&str>) -> When {
        let held = token.and_then(|name| self.tokens.get(name));
        When {
            at: self.now() + self.world.skew_of(component),
            faults: self.world.faults_around(component),
            withdrawn: held.is_some_and(|held| self.world.is_withdrawn(held)),
            restarts: self.world.restarts_of(component),
        }
    }

    /// The moment at an MCP server, as far as two of them may explain two answers.
    pub(super) fn moment(&self, server: &Component) -> Moment {
        let When { at, faults, .. } = self.when(server, None);
        let (manifests, upstream) = self.world.changes_at(server);
        Moment { at, faults, manifests, upstream: Some(upstream) }
    }

    /// The proxy before an MCP server began anew: it knows no session.
    pub(super) fn restarted(&mut self, server: &Component) {
        self.world.restarted(server);
        self.sessions.over(server);
    }

    /// Asks an MCP server by the official client.
    pub(super) async fn ask_mcp(
        &mut self,
        server: &Component,
        url: &str,
        token: (&str, &str),
        question: Question,
    ) -> Said {
        self.sessions.ask(&self.wire, server, url, token, question).await
    }

    /// The custom resources that the next `manifests` step brings.
    pub(super) fn next_manifests(&mut self) -> Option<&'a [Source]> {
        let plan: &'a CasePlan = self.plan;
        let next = plan.changes.get(self.changed)?;
        self.changed += 1;
        Some(next)
    }

    /// The name of a token, by its text.
    pub(super) fn named(&self, text: &str) -> Option<String> {
        self.tokens.iter().find(|(_, held)| held.text == text).map(|(name, _)| name.clone())
    }

    /// Keeps a token under its name.
    pub(super) fn hold(&mut self, name: &str, held: Held) {
        self.order.push(name.to_owned());
        self.tokens.insert(name.to_owned(), held);
    }

    /// The token of a name, or the words for an error.
    pub(super) fn held(&self, name: &str) -> Result<&Held, String> {
        self.tokens.get(name).ok_or_else(|| format!("the token `{name}` was never obtained"))
    }

    pub(super) fn shown_tokens(&self) -> Vec<TokenShown> {
        let shown = |name: &String| Some(redact::show_token(name, &self.tokens.get(name)?.text));
        self.order.iter().filter_map(shown).collect()
    }

    pub(super) fn redact(&self, text: &str) -> String {
        shown(&self.settings.secrets, text)
    }

    /// The requirement that a check is about by default: the scenario's first.
    pub(super) fn first_requirement(&self) -> Option<RequirementId> {
        self.plan.scenario.requirements.first().cloned()
    }

    /// What the Manager's discovery document says, fetched once a case.
    pub(super) async fn discovered(&self) -> Result<Discovered, Stuck> {
        if let Some(known) = self.discovered.get() {
            return Ok(known.clone());
        }
        let manager = self.endpoint(&Component::new("enterprise-manager")).map_err(Stuck::harness)?;
        let url = format!("{}/.well-known/toolhive-configuration", manager.base);
        let answer = self.wire.send(Request::get(url)).await?;
        let document = answer.json().filter(|_| answer.status == 200);
        let document = document.ok_or_else(|| unusable("cannot be read"))?;
        let text =
            |name: &str| document.pointer(&format!("/oidc/{name}")).and_then(Json::as_str).map(str::to_owned);
        let scopes = document.pointer("/oidc/scopes").and_then(Json::as_array).into_iter().flatten();
        let found = Discovered {
            issuer: text("issuer").ok_or_else(|| unusable("names no issuer"))?,
            client_id: text("client_id").ok_or_else(|| unusable("names no client"))?,
            scopes: scopes.filter_map(|scope| scope.as_str().map(str::to_owned)).collect(),
        };
        Ok(self.discovered.get_or_init(|| found).clone())
    }

    /// The password of a user, from the IdP's directory; registered as a secret.
    pub(super) async fn password(&self, login: &str) -> Result<String, Stuck> {
        let users = if let Some(users) = self.users.get() {
            users
        } else {
            let idp = self.endpoint(&Component::new("idp")).map_err(Stuck::harness)?;
            let found = control::users(self.platform.http(), idp).await?;
            for user in &found {
                self.settings.secrets.register(&user.password, "password");
            }
            self.users.get_or_init(|| found)
        };
        let user = users.iter().find(|user| user.login == login);
        user.map(|user| user.password.clone()).ok_or_else(|| Stuck {
            reason: format!("the IdP knows no user `{login}`"),
            cause: Cause::Configuration,
        })
    }
}

fn unusable(what: &str) -> Stuck {
    let reason = format!("the Enterprise Manager's discovery document {what}");
    Stuck { reason, cause: Cause::Implementation }
}

impl Scope for Context<'_> {
    fn lookup(&self, name: &str) -> Option<Json> {
        if let Some(now) = Now::parse(name) {
            let Now { unix, offset } = now.ok()?;
            let time = self.platform.clock().now().checked_add(offset).ok()?;
            return Some(if unix { time.as_second().into() } else { time.to_string().into() });
        }
        let (space, rest) = name.split_once('.')?;
        match space {
            "matrix" => self.plan.cell.lookup(name),
            "values" => self.values.as_ref()?.lookup(rest),
            "capture" => self.captures.get(rest).cloned(),
            "token" => self.tokens.get(rest).map(|held| held.text.as_str().into()),
            "var" => self.settings.variables.get(rest).map(|value| value.as_str().into()),
            // What is in the environment of a CI job is a secret until proven otherwise.
            "env" => self.settings.environment.get(rest).map(|value| {
                self.settings.secrets.register(value, "environment");
                value.as_str().into()
            }),
            _ => None,
        }
    }
}

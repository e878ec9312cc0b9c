//! Who may do what: every subject, and everything that the servers of an inventory offer.
//!
//! The decisions are the authorizer's, asked with the hints that the inventory gives. Rows are sorted by what stands
//! in them, so that the order of no file decides anything.

mod read;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

pub use self::read::{inventory, subjects};
use crate::{
    authz::Authorizer,
    rbac::{Compilation, Offered},
    vocabulary::{Action, Hints, Principal, Request, ServerId},
};

/// Somebody with the groups and roles that their token would have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Under which name the rows speak of them.
    pub name: String,
    /// Groups.
    pub groups: BTreeSet<String>,
    /// Roles.
    pub roles: BTreeSet<String>,
}

/// What a server offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The server.
    pub server: ServerId,
    /// Its tools, with what it says of them.
    pub tools: BTreeMap<String, Hints>,
    /// Its prompts.
    pub prompts: BTreeSet<String>,
    /// The URIs of its resources.
    pub resources: BTreeSet<String>,
}

/// One decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Who asks.
    pub subject: Arc<str>,
    /// Which server.
    pub server: Arc<ServerId>,
    /// `call_tool`, `get_prompt` or `read_resource`; [`Matrix::with_lists`] has the others too.
    pub action: Action,
    /// The tool, the prompt or the URI. Of a list: nothing, or what it shows.
    pub resource: Arc<str>,
    /// The answer.
    pub allowed: bool,
}

/// All decisions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matrix {
    /// Sorted by subject, namespace, kind, server, action and resource, as strings.
    pub rows: Vec<Row>,
    /// Why rows are denied that no policy speaks of.
    pub remarks: Vec<Remark>,
    /// Who was asked about at each server.
    pub people: BTreeMap<ServerId, Vec<Subject>>,
}

/// What is asked about each server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    Uses,
    UsesAndLists,
}

/// Something that the rows do not show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// The inventory has a server that the manifests have not.
    Unknown(ServerId),
    /// Its policies do not compile.
    NotCompiled(ServerId),
    /// Its policies failed to evaluate.
    Failed(ServerId, String),
}

impl Subject {
    /// The same as the authorizer wants it.
    #[must_use]
    pub fn principal(&self) -> Principal {
        Principal {
            issuer: String::new(),
            subject: self.name.clone(),
            groups: self.groups.clone(),
            roles: self.roles.clone(),
        }
    }
}

impl Offer {
    /// Every use of what is offered.
    pub fn requests(&self) -> impl Iterator<Item = Request<'_>> {
        let tools = self.tools.iter().map(|(tool, hints)| Request::CallTool { tool, hints: *hints });
        let prompts = self.prompts.iter().map(|name| Request::GetPrompt(name));
        tools.chain(prompts).chain(self.resources.iter().map(|uri| Request::ReadResource(uri)))
    }

    fn names(&self) -> impl Iterator<Item = &String> {
        self.tools.keys().chain(&self.prompts).chain(&self.resources)
    }
}

impl Matrix {
    /// Decides every use of everything.
    #[must_use]
    pub fn of(compilation: &Compilation, subjects: &[Subject], inventory: &[Offer]) -> Self {
        Self::about(About::Uses, compilation, subjects, inventory)
    }

    /// The same with every list: whether it is granted, and which things somebody sees in it.
    #[must_use]
    pub fn with_lists(compilation: &Compilation, subjects: &[Subject], inventory: &[Offer]) -> Self {
        Self::about(About::UsesAndLists, compilation, subjects, inventory)
    }

    fn about(about: About, compilation: &Compilation, subjects: &[Subject], inventory: &[Offer]) -> Self {
        let mut matrix = Self::default();
        let people: Vec<(Arc<str>, Principal)> =
            subjects.iter().map(|subject| (subject.name.as_str().into(), subject.principal())).collect();
        for offer in inventory {
            matrix.add(about, compilation, &people, offer);
            matrix.people.insert(offer.server.clone(), subjects.to_vec());
        }
        matrix.rows.sort_by(|left, right| left.columns().cmp(&right.columns()));
        matrix
    }

    fn add(
        &mut self,
        about: About,
        compilation: &Compilation,
        people: &[(Arc<str>, Principal)],
        offer: &Offer,
    ) {
        let id = &offer.server;
        let authorizer = match compilation.targets.get(id) {
            None => Err(Remark::Unknown(id.clone())),
            Some(Err(_)) => Err(Remark::NotCompiled(id.clone())),
            Some(Ok(compiled)) => {
                Authorizer::new(compiled).map_err(|error| Remark::Failed(id.clone(), error.to_string()))
            }
        };
        let server = Arc::new(id.clone());
        let names: Vec<Arc<str>> = offer.names().map(|name| name.as_str().into()).collect();
        let requests: Vec<_> = offer.requests().collect();
        let mut failed = None;
        for (subject, principal) in people {
            let asker = authorizer.as_ref().ok().map(|authorizer| authorizer.for_principal(principal));
            let ask = |requests: &[Request<'_>]| {
                asker.as_ref().map_or_else(Vec::new, |asker| asker.decide_all(requests))
            };
            let mut add = |action, resource, allowed| {
                let (subject, server) = (Arc::clone(subject), Arc::clone(&server));
                self.rows.push(Row { subject, server, action, resource, allowed });
            };
            let decisions = ask(&requests);
            for (at, (request, name)) in requests.iter().zip(&names).enumerate() {
                let allowed = decisions.get(at).is_some_and(|decision| decision.allowed);
                add(request.action(), Arc::clone(name), allowed);
            }
            failed =
                failed.or_else(|| decisions.iter().find_map(|decision| decision.errors.first().cloned()));
            if about == About::Uses {
                continue;
            }
            let lists = ask(&[Request::ListTools, Request::ListPrompts, Request::ListResources]);
            let granted: BTreeMap<_, _> =
                Offered::ALL.into_iter().zip(lists.iter().map(|decision| decision.allowed)).collect();
            for offered in Offered::ALL {
                add(offered.list(), "".into(), granted.get(&offered).is_some_and(|granted| *granted));
            }
            let shown = asker.as_ref().map_or_else(Vec::new, |asker| asker.shows(&requests));
            for (at, (request, name)) in requests.iter().zip(&names).enumerate() {
                let offered = Offered::of(request.action());
                let granted = granted.get(&offered).is_some_and(|granted| *granted);
                let shown = shown.get(at).is_some_and(|shown| *shown);
                add(offered.list(), Arc::clone(name), granted && shown);
            }
            failed = failed.or_else(|| lists.iter().find_map(|decision| decision.errors.first().cloned()));
        }
        self.remarks.extend(authorizer.err());
        self.remarks.extend(failed.map(|error| Remark::Failed(id.clone(), error)));
    }
}

impl Row {
    /// What stands before the decision, in the order of the columns.
    #[must_use]
    pub fn columns(&self) -> [&str; 6] {
        let ServerId { namespace, kind, name } = &*self.server;
        [&self.subject, namespace, kind.name(), name, self.action.name(), &self.resource]
    }

    /// `allow` or `deny`.
    #[must_use]
    pub const fn decision(&self) -> &'static str {
        if self.allowed { "allow" } else { "deny" }
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(server) => {
                write!(f, "the manifests have no server `{server}`: everything is denied there")
            }
            Self::NotCompiled(server) => {
                write!(f, "the policies of `{server}` do not compile: everything is denied there")
            }
            Self::Failed(server, error) => write!(f, "a policy of `{server}` failed to evaluate: {error}"),
        }
    }
}

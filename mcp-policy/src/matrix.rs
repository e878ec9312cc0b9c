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
    rbac::Compilation,
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
    /// `call_tool`, `get_prompt` or `read_resource`.
    pub action: Action,
    /// The tool, the prompt or the URI.
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
    /// Decides everything.
    #[must_use]
    pub fn of(compilation: &Compilation, subjects: &[Subject], inventory: &[Offer]) -> Self {
        let mut matrix = Self::default();
        let people: Vec<(Arc<str>, Principal)> =
            subjects.iter().map(|subject| (subject.name.as_str().into(), subject.principal())).collect();
        for offer in inventory {
            matrix.add(compilation, &people, offer);
        }
        matrix.rows.sort_by(|left, right| left.columns().cmp(&right.columns()));
        matrix
    }

    fn add(&mut self, compilation: &Compilation, people: &[(Arc<str>, Principal)], offer: &Offer) {
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
            let decisions = match &authorizer {
                Ok(authorizer) => authorizer.for_principal(principal).decide_all(&requests),
                Err(_) => Vec::new(),
            };
            failed =
                failed.or_else(|| decisions.iter().find_map(|decision| decision.errors.first().cloned()));
            for (at, (request, name)) in requests.iter().zip(&names).enumerate() {
                self.rows.push(Row {
                    subject: Arc::clone(subject),
                    server: Arc::clone(&server),
                    action: request.action(),
                    resource: Arc::clone(name),
                    allowed: decisions.get(at).is_some_and(|decision| decision.allowed),
                });
            }
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

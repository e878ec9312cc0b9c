//! Custom resources → Cedar (PLATFORM.md §8): resolve names, lower to grants and denies, write them down.
//!
//! One policy set for every target, since a decision looks at every policy of its set. What comes out is a
//! [`Statement`] list with the origin of each, and two texts of it: [`Compiled::cedar`] for this project's proxy, and
//! [`Compiled::toolhive`] for the open-source one. The output depends on what the resources say, not on the files or
//! the order in which they were read: statements are sorted by id, lists inside of them by value.
//!
//! A target with any policy that does not compile has no policies at all (OP-FAIL-CLOSED), and a target without a
//! policy has a set that denies everything.

mod compiled;
mod literal;
mod lower;
mod resolve;
mod schema;
mod statement;
mod status;
mod toolhive;
mod write;

use std::{collections::BTreeMap, iter, num::NonZero, panic::resume_unwind, sync::Arc, thread};

use cedar_policy::Validator;

pub use self::{
    compiled::Compiled,
    schema::SCHEMA,
    statement::{Clause, Effect, Idle, Offered, Origin, Statement, Through, Who, WhyIdle},
    status::{Cause, Code, Finding, Status},
    toolhive::{Inexpressible, Toolhive},
};
use self::{
    compiled::Tools,
    lower::{Budget, Lowered},
    resolve::Index,
    toolhive::Dialect,
};
use crate::{
    claims::ClaimNames,
    manifest::{Findings, Manifests},
    rule::{Rule, Rules},
    vocabulary::ServerId,
};

/// Whether one value of a list is enough, or every one is needed (PLATFORM.md §11, 22).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Matching {
    /// One is enough: our reading.
    #[default]
    Any,
    /// All are needed: how the published schema can be read.
    All,
}

/// How to compile.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// How the lists of a condition are read.
    pub matching: Matching,
    /// The names of the claims, which the second form tests. `None`: the defaults with the manifests' overrides.
    pub claim_names: Option<ClaimNames>,
    /// Which rules hold.
    pub rules: Rules,
}

/// Everything that came of the manifests.
#[derive(Clone, Debug)]
pub struct Compilation {
    /// Every server of the manifests and every target of a policy, in order.
    pub targets: BTreeMap<ServerId, Result<Compiled, NotCompiled>>,
    /// What is wrong, and what is probably not meant, in the order of the places.
    pub findings: Findings,
    /// Of every resource that is compiled, whether it was: what a controller would write into `status`.
    pub statuses: Vec<Status>,
}

/// Why a target has no policies: everything is denied there, or a running proxy keeps what it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotCompiled {
    /// The target.
    pub server: ServerId,
    /// Why: at least one cause.
    pub causes: Vec<Cause>,
}

/// A target that nothing speaks against, with what it gets.
type Wanted = (ServerId, Vec<Statement>, Vec<Idle>);

/// Fewer targets than this are not worth a thread.
const FEW: usize = 8;

/// Writes every target down. No target knows of another, and nearly all of the time goes into parsing and validation: so
/// the processors share them.
fn written(
    wanted: Vec<Result<Wanted, NotCompiled>>,
    tools: &Tools<'_>,
) -> BTreeMap<ServerId, Result<Compiled, NotCompiled>> {
    let write = |target: Result<Wanted, NotCompiled>| match target {
        Ok((server, statements, idle)) => (server.clone(), Compiled::new(server, statements, idle, tools)),
        Err(not) => (not.server.clone(), Err(not)),
    };
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    let share = wanted.len().div_ceil(processors).max(FEW);
    let mut wanted = wanted.into_iter();
    let mut next = || wanted.by_ref().take(share).collect::<Vec<_>>();
    let own = next();
    thread::scope(|scope| {
        let shares = iter::repeat_with(next).take_while(|share| !share.is_empty());
        let others: Vec<_> = shares
            .map(|share| scope.spawn(move || share.into_iter().map(write).collect::<Vec<_>>()))
            .collect();
        let own: Vec<_> = own.into_iter().map(write).collect();
        let others =
            others.into_iter().map(|other| other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        own.into_iter().chain(others.flatten()).collect()
    })
}

/// Compiles.
#[must_use]
pub fn compile(manifests: &Manifests, options: &Options) -> Compilation {
    let rules = options.rules;
    let standard = || ClaimNames::default().overridden(&manifests.claim_names);
    let names = options.claim_names.clone().unwrap_or_else(standard);
    let dialect = Arc::new(Dialect::new(&names));
    let tools = Tools { options, validator: schema::schema().map(Validator::new), dialect };
    let index = Index::new(manifests, rules);
    let mut budget = Budget::default();
    let lower = |policy| lower::lower(policy, &index, rules, &mut budget);
    let policies: Vec<Result<Lowered, Vec<Cause>>> = manifests.policies.iter().map(lower).collect();

    let mut wanted = Vec::new();
    for (server, members) in index.targets(manifests) {
        let mut causes = index.target_trouble(server);
        let (mut statements, mut idle) = (Vec::new(), Vec::new());
        for policy in members.iter().filter_map(|at| policies.get(*at)) {
            match policy {
                Ok(lowered) => {
                    statements.extend(lowered.statements.iter().cloned());
                    idle.extend(lowered.idle.iter().cloned());
                }
                Err(more) => causes.extend(more.iter().cloned()),
            }
        }
        let server = server.clone();
        wanted.push(if causes.is_empty() || !rules.hold(Rule::OpFailClosed) {
            Ok((server, statements, idle))
        } else {
            Err(NotCompiled { server, causes })
        });
    }
    let targets = written(wanted, &tools);

    let statuses = status::statuses(manifests, &index, &policies, &targets);
    let errors = statuses.iter().flat_map(|status| &status.causes).filter_map(Cause::finding);
    let warnings = policies.iter().flatten().flat_map(|lowered| lowered.findings.iter().cloned());
    let findings = status::told(manifests, errors.chain(warnings).collect());
    Compilation { targets, findings, statuses }
}

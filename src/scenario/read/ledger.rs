//! What the walk has seen, and the rules that only the whole file can settle.

mod browsers;
mod clients;

use std::collections::{BTreeMap, BTreeSet};

use spanned_yaml::{Diagnostics, Span, closest};

use super::family::Family;
use crate::{
    model::identifier::{Component, RequirementId},
    outcome::Capability,
    scenario::syntax::Deed,
};
use browsers::Browsers;
use clients::Clients;

/// The two kinds of names that steps define.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Token,
    Capture,
}

/// How a token came about, or what was captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    SignIn,
    Other,
}

/// What a component does with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Accepts,
    Refuses,
}

/// A name and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) span: Span,
}

/// A check that counts only beside another one.
#[derive(Clone, Debug)]
pub(super) struct Beside {
    pub(super) by: Component,
    /// The verdict of the check itself; its control must have the other one.
    pub(super) verdict: Verdict,
    /// The token it judges, if there is one.
    pub(super) token: Option<Named>,
    /// The token of the control, where one is named.
    pub(super) control: Option<Named>,
    /// What differs is the moment; see [`by_moment`].
    pub(super) by_moment: bool,
}

#[derive(Debug, Default)]
pub(super) struct Ledger {
    requirements: Vec<(RequirementId, Span)>,
    at_stake: BTreeSet<RequirementId>,
    in_journals: BTreeSet<RequirementId>,
    needs: BTreeSet<Capability>,
    axes: Vec<Named>,
    axes_used: BTreeSet<String>,
    defined: BTreeMap<(Kind, String), (Span, Origin)>,
    /// Names that stood in the file before anything had defined them, with whether the order matters.
    early: Vec<(Kind, Named, bool)>,
    captures_used: BTreeSet<String>,
    statuses: BTreeSet<String>,
    looked_at: Vec<(Span, Vec<String>)>,
    /// Controls of refused sign-ins.
    sign_in_controls: Vec<Named>,
    verdicts: Vec<(Component, Verdict, String)>,
    beside: Vec<Beside>,
    /// Components that refuse something.
    refusing: BTreeSet<Component>,
    /// Requests that show a component a credential and must be answered.
    acceptances: Vec<(Component, Span)>,
    clients: Clients,
    browsers: Browsers,
    /// Components that a fault was given to.
    broken: BTreeSet<Component>,
    checks: bool,
    /// The kinds of steps that ask something of the platform.
    deeds: BTreeSet<String>,
    cleaning_up: bool,
}

/// `differs` names the moment: time that has passed, faults that were set, keys that were changed, a restart.
pub(super) fn by_moment(differs: &[String]) -> bool {
    differs.iter().any(|what| is_of_the_moment(what))
}

pub(super) fn is_of_the_moment(what: &str) -> bool {
    ["time", "faults", "keys", "restart"].contains(&what)
}

impl Ledger {
    pub(super) fn list(&mut self, requirements: impl Iterator<Item = (RequirementId, Span)>) {
        self.requirements.extend(requirements);
    }

    pub(super) fn requirements(&self) -> Vec<RequirementId> {
        self.requirements.iter().map(|(id, _)| id.clone()).collect()
    }

    /// The scenario lists the requirement.
    pub(super) fn lists(&self, id: &RequirementId) -> bool {
        self.requirements.iter().any(|(listed, _)| listed == id)
    }

    /// A check has the requirement at stake.
    pub(super) fn stake(&mut self, id: &RequirementId) {
        self.at_stake.insert(id.clone());
    }

    /// A journal bears the requirement out.
    pub(super) fn journal(&mut self, id: &RequirementId) {
        self.in_journals.insert(id.clone());
    }

    /// A check can say something of the requirement. A journal says of tokens something where one was shown, and of clients where
    /// one did something or somebody signed in; what a component does, only its answers say.
    fn is_at_stake(&self, id: &RequirementId) -> bool {
        let shown = !self.verdicts.is_empty() || !self.beside.is_empty();
        let in_journals = match Family::of(id) {
            Family::Token => shown,
            Family::Client => ["sign_in", "client"].iter().any(|kind| self.deeds.contains(*kind)),
            Family::Rights | Family::Component => false,
            Family::Other => true,
        };
        self.at_stake.contains(id) || (in_journals && self.in_journals.contains(id))
    }

    /// What a check is about that does not say it.
    pub(super) fn first_requirement(&self) -> Option<RequirementId> {
        self.requirements.first().map(|(first, _)| first.clone())
    }

    pub(super) fn need(&mut self, capabilities: impl IntoIterator<Item = Capability>) {
        self.needs.extend(capabilities);
    }

    pub(super) fn needs(&self) -> Vec<Capability> {
        self.needs.iter().copied().collect()
    }

    pub(super) fn axis_written(&mut self, name: &str, span: Span) {
        self.axes.push(Named { name: name.to_owned(), span });
    }

    pub(super) fn axis_used(&mut self, name: &str) {
        self.axes_used.insert(name.to_owned());
    }

    /// A step gives a name; where it is taken already, the place where that happened.
    pub(super) fn define(&mut self, kind: Kind, name: &str, span: Span, origin: Origin) -> Option<Span> {
        let key = (kind, name.to_owned());
        if let Some((first, _)) = self.defined.get(&key) {
            return Some(*first);
        }
        self.defined.insert(key, (span, origin));
        None
    }

    /// The capture is a status code.
    pub(super) fn status(&mut self, capture: &str) {
        self.statuses.insert(capture.to_owned());
    }

    pub(super) fn is_status(&self, capture: &str) -> bool {
        self.statuses.contains(capture)
    }

    /// How a name came about that is defined by now.
    pub(super) fn origin(&self, kind: Kind, name: &str) -> Option<Origin> {
        self.defined.get(&(kind, name.to_owned())).map(|(_, origin)| *origin)
    }

    /// A step uses a name, which must be defined by then.
    pub(super) fn use_of(&mut self, kind: Kind, name: &str, span: Span) {
        self.note_use(kind, name, span, true);
    }

    /// A step names a control: it may come later.
    pub(super) fn use_of_control(&mut self, control: &Named) {
        self.note_use(Kind::Token, &control.name, control.span, false);
    }

    /// What becomes of a step is captured under these names, and demanded nowhere else.
    pub(super) fn looked_at(&mut self, span: Span, captures: impl Iterator<Item = String>) {
        self.looked_at.push((span, captures.collect()));
    }

    fn note_use(&mut self, kind: Kind, name: &str, span: Span, ordered: bool) {
        if kind == Kind::Capture {
            self.captures_used.insert(name.to_owned());
        }
        if !self.defined.contains_key(&(kind, name.to_owned())) {
            self.early.push((kind, Named { name: name.to_owned(), span }, ordered));
        }
    }

    pub(super) fn use_of_sign_in(&mut self, control: Named) {
        self.use_of_control(&control);
        self.sign_in_controls.push(control);
    }

    /// A step is a check.
    pub(super) fn check(&mut self) {
        self.checks = true;
    }

    pub(super) fn checks(&self) -> bool {
        self.checks
    }

    /// The steps are over; what follows runs whatever happened, so it can be nobody's control.
    pub(super) fn clean_up(&mut self) {
        self.cleaning_up = true;
    }

    /// A component judges a token.
    pub(super) fn judge(&mut self, by: &Component, verdict: Verdict, token: &str) {
        if !self.cleaning_up {
            self.verdicts.push((by.clone(), verdict, token.to_owned()));
        }
    }

    /// A component refuses a request or a token.
    pub(super) fn refuses(&mut self, by: &Component) {
        if !self.cleaning_up {
            self.refusing.insert(by.clone());
        }
    }

    /// A component must answer a request with a credential.
    pub(super) fn accepts(&mut self, by: &Component, credential: Span) {
        self.acceptances.push((by.clone(), credential));
    }

    pub(super) fn beside(&mut self, check: Beside) {
        if let Some(control) = &check.control {
            self.note_use(Kind::Token, &control.name, control.span, false);
        }
        self.beside.push(check);
    }

    /// A client does something.
    pub(super) fn client(&mut self, name: &str, span: Span, deed: &Deed) {
        self.clients.does(name, span, deed);
    }

    /// A step is about a client that is there.
    pub(super) fn client_use(&mut self, name: &str, span: Span) {
        self.clients.used(name, span);
    }

    /// Somebody changes a client's cache.
    pub(super) fn tamper(&mut self, name: &str, span: Span, by: &'static str) {
        self.clients.tamper(name, span, by);
    }

    /// A client is asked for something, and this must be its answer.
    pub(super) fn asked(&mut self, client: &str, wish: &'static str, permitted: bool, span: Span) {
        self.clients.asked(client, wish, permitted, span);
    }

    /// A browser does something.
    pub(super) fn browser(&mut self, name: &str) {
        self.browsers.does(name);
    }

    /// A step is about a browser that is there.
    pub(super) fn browser_use(&mut self, name: &str, span: Span) {
        self.browsers.used(name, span);
    }

    /// After a step somebody has to be signed in, or nobody.
    pub(super) fn visit(&mut self, signed_in: bool, span: Span) {
        if !self.cleaning_up {
            self.browsers.visit(signed_in, span);
        }
    }

    /// A component misbehaves from here on.
    pub(super) fn fault(&mut self, of: &Component) {
        self.broken.insert(of.clone());
    }

    /// A fault was given to the component.
    pub(super) fn broken(&self, component: &Component) -> bool {
        self.broken.contains(component)
    }

    /// A step of this kind asks something of the platform.
    pub(super) fn deed(&mut self, kind: &str) {
        self.deeds.insert(kind.to_owned());
    }

    /// Reports everything that only the whole file shows.
    pub(super) fn settle(&self, found: &mut Diagnostics) {
        self.clients.settle(found);
        self.browsers.settle(found);
        self.settle_names(found);
        self.settle_controls(found);
        for (span, captures) in &self.looked_at {
            if !captures.iter().any(|name| self.captures_used.contains(name)) {
                found
                    .error(*span, "nobody looks at what becomes of this sign-in")
                    .help("`observe` what it captures, or leave `capture` out: then it must work");
            }
        }
        for axis in &self.axes {
            if !self.axes_used.contains(&axis.name) {
                found
                    .error(
                        axis.span,
                        format!("axis `{}` is used nowhere, so its cells are the same", axis.name),
                    )
                    .help(format!(
                        "write `${{matrix.{}}}` where they differ (a title does not count)",
                        axis.name
                    ));
            }
        }
        let idle = self.checks && self.deeds.is_empty();
        if let (true, Some((_, span))) = (idle, self.requirements.first()) {
            found
                .error(*span, "no step asks anything of the platform, so nothing is seen of it")
                .help("sign somebody in, or show a component a token");
        }
        if self.checks {
            for (id, span) in &self.requirements {
                if !self.is_at_stake(id) {
                    found
                        .error(*span, format!("no check has `{id}` at stake"))
                        .help(format!("give a check `rule: {id}`, or take it off the list"));
                }
            }
        }
    }

    fn settle_names(&self, found: &mut Diagnostics) {
        for (kind, Named { name, span }, ordered) in &self.early {
            let what = match kind {
                Kind::Token => "token",
                Kind::Capture => "capture",
            };
            match self.defined.get(&(*kind, name.clone())) {
                Some(_) if !ordered => {}
                Some((later, _)) => {
                    let line = found.source().position(*later).0;
                    found
                        .error(*span, format!("{what} `{name}` is used before it is defined"))
                        .help(format!("that happens in line {line}"));
                }
                None => {
                    let names =
                        self.defined.keys().filter(|(other, _)| other == kind).map(|(_, name)| name.as_str());
                    let error = found.error(*span, format!("no step defines the {what} `{name}`"));
                    match closest(name, names) {
                        Some(near) => error.help(format!("did you mean `{near}`?")),
                        None if *kind == Kind::Token => error.help("a `sign_in` or a `mint` with `as:` does"),
                        None => error.help("a step with `capture:` does"),
                    };
                }
            }
        }
    }

    fn settle_controls(&self, found: &mut Diagnostics) {
        for Named { name, span } in &self.sign_in_controls {
            if let Some((_, Origin::Other)) = self.defined.get(&(Kind::Token, name.clone())) {
                found
                    .error(*span, format!("the control `{name}` does not come from a `sign_in`"))
                    .help("a refused sign-in counts only beside one that succeeds: name its token");
            }
        }
        for (by, credential) in &self.acceptances {
            if !self.refusing.contains(by) {
                found.error(*credential, "an acceptance needs a refused control").help(format!(
                    "a component that never looks says yes too: `refuse` a token by `{by}` as well"
                ));
            }
        }
        for check in &self.beside {
            let by = &check.by;
            match (&check.control, check.verdict) {
                (Some(control), verdict) => {
                    if self.defined.contains_key(&(Kind::Token, control.name.clone())) {
                        self.settle_control(check, control, verdict, found);
                    }
                }
                (None, Verdict::Accepts) => {
                    let Some(token) = &check.token else { continue };
                    if !self.is_control_of_a_refusal(by, &token.name) {
                        found
                            .error(token.span, format!("no control: does `{by}` refuse anything at all?"))
                            .help(format!(
                                "name a token that it refuses as `control:`, or `refuse` one with `control: {}`",
                                token.name
                            ));
                    }
                }
                (None, Verdict::Refuses) => {}
            }
        }
    }

    fn settle_control(&self, check: &Beside, control: &Named, verdict: Verdict, found: &mut Diagnostics) {
        let by = &check.by;
        // The moment may be the one defect: accepted before a clock moves, refused after.
        let moves = [Capability::ClockControl, Capability::FaultInjection, Capability::KeyRotation];
        let by_moment = check.by_moment && moves.iter().any(|needed| self.needs.contains(needed));
        if check.token.as_ref().is_some_and(|token| token.name == control.name) && !by_moment {
            found
                .error(control.span, format!("`{}` is its own control", control.name))
                .help("name the token that the component judges the other way, or say in `differs` what of the moment: `time`, `faults`, `keys`, `restart`");
            return;
        }
        let (wanted, verb, remedy) = match verdict {
            Verdict::Refuses => (Verdict::Accepts, "accepts", "accept"),
            Verdict::Accepts => (Verdict::Refuses, "refuses", "refuse"),
        };
        let shown = |(component, verdict, token): &(Component, Verdict, String)| {
            component == by && *verdict == wanted && *token == control.name
        };
        if !self.verdicts.iter().any(shown) {
            found
                .error(control.span, format!("`{by}` never {verb} the control `{}`", control.name))
                .help(format!("add a step `{remedy}: {{by: {by}, token: {}, …}}`", control.name));
        }
    }

    fn is_control_of_a_refusal(&self, by: &Component, token: &str) -> bool {
        self.beside.iter().any(|check| {
            check.verdict == Verdict::Refuses
                && check.by == *by
                && check.control.as_ref().is_some_and(|control| control.name == token)
        })
    }
}

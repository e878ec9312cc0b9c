//! The steps of the simulated client, and of whoever reaches its disk.

use crate::{
    model::identifier::RequirementId,
    scenario::{
        matcher::Matcher,
        template::{JsonTemplate, Template},
    },
};

/// `client`
#[derive(Clone, Debug)]
pub struct ClientStep {
    /// Which one; `laptop` by default.
    pub name: String,
    /// What it does.
    pub does: Deed,
    /// The requirement at stake, the scenario's first by default; none where the step is a means.
    pub rule: Option<RequirementId>,
    /// By JSON pointer into what the client says afterwards.
    pub expect: Vec<(String, Matcher)>,
    /// Name → a JSON pointer into what the client says, kept as `${capture.name}`.
    pub capture: Vec<(String, String)>,
}

/// What a client does.
#[derive(Clone, Debug)]
pub enum Deed {
    /// Starts, signs in, polls; all of it must succeed. `enroll`
    Enroll {
        /// The login of the person.
        user: Template,
    },
    /// Starts, for the first time or after a stop. `start`
    Start {
        /// The platform URL of a managed preference.
        managed: Option<Template>,
        /// The platform URL of the environment; the Manager's own where neither is given.
        environment: Option<Template>,
        /// It must not start, with these words.
        refused: Option<Matcher>,
    },
    /// Signs somebody in. `sign_in`
    SignIn {
        /// The login of the person.
        user: Template,
        /// It must fail, with these words.
        refused: Option<Matcher>,
    },
    /// Tries to sign somebody in: what becomes of it is looked at, not demanded. `sign_in` with `capture`
    TrySignIn {
        /// The login of the person.
        user: Template,
    },
    /// Asks the Manager for the policy. `poll`
    Poll {
        /// Whether that must be a contact.
        contact: bool,
    },
    /// Wants something that the policy may forbid.
    Ask {
        /// What.
        wish: Wish,
        /// Whether it must be permitted.
        permitted: bool,
    },
    /// Says how it stands. `status`
    Status,
    /// Goes off; its disk and its secrets stay. `stop`
    Stop,
}

/// What a policy may forbid.
#[derive(Clone, Debug)]
pub enum Wish {
    /// `install`: a server.
    Install(Template),
    /// `run`: a server.
    Run(Template),
    /// `keep`: a server that is running.
    Keep(Template),
    /// `set`: a local value for a directive.
    Set(Template, JsonTemplate),
    /// `unset`: no value for a directive.
    Unset(Template),
}

impl Wish {
    /// The word for it in a scenario.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Install(_) => "install",
            Self::Run(_) => "run",
            Self::Keep(_) => "keep",
            Self::Set(..) => "set",
            Self::Unset(_) => "unset",
        }
    }
}

/// `tamper`
#[derive(Clone, Debug)]
pub struct Tamper {
    /// Whose cache; `laptop`'s by default.
    pub client: String,
    /// What is done to it.
    pub by: Tampering,
}

/// What is done to a cache file.
#[derive(Clone, Debug)]
pub enum Tampering {
    /// Members are set, by JSON pointer; the seal stays. `set`
    Set(Vec<(String, JsonTemplate)>),
    /// One character in the middle of a member is changed. `flip`
    Flip(Template),
    /// The second half of the file is lost. `truncate`
    Truncate,
    /// The file is gone. `delete`
    Delete,
    /// A copy is made. `keep`
    Keep,
    /// The copy is put back. `put-back`
    PutBack,
}

//! Entra's side of an API in the tenant: who is assigned to it, and what its tokens say of roles and groups.

use super::User;

/// The assignments of an application, and its groups claim.
#[derive(Clone, Debug, Default)]
pub(crate) struct EnterpriseApplication {
    pub(crate) assignment_required: bool,
    pub(crate) assignments: Vec<Assignment>,
    pub(crate) groups_claim: GroupsClaim,
}

/// Somebody's place at an application, with an app role or without.
#[derive(Clone, Debug)]
pub(crate) struct Assignment {
    pub(crate) to: Principal,
    /// The role's value.
    pub(crate) role: Option<String>,
}

/// Who can be assigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Principal {
    /// By login.
    User(String),
    /// By id.
    Group(String),
    /// By client id.
    Application(String),
}

/// Which of a user's groups stand in a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum GroupsClaim {
    #[default]
    None,
    All,
    /// Those that are assigned to the application.
    Assigned,
}

impl EnterpriseApplication {
    /// The assignments of a user, or without one of a client itself.
    fn of<'s>(&'s self, user: Option<&User>, client: &str) -> impl Iterator<Item = &'s Assignment> {
        self.assignments.iter().filter(move |assignment| match (&assignment.to, user) {
            (Principal::User(login), Some(user)) => *login == user.login,
            (Principal::Group(id), Some(user)) => user.groups.contains(id),
            (Principal::Application(id), None) => id == client,
            _ => false,
        })
    }

    /// The user, or without one the client itself, may have tokens for it.
    pub(crate) fn admits(&self, user: Option<&User>, client: &str) -> bool {
        !self.assignment_required || self.of(user, client).next().is_some()
    }

    /// The app roles of a user, or without one of a client itself; each once.
    pub(crate) fn roles<'s>(&'s self, user: Option<&User>, client: &str) -> Vec<&'s str> {
        let mut roles = Vec::new();
        for role in self.of(user, client).filter_map(|assignment| assignment.role.as_deref()) {
            if !roles.contains(&role) {
                roles.push(role);
            }
        }
        roles
    }

    /// The groups of a user that tokens name.
    pub(crate) fn groups<'a>(&self, user: &'a User) -> Vec<&'a str> {
        let assigned = |group: &String| {
            self.assignments.iter().any(|assignment| assignment.to == Principal::Group(group.clone()))
        };
        let named = |group: &&String| match self.groups_claim {
            GroupsClaim::None => false,
            GroupsClaim::All => true,
            GroupsClaim::Assigned => assigned(group),
        };
        user.groups.iter().filter(named).map(String::as_str).collect()
    }
}

impl Principal {
    /// Applications are called by their display names in the file; from here on by their client ids.
    pub(crate) fn resolve(&mut self, applications: &[(String, String)]) {
        if let Self::Application(name) = self
            && let Some((_, id)) = applications.iter().find(|(known, _)| known == name)
        {
            name.clone_from(id);
        }
    }
}

//! `GET|PUT /control/users`: the directory, passwords included: whoever holds the control secret signs users in.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::answer::{self, Answer, Problem, document};
use crate::{provider::Provider, secret::Secret, tenant::User};

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Person {
    login: String,
    password: String,
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    profile: Map<String, Json>,
    /// Immutable id: `uid` at Okta, `oid` at Entra, `sub` elsewhere. Kept or made where it is not given.
    #[serde(default)]
    id: Option<String>,
}

pub(super) fn read(provider: &Provider) -> Result<Answer, Problem> {
    let people: Vec<_> = provider
        .state()
        .users
        .iter()
        .map(|user| Person {
            login: user.login.clone(),
            password: user.password.reveal().to_owned(),
            groups: user.groups.clone(),
            profile: user.profile.clone(),
            id: user.id.clone(),
        })
        .collect();
    document(&people)
}

pub(super) fn replace(provider: &Provider, body: &[u8]) -> Result<Answer, Problem> {
    let people: Vec<Person> = answer::read(body)?;
    let mut users: Vec<User> = Vec::new();
    for person in people {
        if users.iter().any(|user| user.login == person.login) {
            return Err(Problem::Invalid(format!("the login `{}` is there twice", person.login)));
        }
        users.push(User {
            id: person.id,
            login: person.login,
            password: Secret::new(person.password),
            groups: person.groups,
            profile: person.profile,
        });
    }
    provider.state().set_users(&provider.tenant, users);
    read(provider)
}

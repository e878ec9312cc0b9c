//! Who asks: subjects that somebody wrote down, or the users of a tenant with what their tokens would say.
//!
//! A server decides by the token that it is shown, so a tenant's users are looked at for each server by itself: with the
//! access token of the issuer and for the audience that its `oidcConfigRef` names.

use std::fmt::Write as _;

use mcp_policy::{
    claims::{ClaimNames, Membership, Note, Reading},
    manifest::Manifests,
    matrix::{self, Matrix, Offer, Subject},
    rbac::Compilation,
    vocabulary::ServerId,
};
use spanned_yaml::{Diagnostics, Source, closest, parse};

use super::{Read, Refusal, matrix::usable, printable};
use crate::{
    cli::terminal::Terminal,
    target::embedded::{
        EmbeddedTarget,
        tenant::{Account, Holding, Tokens},
    },
};

/// How many different tokens of somebody are shown.
const MOST_SHOWN: usize = 8;

/// What a file of subjects holds.
pub(super) enum Subjects {
    Written(Vec<Subject>),
    Tenant(Tenant),
}

/// A tenant's users.
pub(super) struct Tenant {
    accounts: Vec<Account>,
    tokens: Tokens,
    /// The application whose tokens count; any where absent.
    client: Option<String>,
}

/// The users at a server.
struct Present {
    subjects: Vec<Subject>,
    /// Who gets no token for it.
    without_token: Vec<String>,
    notes: Vec<String>,
}

/// The file is a tenant's: a map that names its provider.
pub(super) fn is_tenant(source: &Source) -> bool {
    let node = parse(&mut Diagnostics::new(source.clone()));
    let entries = node.as_ref().and_then(|node| node.as_mapping()).unwrap_or_default();
    entries.iter().any(|entry| entry.key == "provider")
}

impl Subjects {
    /// Reads the file; what is wrong with it is the second part.
    pub(super) fn read(source: &Source, client: Option<&str>) -> Result<(Self, Diagnostics), Refusal> {
        if !is_tenant(source) {
            if client.is_some() {
                return Err(Refusal::usage(
                    "error: `--client` is for a tenant file: subjects are written down with what they have",
                ));
            }
            let (subjects, found) = matrix::subjects(source);
            return Ok((Self::Written(subjects), found));
        }
        match (EmbeddedTarget::accounts(source), EmbeddedTarget::tokens(source)) {
            (Ok(accounts), Ok((tokens, warnings))) => {
                if let Some(client) = client
                    && !tokens.clients().contains(&client)
                {
                    let near = closest(client, tokens.clients());
                    let near = near.map_or_else(String::new, |near| format!("did you mean `{near}`? "));
                    let known = tokens.clients().join("`, `");
                    return Err(Refusal::usage(printable(&format!(
                        "error: no user gets a token by the application `{client}`: {near}there are `{known}`"
                    ))));
                }
                let tenant = Tenant { accounts, tokens, client: client.map(str::to_owned) };
                Ok((Self::Tenant(tenant), warnings))
            }
            (Err(found), _) | (_, Err(found)) => Ok((Self::Written(Vec::new()), found)),
        }
    }

    /// Decides everything, by [`Matrix::of`] or [`Matrix::with_lists`].
    pub(super) fn matrix(
        &self,
        of: fn(&Compilation, &[Subject], &[Offer]) -> Matrix,
        read: &Read,
        inventory: &[Offer],
        terminal: &Terminal,
    ) -> Result<Matrix, Refusal> {
        let tenant = match self {
            Self::Written(subjects) => return Ok(of(&read.compilation, subjects, inventory)),
            Self::Tenant(tenant) => tenant,
        };
        let mut whole = Matrix::default();
        for offer in inventory {
            let present = tenant.at(&offer.server, &read.manifests)?;
            present.tell(&offer.server, terminal)?;
            let mut part = of(&read.compilation, &present.subjects, std::slice::from_ref(offer));
            for row in &mut part.rows {
                row.allowed &= !present.without_token.iter().any(|login| **login == *row.subject);
            }
            whole.rows.extend(part.rows);
            whole.remarks.extend(part.remarks);
            whole.people.extend(part.people);
        }
        whole.rows.sort_by(|left, right| left.columns().cmp(&right.columns()));
        Ok(whole)
    }

    /// Somebody at a server.
    pub(super) fn find(
        &self,
        name: &str,
        server: &ServerId,
        read: &Read,
        terminal: &Terminal,
    ) -> Result<Subject, Refusal> {
        let present;
        let subjects = match self {
            Self::Written(subjects) => subjects,
            Self::Tenant(tenant) => {
                present = tenant.at(server, &read.manifests)?;
                if present.without_token.iter().any(|login| login == name) {
                    return Err(Refusal::usage(printable(&format!(
                        "error: `{name}` gets no token for `{server}`, so that no policy is asked"
                    ))));
                }
                present.tell(server, terminal)?;
                &present.subjects
            }
        };
        subjects.iter().find(|subject| subject.name == name).cloned().ok_or_else(|| {
            let near = nearest(name, subjects);
            let near = near.map_or_else(String::new, |near| format!(": did you mean `{near}`?"));
            Refusal::usage(printable(&format!("error: there is no subject `{name}`{near}")))
        })
    }
}

impl Tenant {
    /// The users as a server sees them. At one that takes nobody's tokens nobody has any.
    fn at(&self, server: &ServerId, manifests: &Manifests) -> Result<Present, Refusal> {
        let mut present = Present { subjects: Vec::new(), without_token: Vec::new(), notes: Vec::new() };
        let takes = manifests.takes(server);
        let names = ClaimNames::default().overridden(&manifests.claim_names);
        let reading = Reading { names, ..Reading::default() };
        for Account { login, .. } in &self.accounts {
            let mut held = takes.map_or_else(Vec::new, |(issuer, audience)| {
                self.tokens.of(login, issuer, audience, &reading)
            });
            held.retain(|held| self.client.as_ref().is_none_or(|client| held.client == *client));
            let membership = match distinct(held).as_slice() {
                [] => {
                    // Where the server takes nobody's tokens, the remarks of the matrix say so.
                    present.without_token.extend(takes.map(|_| login.clone()));
                    Membership::default()
                }
                [one] => one.membership.clone(),
                several => return Err(ambiguous(login, server, several)),
            };
            // Who is in no group has no claim of it: nothing to remark.
            let notes = membership.notes.iter().filter(|note| !matches!(note, Note::Absent { .. }));
            present.notes.extend(notes.map(|note| format!("`{login}` at `{server}`: {note}")));
            let Membership { groups, roles, .. } = membership;
            present.subjects.push(Subject { name: login.clone(), groups, roles });
        }
        match takes {
            // Every answer would be a denial, and look like a finding about the policies.
            Some((issuer, audience)) if present.without_token.len() == self.accounts.len() => {
                let mut words = format!(
                    "error: no user of the tenant gets a token that `{server}` takes: issuer `{issuer}`, audience `{audience}`\n"
                );
                for (issuer, audience) in self.tokens.issuers_and_audiences() {
                    // Into a text: it cannot fail.
                    let _ = writeln!(words, "  they get: issuer `{issuer}`, audience `{audience}`");
                }
                Err(Refusal::usage(lines(&words)))
            }
            _ => Ok(present),
        }
    }
}

impl Present {
    fn tell(&self, server: &ServerId, terminal: &Terminal) -> Result<(), Refusal> {
        for login in &self.without_token {
            terminal.complain(&printable(&format!(
                "warning: `{login}` gets no token for `{server}`: everything is denied there"
            )))?;
        }
        for note in &self.notes {
            terminal.complain(&printable(&format!("note: {note}")))?;
        }
        Ok(())
    }
}

/// One of each kind of token that says something else.
fn distinct(held: Vec<Holding>) -> Vec<Holding> {
    let mut distinct: Vec<Holding> = Vec::new();
    for holding in held {
        let says = |other: &Holding| {
            other.membership.groups == holding.membership.groups
                && other.membership.roles == holding.membership.roles
        };
        if !distinct.iter().any(says) {
            distinct.push(holding);
        }
    }
    distinct
}

fn ambiguous(login: &str, server: &ServerId, several: &[Holding]) -> Refusal {
    let mut words =
        format!("error: what the tokens of `{login}` for `{server}` say depends on who asks for what\n");
    for Holding { client, scopes, membership } in several.iter().take(MOST_SHOWN) {
        let list = |names: &std::collections::BTreeSet<String>| {
            if names.is_empty() {
                "none".to_owned()
            } else {
                names.iter().cloned().collect::<Vec<_>>().join(", ")
            }
        };
        let (groups, roles) = (list(&membership.groups), list(&membership.roles));
        let scopes = scopes.join(" ");
        // Into a text: it cannot fail.
        let _ =
            writeln!(words, "  application `{client}`, scopes `{scopes}`: groups {groups}; roles {roles}");
    }
    words.push_str("  help: `--client` names the application; where the scopes decide, write the subjects down as a list\n");
    Refusal::usage(lines(&words))
}

/// Names come from files.
fn lines(words: &str) -> String {
    words.lines().map(printable).collect::<Vec<_>>().join("\n")
}

/// The subjects of one file.
pub(super) fn read(source: &Source, client: Option<&str>, terminal: &Terminal) -> Result<Subjects, Refusal> {
    let (subjects, found) = Subjects::read(source, client)?;
    usable(&[found], terminal)?;
    Ok(subjects)
}

/// The near name; of logins that are addresses, people write what stands before the `@`.
fn nearest<'s>(name: &str, subjects: &'s [Subject]) -> Option<&'s str> {
    let names = || subjects.iter().map(|subject| subject.name.as_str());
    let before = |known: &'s str| known.split_once('@').map(|(before, _)| before);
    closest(name, names()).or_else(|| {
        let near = closest(name, names().filter_map(before))?;
        names().find(|known| before(known) == Some(near))
    })
}

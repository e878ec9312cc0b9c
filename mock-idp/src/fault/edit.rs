//! Members set and left out: of JSON answers, of redirects, of tokens.

use serde_json::{Map, Value as Json};

use super::Action;
use crate::{
    journal::Note,
    keys::SigningKey,
    provider::{Provider, Signer},
    signature::Sign,
};

/// Members to set and to leave out, by name or by JSON pointer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edit {
    pub(crate) set: Map<String, Json>,
    pub(crate) without: Vec<String>,
}

impl Edit {
    /// By name. What is set replaces in place; what is new comes last. False if nothing was there to change.
    fn members(&self, members: &mut Map<String, Json>) -> bool {
        let mut changed = false;
        for (name, value) in &self.set {
            members.insert(name.clone(), value.clone());
            changed = true;
        }
        for name in &self.without {
            changed |= members.shift_remove(name).is_some();
        }
        changed
    }

    /// By JSON pointer. False if no pointer led anywhere.
    pub(super) fn pointers(&self, document: &mut Json) -> bool {
        let mut changed = false;
        for (pointer, value) in &self.set {
            changed |= set(document, pointer, value);
        }
        for pointer in &self.without {
            changed |= remove(document, pointer);
        }
        changed
    }
}

/// Edits the parameters of a redirect to the client.
pub(crate) fn callback(provider: &Provider, endpoint: &str, params: &mut Map<String, Json>, note: &mut Note) {
    let found = provider.state().faults.act(endpoint, note, |action| match action {
        Action::Callback(edit) => edit.members(params).then_some(()),
        _ => None,
    });
    note.fault(found.map(|(kind, ())| kind));
}

/// A token of the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    Access,
    Id,
}

/// Another header, other claims, another signature.
#[derive(Clone, Debug)]
pub(crate) struct Forgery {
    pub(crate) header: Edit,
    pub(crate) claims: Edit,
    pub(crate) sign: Sign,
}

impl Forgery {
    /// Nothing if nothing was there to change, or if the key cannot sign so.
    fn apply(
        &self,
        key: &SigningKey,
        header: &mut Map<String, Json>,
        claims: &mut Map<String, Json>,
    ) -> Option<Sign> {
        self.sign.check(key).ok()?;
        if let Some(algorithm) = self.sign.algorithm() {
            header.insert("alg".to_owned(), algorithm.into());
        }
        let changed = [self.header.members(header), self.claims.members(claims), self.sign != Sign::Issuer];
        changed.contains(&true).then_some(self.sign)
    }
}

/// Edits a token that the token endpoint is about to sign, and says what signs it.
pub(crate) fn token(
    provider: &Provider,
    which: Token,
    signer: &Signer,
    header: &mut Map<String, Json>,
    claims: &mut Map<String, Json>,
    note: &mut Note,
) -> Sign {
    let found = provider.state().faults.act("token", note, |action| match action {
        Action::Token(wanted, forgery) if *wanted == which => forgery.apply(&signer.key, header, claims),
        _ => None,
    });
    note.fault(found.map(|(kind, _)| kind));
    found.map(|(_, sign)| sign).unwrap_or_default()
}

/// Sets a member or an item; `-` is the place behind the last item (RFC 6901 §4).
fn set(document: &mut Json, pointer: &str, value: &Json) -> bool {
    let Some((parent, name)) = split(document, pointer) else { return false };
    match parent {
        Json::Object(members) => {
            members.insert(name, value.clone());
            true
        }
        Json::Array(items) if name == "-" => {
            items.push(value.clone());
            true
        }
        Json::Array(items) => match index(&name).and_then(|index| items.get_mut(index)) {
            Some(item) => {
                *item = value.clone();
                true
            }
            None => false,
        },
        _ => false,
    }
}

fn remove(document: &mut Json, pointer: &str) -> bool {
    let Some((parent, name)) = split(document, pointer) else { return false };
    match parent {
        Json::Object(members) => members.shift_remove(&name).is_some(),
        Json::Array(items) => match index(&name).filter(|index| *index < items.len()) {
            Some(index) => {
                items.remove(index);
                true
            }
            None => false,
        },
        _ => false,
    }
}

/// What holds the last token of a pointer, and that token.
fn split<'d>(document: &'d mut Json, pointer: &str) -> Option<(&'d mut Json, String)> {
    let (parent, name) = pointer.rsplit_once('/')?;
    Some((document.pointer_mut(parent)?, name.replace("~1", "/").replace("~0", "~")))
}

fn index(name: &str) -> Option<usize> {
    name.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pointers_lead_into_objects_and_lists() {
        let mut document = json!({"issuer": "a", "keys": [{"kid": "1"}, {"kid": "2"}], "a/b": 1});
        let set = json!({"/issuer": "x", "/keys/0/kid": 7, "/keys/-": {}, "/new": null, "/a~1b": 2});
        let edit = Edit { set: set.as_object().unwrap().clone(), without: vec!["/keys/1".to_owned()] };
        assert!(edit.pointers(&mut document));
        let expected = json!({"issuer": "x", "keys": [{"kid": 7}, {}], "a/b": 2, "new": null});
        assert_eq!(document.to_string(), expected.to_string(), "in place, what is new last");
    }

    #[test]
    fn a_pointer_that_leads_nowhere_changes_nothing() {
        let mut document = json!({"issuer": "a", "keys": []});
        for pointer in ["/nothing/there", "/issuer/x", "/keys/0", "/keys/x"] {
            assert!(!set(&mut document, pointer, &json!(1)), "{pointer}");
            assert!(!remove(&mut document, pointer), "{pointer}");
        }
        assert_eq!(document, json!({"issuer": "a", "keys": []}));
    }
}

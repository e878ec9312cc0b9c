//! `tamper`: somebody changes a client's cache on disk. The file's members are the client's (`client/cache.rs`); what
//! is done to them is not.

use std::{fs, io, path::Path};

use serde_json::Value as Json;

use super::{Context, Done, Stuck, fill};
use crate::{
    client::CACHE_FILE,
    outcome::Cause,
    scenario::syntax::{Tamper, Tampering},
};

/// Where the copy of a cache is kept.
const COPY: &str = "kept-by-the-attacker";

pub(super) fn take(context: &mut Context<'_>, step: &Tamper) -> Result<Done, Stuck> {
    let folder = context.clients.find(&step.client)?.folder.clone();
    let file = folder.join(CACHE_FILE);
    let copy = folder.join(COPY);
    let what = match &step.by {
        Tampering::Delete => fs::remove_file(&file).map(|()| "is deleted".to_owned()),
        Tampering::Keep => fs::copy(&file, &copy).map(|_| "is copied".to_owned()),
        Tampering::PutBack => fs::copy(&copy, &file).map(|_| "is put back as it was".to_owned()),
        Tampering::Truncate => fs::read(&file)
            .and_then(|bytes| fs::write(&file, bytes.get(..bytes.len() / 2).unwrap_or_default()))
            .map(|()| "loses its second half".to_owned()),
        Tampering::Flip(member) => {
            let member = fill(context, member)?;
            edit(&file, |cache| flip(cache, &member)).map(|()| format!("has another character in `{member}`"))
        }
        Tampering::Set(members) => {
            let mut values = Vec::new();
            for (pointer, value) in members {
                values.push((pointer.clone(), value.fill(context)?));
            }
            let names =
                members.iter().map(|(pointer, _)| format!("`{pointer}`")).collect::<Vec<_>>().join(", ");
            edit(&file, |cache| {
                values.into_iter().try_for_each(|(pointer, value)| set(cache, &pointer, value))
            })
            .map(|()| format!("has another {names}"))
        }
    };
    let what = what.map_err(|error| Stuck {
        reason: format!("the cache of `{}` cannot be changed: {error}", step.client),
        cause: Cause::Harness,
    })?;
    Ok(Done { title: format!("the cache of `{}` {what}", step.client), checks: Vec::new(), go_on: true })
}

fn edit(file: &Path, change: impl FnOnce(&mut Json) -> Result<(), String>) -> io::Result<()> {
    let before = fs::read(file)?;
    let mut cache: Json = serde_json::from_slice(&before)?;
    change(&mut cache).map_err(io::Error::other)?;
    let after = serde_json::to_vec(&cache)?;
    if serde_json::from_slice::<Json>(&before).is_ok_and(|before| before == cache) {
        return Err(io::Error::other("nothing would differ"));
    }
    fs::write(file, after)
}

fn set(cache: &mut Json, pointer: &str, value: Json) -> Result<(), String> {
    let member = cache.pointer_mut(pointer).ok_or_else(|| format!("it has no `{pointer}`"))?;
    *member = value;
    Ok(())
}

/// Another character in the middle of a text, another digit in a number.
fn flip(cache: &mut Json, member: &str) -> Result<(), String> {
    let value = cache.get_mut(member).ok_or_else(|| format!("it has no `{member}`"))?;
    let text = match &*value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    // The middle of a text; inside an object the middle of its longest value.
    let is_text = value.is_string();
    if value.is_number() {
        *value = value.as_u64().map_or(0, |number| number ^ 1).into();
        return Ok(());
    }
    if !is_text {
        return longest(value)
            .map(|text| *text = flipped(text))
            .ok_or_else(|| format!("`{member}` has no text"));
    }
    *value = flipped(&text).into();
    Ok(())
}

fn longest(value: &mut Json) -> Option<&mut String> {
    match value {
        Json::String(text) => Some(text),
        Json::Array(items) => items.iter_mut().filter_map(longest).max_by_key(|text| text.len()),
        Json::Object(members) => members.values_mut().filter_map(longest).max_by_key(|text| text.len()),
        _ => None,
    }
}

fn flipped(text: &str) -> String {
    let middle = text.chars().count() / 2;
    let other = |c: char| match c {
        '0' => '1',
        c if c.is_ascii_digit() => '0',
        'A' => 'B',
        _ => 'A',
    };
    text.chars().enumerate().map(|(at, c)| if at == middle { other(c) } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_member_can_be_flipped_and_changes() {
        let cache = json!({
            "version": 1, "envelope": "eyJ.eyJ.c2ln", "keys": {"keys": [{"kty": "EC", "x": "abcdefgh"}]},
            "last_contact": "2026-06-01T08:00:00Z", "etag": null,
        });
        for member in ["version", "envelope", "keys", "last_contact"] {
            let mut other = cache.clone();
            flip(&mut other, member).unwrap();
            assert_ne!(other, cache, "{member}");
        }
        assert!(flip(&mut cache.clone(), "etag").is_err());
        assert!(flip(&mut cache.clone(), "absent").is_err());
        assert!(set(&mut cache.clone(), "/absent", json!(1)).is_err());
    }
}

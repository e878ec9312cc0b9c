//! Functions of texts, lists and numbers.
//!
//! Names, arguments and examples are documented (D), the name `String.startsWith` is from Okta's Terraform provider
//! (`examples/resources/okta_group_rule`, S), and that `String.replace` reads a list's members is from
//! <https://support.okta.com/help/s/article/understanding-okta-expression-language-flattening-filtered-groups-and-replacing-string-segments>
//! (D). What a null or an unfitting argument does is documented nowhere; here (K) null gives null, false, an
//! empty list or a length of 0, whichever fits, a text that is not found has nothing after it and all before it, as in
//! Apache Commons Lang, and anything else fails.

use std::ops::RangeInclusive;

use serde_json::{Number, Value as Json};

use super::{Failed, evaluate::same};

/// A function and how it is written.
#[derive(Debug)]
pub(crate) struct Function {
    pub(super) name: &'static str,
    pub(super) signature: &'static str,
    pub(super) takes: RangeInclusive<usize>,
    pub(super) value: fn(&[Json]) -> Result<Json, Failed>,
}

const MANY: usize = usize::MAX;

const fn function(
    name: &'static str,
    signature: &'static str,
    takes: RangeInclusive<usize>,
    value: fn(&[Json]) -> Result<Json, Failed>,
) -> Function {
    Function { name, signature, takes, value }
}

pub(super) static FUNCTIONS: [Function; 25] = [
    function("String.append", "`String.append(text, suffix)`", 2..=2, |all| {
        texts(all, |[text, suffix]| text + &suffix)
    }),
    function("String.join", "`String.join(separator, text, …)`", 2..=MANY, join),
    function("String.len", "`String.len(text)`", 1..=1, |all| {
        Ok(known(all, 0)?.map_or(0, |text| text.chars().count()).into())
    }),
    function("String.removeSpaces", "`String.removeSpaces(text)`", 1..=1, |all| {
        texts(all, |[text]| text.replace(' ', ""))
    }),
    function("String.replace", "`String.replace(text, match, replacement)`", 3..=3, replace),
    function("String.replaceFirst", "`String.replaceFirst(text, match, replacement)`", 3..=3, |all| {
        texts(all, |[text, from, to]| text.replacen(&from, &to, 1))
    }),
    function("String.startsWith", "`String.startsWith(text, start)`", 2..=2, |all| {
        test(all, |text, start| text.starts_with(start))
    }),
    function("String.stringContains", "`String.stringContains(text, part)`", 2..=2, |all| {
        test(all, |text, part| text.contains(part))
    }),
    function("String.stringSwitch", "`String.stringSwitch(text, default, key, value, …)`", 4..=MANY, switch),
    function("String.substring", "`String.substring(text, start, end)`", 3..=3, substring),
    function("String.substringAfter", "`String.substringAfter(text, part)`", 2..=2, |all| {
        texts(all, |[text, part]| {
            text.split_once(&part).map_or_else(String::new, |(_, after)| after.to_owned())
        })
    }),
    function("String.substringBefore", "`String.substringBefore(text, part)`", 2..=2, |all| {
        texts(all, |[text, part]| {
            text.split_once(&part).map_or_else(|| text.clone(), |(before, _)| before.to_owned())
        })
    }),
    function("String.toLowerCase", "`String.toLowerCase(text)`", 1..=1, |all| {
        texts(all, |[text]| text.to_lowercase())
    }),
    function("String.toUpperCase", "`String.toUpperCase(text)`", 1..=1, |all| {
        texts(all, |[text]| text.to_uppercase())
    }),
    function("Arrays.add", "`Arrays.add(list, value)`", 2..=2, |all| {
        Ok(list(all)?.iter().chain(all.get(1)).cloned().collect())
    }),
    function("Arrays.remove", "`Arrays.remove(list, value)`", 2..=2, |all| {
        let (list, value) = (list(all)?, all.get(1).ok_or(Failed)?);
        let first = list.iter().position(|member| same(member, value));
        let stays = |(at, member): (usize, &Json)| (Some(at) != first).then(|| member.clone());
        Ok(list.iter().enumerate().filter_map(stays).collect())
    }),
    function("Arrays.clear", "`Arrays.clear(list)`", 1..=1, |all| list(all).map(|_| Json::Array(Vec::new()))),
    function("Arrays.get", "`Arrays.get(list, position)`", 2..=2, |all| {
        let at = usize::try_from(all.get(1).and_then(Json::as_u64).ok_or(Failed)?).map_err(|_| Failed)?;
        list(all)?.get(at).cloned().ok_or(Failed)
    }),
    function("Arrays.flatten", "`Arrays.flatten(value or list, …)`", 1..=MANY, |all| {
        let mut flat = Vec::new();
        flatten(all, &mut flat)?;
        Ok(flat.into())
    }),
    function("Arrays.contains", "`Arrays.contains(list, value)`", 2..=2, |all| {
        let value = all.get(1).ok_or(Failed)?;
        Ok(list(all)?.iter().any(|member| same(member, value)).into())
    }),
    function("Arrays.size", "`Arrays.size(list)`", 1..=1, |all| Ok(list(all)?.len().into())),
    // Of a text too: Okta's article on groups asks it of `Arrays.toCsvString(…)`.
    function("Arrays.isEmpty", "`Arrays.isEmpty(list)`", 1..=1, |all| match all.first() {
        Some(Json::String(text)) => Ok(text.is_empty().into()),
        _ => Ok(list(all)?.is_empty().into()),
    }),
    function("Arrays.toCsvString", "`Arrays.toCsvString(list)`", 1..=1, |all| {
        let members: Result<Vec<_>, _> =
            list(all)?.iter().map(|member| text(member)?.ok_or(Failed)).collect();
        Ok(members?.join(",").into())
    }),
    function("Convert.toInt", "`Convert.toInt(text or number)`", 1..=1, to_int),
    function("Convert.toNum", "`Convert.toNum(text or number)`", 1..=1, |all| {
        let Some(text) = known(all, 0)? else { return Ok(Json::Null) };
        number(text.trim().parse().map_err(|_| Failed)?)
    }),
];

pub(super) fn by_name(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// A single value as a text; none for null.
fn text(value: &Json) -> Result<Option<String>, Failed> {
    match value {
        Json::Null => Ok(None),
        Json::String(text) => Ok(Some(text.clone())),
        Json::Bool(_) | Json::Number(_) => Ok(Some(value.to_string())),
        Json::Array(_) | Json::Object(_) => Err(Failed),
    }
}

fn known(all: &[Json], at: usize) -> Result<Option<String>, Failed> {
    text(all.get(at).ok_or(Failed)?)
}

/// A text from texts; null if one of them is.
fn texts<const N: usize>(all: &[Json], make: fn([String; N]) -> String) -> Result<Json, Failed> {
    let known: Option<Vec<_>> = all.iter().map(text).collect::<Result<_, _>>()?;
    let Some(known) = known else { return Ok(Json::Null) };
    Ok(make(known.try_into().map_err(|_| Failed)?).into())
}

fn test(all: &[Json], holds: fn(&str, &str) -> bool) -> Result<Json, Failed> {
    let (Some(text), Some(part)) = (known(all, 0)?, known(all, 1)?) else { return Ok(false.into()) };
    Ok(holds(&text, &part).into())
}

/// Nulls are passed over.
fn join(all: &[Json]) -> Result<Json, Failed> {
    let Some(separator) = known(all, 0)? else { return Ok(Json::Null) };
    let rest = all.iter().skip(1).map(text).collect::<Result<Vec<_>, _>>()?;
    Ok(rest.into_iter().flatten().collect::<Vec<_>>().join(&separator).into())
}

fn replace(all: &[Json]) -> Result<Json, Failed> {
    match all {
        [Json::Array(members), from, to] => {
            members.iter().map(|member| replace(&[member.clone(), from.clone(), to.clone()])).collect()
        }
        _ => texts(all, |[text, from, to]| text.replace(&from, &to)),
    }
}

/// The value of the first key that is a part of the text.
fn switch(all: &[Json]) -> Result<Json, Failed> {
    let [_, default, pairs @ ..] = all else { return Err(Failed) };
    if pairs.len() % 2 == 1 {
        return Err(Failed);
    }
    let input = known(all, 0)?.unwrap_or_default();
    for pair in pairs.chunks_exact(2) {
        let [key, value] = pair else { continue };
        if text(key)?.is_some_and(|key| input.contains(&key)) {
            return Ok(value.clone());
        }
    }
    Ok(default.clone())
}

fn substring(all: &[Json]) -> Result<Json, Failed> {
    let Some(text) = known(all, 0)? else { return Ok(Json::Null) };
    let place =
        |at: usize| all.get(at).and_then(Json::as_u64).and_then(|at| usize::try_from(at).ok()).ok_or(Failed);
    let (start, end) = (place(1)?, place(2)?);
    let letters: Vec<_> = text.chars().collect();
    Ok(letters.get(start..end).ok_or(Failed)?.iter().collect::<String>().into())
}

/// The first argument as a list; null is an empty one.
fn list(all: &[Json]) -> Result<&[Json], Failed> {
    match all.first() {
        Some(Json::Array(members)) => Ok(members),
        Some(Json::Null) => Ok(&[]),
        _ => Err(Failed),
    }
}

/// Null has no place in it: Okta's article on groups asks whether they are null first.
fn flatten(values: &[Json], flat: &mut Vec<Json>) -> Result<(), Failed> {
    for value in values {
        match value {
            Json::Array(members) => flatten(members, flat)?,
            Json::Null => return Err(Failed),
            _ => flat.push(value.clone()),
        }
    }
    Ok(())
}

/// A text is a whole number; a number is rounded.
fn to_int(all: &[Json]) -> Result<Json, Failed> {
    match all.first() {
        Some(Json::Null) => Ok(Json::Null),
        Some(Json::String(text)) => text.trim().parse::<i64>().map(Json::from).map_err(|_| Failed),
        Some(Json::Number(value)) if value.is_f64() => {
            let rounded = value.as_f64().ok_or(Failed)?.round();
            format!("{rounded:.0}").parse::<i64>().map(Json::from).map_err(|_| Failed)
        }
        Some(Json::Number(value)) => Ok(Json::Number(value.clone())),
        _ => Err(Failed),
    }
}

fn number(value: f64) -> Result<Json, Failed> {
    Number::from_f64(value).map(Json::Number).ok_or(Failed)
}

//! Functions of groups. Their arguments are texts and numbers as they stand, so that they are checked with the file:
//! ids must be those of its groups, and patterns must be some.
//!
//! Names, arguments and the limit are documented (D). That `Groups.…` is null where no group passes follows from the
//! advice of <https://support.okta.com/help/s/article/How-to-Write-a-Groups-Claim-Expression-that-Will-Match-Against-Two-Differently-Named-Groups>.

use serde_json::Value as Json;

use super::{Expression, Names};
use crate::tenant::GroupFilter;

pub(super) const NAMES: [&str; 10] = [
    "Groups.startsWith",
    "Groups.endsWith",
    "Groups.contains",
    "getFilteredGroups",
    "isMemberOfGroupName",
    "isMemberOfGroupNameStartsWith",
    "isMemberOfGroupNameContains",
    "isMemberOfGroupNameRegex",
    "isMemberOfGroup",
    "isMemberOfAnyGroup",
];

/// The function of that name with its arguments, or how it is written. None: it is no function of groups.
pub(super) fn read(
    name: &str,
    arguments: &[Expression],
    names: Names<'_>,
) -> Option<Result<Expression, String>> {
    type Make = fn(&str) -> Option<GroupFilter>;
    const STARTS: Make = |text| Some(GroupFilter::StartsWith(text.to_owned()));
    const ENDS: Make = |text| Some(GroupFilter::EndsWith(text.to_owned()));
    const CONTAINS: Make = |text| Some(GroupFilter::Contains(text.to_owned()));
    const EQUALS: Make = |text| Some(GroupFilter::Equals(text.to_owned()));
    Some(match name {
        "Groups.startsWith" => groups(name, arguments, STARTS),
        "Groups.endsWith" => groups(name, arguments, ENDS),
        "Groups.contains" => groups(name, arguments, CONTAINS),
        "getFilteredGroups" => filtered(arguments, names),
        "isMemberOfGroupName" => member(name, arguments, EQUALS),
        "isMemberOfGroupNameStartsWith" => member(name, arguments, STARTS),
        "isMemberOfGroupNameContains" => member(name, arguments, CONTAINS),
        "isMemberOfGroupNameRegex" => member(name, arguments, GroupFilter::matching),
        "isMemberOfGroup" | "isMemberOfAnyGroup" => {
            let one = name == "isMemberOfGroup";
            match ids(arguments, names) {
                Ok(ids) if !ids.is_empty() && (!one || ids.len() == 1) => {
                    Ok(Expression::IsMember(GroupFilter::OneOf(ids)))
                }
                Ok(_) => {
                    Err(format!("it is written `{name}(\"id of a group\"{})`", if one { "" } else { ", …" }))
                }
                Err(advice) => Err(advice),
            }
        }
        _ => return None,
    })
}

/// `Groups.startsWith("OKTA", "mcp-", 100)`: the source of the groups, what to look for, and how many at most.
fn groups(
    name: &str,
    arguments: &[Expression],
    make: fn(&str) -> Option<GroupFilter>,
) -> Result<Expression, String> {
    let [source, wanted, limit] = arguments else {
        return Err(format!("it is written `{name}(\"OKTA\", \"mcp-\", 100)`"));
    };
    match (text(source), text(wanted).and_then(make), number(limit)) {
        (Some("OKTA"), Some(filter), Some(limit)) => Ok(Expression::Groups(filter, limit)),
        (Some("OKTA"), Some(_), None) => Err("its limit is a number from 1 to 100".to_owned()),
        (Some(_), _, _) if text(source) != Some("OKTA") => {
            Err("the groups of a tenant file are Okta's own: the source is `\"OKTA\"`".to_owned())
        }
        _ => Err(format!("the mock reads texts as they stand: `{name}(\"OKTA\", \"mcp-\", 100)`")),
    }
}

/// `getFilteredGroups({"00g…"}, "group.name", 40)`: the names of those of these groups that the user is a member of.
fn filtered(arguments: &[Expression], names: Names<'_>) -> Result<Expression, String> {
    const WRITTEN: &str = "it is written `getFilteredGroups({\"id of a group\"}, \"group.name\", 40)`";
    let [Expression::List(wanted), property, limit] = arguments else { return Err(WRITTEN.to_owned()) };
    let (Some("group.name"), Some(limit)) = (text(property), number(limit)) else {
        return Err(format!("{WRITTEN}, with a limit from 1 to 100"));
    };
    Ok(Expression::Groups(GroupFilter::OneOf(ids(wanted, names)?), limit))
}

fn member(
    name: &str,
    arguments: &[Expression],
    make: fn(&str) -> Option<GroupFilter>,
) -> Result<Expression, String> {
    let [pattern] = arguments else { return Err(format!("it is written `{name}(\"mcp-\")`")) };
    let pattern =
        text(pattern).ok_or_else(|| format!("the mock reads a text as it stands: `{name}(\"mcp-\")`"))?;
    make(pattern).map(Expression::IsMember).ok_or_else(|| {
        format!("`{pattern}` is no regular expression; backreferences and look-around are not read")
    })
}

/// The names of groups by their ids.
fn ids(arguments: &[Expression], names: Names<'_>) -> Result<Vec<String>, String> {
    let one = |argument: &Expression| {
        let id = text(argument).ok_or_else(|| "the mock reads ids in quotes, as they stand".to_owned())?;
        let known = names.group_ids.iter().find(|(known, _)| known == id);
        known.map(|(_, name)| name.clone()).ok_or_else(|| {
            format!(
                "no group of this file has the id `{id}`: give it as `{{ name: …, id: {id} }}` in `groups`"
            )
        })
    };
    arguments.iter().map(one).collect()
}

fn text(argument: &Expression) -> Option<&str> {
    if let Expression::Constant(Json::String(text)) = argument { Some(text) } else { None }
}

/// Okta takes 1 to 100.
fn number(argument: &Expression) -> Option<usize> {
    let Expression::Constant(Json::Number(number)) = argument else { return None };
    let number = usize::try_from(number.as_u64()?).ok()?;
    (1..=100).contains(&number).then_some(number)
}

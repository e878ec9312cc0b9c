//! The facts as plain sentences.

use std::{
    collections::BTreeSet,
    fmt::{self, Write as _},
};

use super::{Explanation, Ground, Held, Way};
use crate::rbac::{Matching, Offered};

/// Sentences, one fact a line. User input is in backticks and as it is: whoever prints it makes it printable.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.allowed {
            f.write_str("Allowed, because\n")?;
            return self.because.iter().try_for_each(|ground| granted(ground, f));
        }
        f.write_str("Denied, because\n")?;
        for error in &self.errors {
            writeln!(f, "  a policy failed to evaluate: {error}")?;
        }
        let denies: Vec<_> = self.because.iter().filter(|ground| ground.effect == "deny").collect();
        for ground in &denies {
            writeln!(f, "  {} denies it to everybody\n    {}", ground.policy, ground.at)?;
        }
        if self.errors.is_empty() && denies.is_empty() {
            f.write_str("  no binding grants it\n")?;
        }
        if self.would_change.is_empty() {
            f.write_str("What would change that:\n  no binding on this server grants this to anybody; one must be written\n")?;
            self.standing.iter().try_for_each(|deny| writeln!(f, "  {deny}"))?;
        } else {
            f.write_str("What would change that:\n")?;
            self.would_change.iter().try_for_each(|way| self::way(way, f))?;
            if self.further > 0 {
                writeln!(f, "  … and {} more bindings", self.further)?;
            }
        }
        if self.in_part {
            f.write_str("More than this stands in the way: ask again once it is done.\n")?;
        }
        Ok(())
    }
}

fn granted(ground: &Ground, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let role = ground.role.as_deref().unwrap_or_default();
    writeln!(f, "  {} grants it to role `{role}`\n    {}", ground.policy, ground.at)?;
    for Held { binding, at, groups, roles } in &ground.through {
        let mut by = String::new();
        for (what, names) in [("group", groups), ("role", roles)] {
            if !names.is_empty() {
                let and = if by.is_empty() { "" } else { " and " };
                let _ = write!(by, "{and}{}", list(what, names, Matching::All));
            }
        }
        writeln!(f, "    the role is held by {by}, through {binding}\n      {at}")?;
    }
    Ok(())
}

fn way(way: &Way, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let role = way.role.as_ref().map_or_else(String::new, |role| format!(" (role `{role}`)"));
    writeln!(f, "  {}{role} needs\n    {}", way.policy, way.at)?;
    way.needs.iter().try_for_each(|need| writeln!(f, "    - {need}"))
}

/// `group a`, `one of the groups a, b`, `the groups a, b`.
pub(super) fn list<'n>(
    what: &str,
    names: impl IntoIterator<Item = &'n String>,
    matching: Matching,
) -> String {
    let names: BTreeSet<_> = names.into_iter().map(|name| format!("`{name}`")).collect();
    let shown: Vec<_> = names.into_iter().collect();
    match (shown.as_slice(), matching) {
        ([one], _) => format!("{what} {one}"),
        (_, Matching::Any) => format!("one of the {what}s {}", shown.join(", ")),
        (_, Matching::All) => format!("the {what}s {}", shown.join(", ")),
    }
}

pub(super) fn and(needs: &[String]) -> String {
    needs.join(" and ")
}

pub(super) const fn called(offered: Offered) -> &'static str {
    match offered {
        Offered::Tool => "tool",
        Offered::Prompt => "prompt",
        Offered::Resource => "resource",
    }
}

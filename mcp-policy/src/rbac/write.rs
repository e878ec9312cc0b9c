//! Statements as Cedar text that a person can read: one layout for everything, broken where a line would be long.
//!
//! Cedar reads and evaluates `a || b || c` one level deeper for every test, on the stack of whoever asks. So a long row of
//! conditions is written in few tests, and these in parentheses within parentheses: what compiles can be evaluated.

use std::{borrow::Cow, collections::BTreeSet, fmt::Write as _};

use super::{
    Clause, Effect, Idle, Matching, Offered, Statement, Who,
    literal::{entity, quoted, remark},
};
use crate::{
    rule::{Rule, Rules},
    vocabulary::Action,
};

/// The width that a line should keep to.
const WIDTH: usize = 100;

/// How many conditions stand beside one another as they are.
const FLAT: usize = 64;

/// How many tests of a longer row share a pair of parentheses.
const TOGETHER: usize = 16;

/// How a form speaks of the server, and of a principal's groups and roles.
pub(super) struct Form<'f> {
    /// The server's entity: `MCP::"engineering/MCPServer/github"`.
    pub(super) server: String,
    /// Any or all of these groups or roles: the test.
    pub(super) member: &'f dyn Fn(List, &BTreeSet<String>, Matching) -> String,
    /// Which of the two.
    pub(super) matching: Matching,
    /// Which rules hold.
    pub(super) rules: Rules,
}

/// One of the two lists of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    /// `groups`.
    Groups,
    /// `roles`.
    Roles,
}

/// The statement with the comment above it.
pub(super) fn statement(statement: &Statement, form: &Form<'_>) -> String {
    let mut text = comment(statement, form.rules);
    let keyword = match statement.effect {
        Effect::Grant => "permit",
        Effect::Deny => "forbid",
    };
    let is = statement
        .names
        .as_ref()
        .map_or_else(String::new, |(offered, _)| format!(" is {}", offered.entity_type()));
    let _ = write!(
        text,
        "@id({})\n{keyword} (\n  principal,\n  {},\n  resource{is} in {}\n)",
        quoted(&statement.id, form.rules),
        actions(&statement.actions),
        form.server,
    );
    if let Who::Holders { held, narrowed } = &*statement.who {
        when(&mut text, or(held, form));
        if let Some(narrowed) = narrowed {
            when(&mut text, or(narrowed, form));
        }
    }
    if let Some((offered, names)) = &statement.names {
        when(&mut text, vec![named(*offered, names, form.rules)]);
    }
    for (hint, wanted) in
        [("readOnlyHint", statement.hints.read_only), ("destructiveHint", statement.hints.destructive)]
    {
        if let Some(wanted) = wanted {
            let mut tests = vec![format!("resource has {hint} && resource.{hint} == {wanted}")];
            if !form.rules.hold(Rule::OpHint) {
                tests = vec![format!("if resource has {hint} then resource.{hint} == {wanted} else true")];
            }
            when(&mut text, tests);
        }
    }
    text.push_str(";\n");
    text
}

/// A binding that grants nothing, as a comment.
pub(super) fn idle(idle: &Idle, rules: Rules) -> String {
    let role = idle.origin.role.as_deref().unwrap_or_default();
    let origin = remark(&idle.origin.to_string(), rules);
    format!("// {origin}: role {} grants nothing, {}.\n", remark(role, rules), idle.why)
}

fn comment(statement: &Statement, rules: Rules) -> String {
    let origin = &statement.origin;
    let mut text = format!("// {}", remark(&origin.to_string(), rules));
    match &origin.role {
        None => text.push_str(": denied to everybody\n"),
        Some(role) => {
            let _ = writeln!(text, ": role {}, held through", remark(role, rules));
            for through in &origin.through {
                let _ = writeln!(text, "//   {}", remark(&through.to_string(), rules));
            }
        }
    }
    text
}

fn actions(actions: &BTreeSet<Action>) -> String {
    let names: Vec<_> = actions.iter().map(|action| format!("Action::\"{action}\"")).collect();
    match names.as_slice() {
        [one] => format!("action == {one}"),
        _ if names.iter().map(|name| name.len() + 2).sum::<usize>() < WIDTH - 15 => {
            format!("action in [{}]", names.join(", "))
        }
        _ => format!("action in\n    [{}]", names.join(",\n     ")),
    }
}

/// A `when` clause with or-ed tests, on one line if they fit.
fn when(text: &mut String, tests: Vec<String>) {
    let line = tests.join(" || ");
    if line.len() + 11 <= WIDTH && !line.contains('\n') {
        let _ = write!(text, "\nwhen {{ {line} }}");
        return;
    }
    let tests: Vec<_> = tests.into_iter().map(|test| format!("  {}", test.replace('\n', "\n  "))).collect();
    let _ = write!(text, "\nwhen\n{{\n{}\n}}", tests.join(" ||\n"));
}

/// The or-ed tests of conditions.
fn or(clauses: &[Clause], form: &Form<'_>) -> Vec<String> {
    let clauses = merged(clauses, form.matching);
    let tests = clauses.iter().map(|(clause, matching)| {
        let member = |list, names: &BTreeSet<String>| (form.member)(list, names, *matching);
        let (groups, roles) = (&clause.groups, &clause.roles);
        match (groups.is_empty(), roles.is_empty()) {
            (true, _) => member(List::Roles, roles),
            (_, true) => member(List::Groups, groups),
            _ => {
                let both = [member(List::Groups, groups), member(List::Roles, roles)].map(together);
                both.join(if form.rules.hold(Rule::OpCond) { " && " } else { " || " })
            }
        }
    });
    if clauses.len() == 1 { tests.collect() } else { nested(tests.map(together).collect()) }
}

/// Of many conditions, those for which one name is enough as one: whoever has any of the names passes one of them.
fn merged(clauses: &[Clause], matching: Matching) -> Vec<(Cow<'_, Clause>, Matching)> {
    let as_it_is = |clause| (Cow::Borrowed(clause), matching);
    if clauses.len() <= FLAT {
        return clauses.iter().map(as_it_is).collect();
    }
    let one_is_enough = |names: &BTreeSet<String>| matching == Matching::Any || names.len() == 1;
    let mut any = [Clause::default(), Clause::default()];
    let [groups, roles] = &mut any;
    let mut others = Vec::new();
    for clause in clauses {
        if clause.roles.is_empty() && one_is_enough(&clause.groups) {
            groups.groups.extend(clause.groups.iter().cloned());
        } else if clause.groups.is_empty() && one_is_enough(&clause.roles) {
            roles.roles.extend(clause.roles.iter().cloned());
        } else {
            others.push(clause);
        }
    }
    let any = any.into_iter().filter(|clause| *clause != Clause::default());
    let any = any.map(|clause| (Cow::Owned(clause), Matching::Any));
    any.chain(others.into_iter().map(as_it_is)).collect()
}

/// A long row of or-ed tests as a short one.
fn nested(mut tests: Vec<String>) -> Vec<String> {
    while tests.len() > FLAT {
        let some = |some: &[String]| format!("(\n  {}\n)", some.join(" ||\n").replace('\n', "\n  "));
        tests = tests.chunks(TOGETHER).map(some).collect();
    }
    tests
}

/// A test that can stand beside another: in parentheses, if it is made of several.
fn together(test: String) -> String {
    let several = test.contains("&&") || test.contains("||") || test.starts_with("if ");
    if several { format!("({test})") } else { test }
}

fn named(offered: Offered, names: &BTreeSet<String>, rules: Rules) -> String {
    let attribute = offered.attribute();
    let literals: Vec<_> = names.iter().map(|name| quoted(name, rules)).collect();
    match literals.as_slice() {
        [one] => format!("resource.{attribute} == {one}"),
        _ => format!("{}.contains(resource.{attribute})", list(&literals)),
    }
}

/// A list of literals, one a line if they do not fit.
pub(super) fn list(literals: &[String]) -> String {
    let line = format!("[{}]", literals.join(", "));
    if line.len() + 40 <= WIDTH { line } else { format!("[\n  {}\n]", literals.join(",\n  ")) }
}

/// How the platform's own form tests membership: the principal's parents are its groups and its roles.
pub(super) fn platform_member(
    of: List,
    names: &BTreeSet<String>,
    matching: Matching,
    rules: Rules,
) -> String {
    let entity_type = match of {
        List::Groups => "Group",
        List::Roles => "Role",
    };
    let entities: Vec<_> = names.iter().map(|name| entity(entity_type, name, rules)).collect();
    match (entities.as_slice(), matching) {
        ([one], _) => format!("principal in {one}"),
        (_, Matching::Any) => format!("principal in {}", list(&entities)),
        (_, Matching::All) => {
            let tests: Vec<_> = entities.iter().map(|entity| format!("principal in {entity}")).collect();
            tests.join(" && ")
        }
    }
}

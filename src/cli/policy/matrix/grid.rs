//! The matrix as text: a table for every server, people across, tools, prompts and resources down, 80 columns wide.

use std::{collections::BTreeMap, fmt::Write as _};

use mcp_policy::{matrix::Row, vocabulary::Action};
use unicode_width::UnicodeWidthStr as _;

use crate::cli::policy::printable;

const WIDTH: usize = 80;
/// The widest name of a thing in the first column; longer ones are on a line of their own.
const LABEL: usize = 32;
/// The widest name of a subject above a column; where one is wider, all are numbered.
const HEADING: usize = 14;

/// Things of one server: what may be done with them, by the place of the subject.
type Table<'r> = BTreeMap<(Action, &'r str), Vec<bool>>;

pub(super) fn render(rows: &[Row]) -> String {
    let mut subjects: Vec<&str> = rows.iter().map(|row| &*row.subject).collect();
    subjects.dedup();
    // The rows are sorted by subject first, so each table's cells come in the order of the subjects.
    let mut tables: BTreeMap<[&str; 3], Table<'_>> = BTreeMap::new();
    for row in rows {
        let [_, namespace, kind, server, _, resource] = row.columns();
        let table = tables.entry([namespace, kind, server]).or_default();
        table.entry((row.action, resource)).or_default().push(row.allowed);
    }
    let names: Vec<String> = subjects.iter().map(|name| printable(name)).collect();
    let numbered = names.iter().any(|name| name.width() > HEADING);
    let mut text = String::new();
    if numbered {
        for (number, name) in (1..).zip(&names) {
            let _ = writeln!(text, "{number:>4}  {name}");
        }
        text.push('\n');
    }
    let headings: Vec<String> =
        if numbered { (1..=names.len()).map(|number| number.to_string()).collect() } else { names };
    for (server, table) in &tables {
        let _ = writeln!(text, "{}", printable(&server.join("/")));
        part(&mut text, &headings, table);
    }
    if tables.is_empty() {
        text.push_str("The inventory offers nothing.\n");
    }
    text
}

/// As many columns as fit, then the next ones below.
fn part(text: &mut String, headings: &[String], table: &Table<'_>) {
    let labels: Vec<_> = table.keys().map(|(action, name)| (*action, printable(name))).collect();
    let label =
        labels.iter().map(|(_, name)| name.width()).filter(|width| *width <= LABEL).max().unwrap_or(8);
    let wide = headings.iter().map(|name| name.width().max(3)).max().unwrap_or(3) + 2;
    let at_once = ((WIDTH - label - 4) / wide).max(1);
    for (chunk, some) in headings.chunks(at_once).enumerate() {
        let _ = write!(text, "{:width$}", "", width = label + 4);
        for heading in some {
            let _ = write!(text, "{}{heading}", " ".repeat(wide - heading.width()));
        }
        text.push('\n');
        let mut last = None;
        for ((action, name), allowed) in labels.iter().zip(table.values()) {
            if last != Some(*action) {
                let _ = writeln!(text, "  {action}");
                last = Some(*action);
            }
            if name.width() > label {
                let _ = write!(text, "    {name}\n{:width$}", "", width = label + 4);
            } else {
                let _ = write!(text, "    {name}{}", " ".repeat(label - name.width()));
            }
            for allowed in allowed.iter().skip(chunk * at_once).take(some.len()) {
                let _ = write!(text, "{:>wide$}", if *allowed { "yes" } else { "-" });
            }
            text.push('\n');
        }
        text.push('\n');
    }
}

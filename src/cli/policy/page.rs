//! The matrix as one page for a browser. It loads nothing and runs nothing; the template escapes every name.

use std::collections::BTreeMap;

use askama::Template;
use mcp_policy::{matrix::Row, vocabulary::Action};

use super::printable;

/// What is asked of one server → who may, in the order of the subjects.
type Grid<'r> = BTreeMap<(Action, &'r str), Vec<bool>>;

/// The matrix as a page.
pub(super) fn render(rows: &[Row]) -> askama::Result<String> {
    let mut subjects: Vec<String> = rows.iter().map(|row| row.subject.to_string()).collect();
    subjects.dedup();
    let subjects = subjects.iter().map(|name| printable(name)).collect();
    let mut servers: BTreeMap<[&str; 3], Grid<'_>> = BTreeMap::new();
    for row in rows {
        let [_, namespace, kind, server, _, resource] = row.columns();
        let of_server = servers.entry([namespace, kind, server]).or_default();
        of_server.entry((row.action, resource)).or_default().push(row.allowed);
    }
    let servers = servers
        .into_iter()
        .map(|(name, things)| Server {
            name: printable(&name.join("/")),
            things: things
                .into_iter()
                .map(|((action, name), allowed)| Thing {
                    action: action.name(),
                    name: printable(name),
                    allowed,
                })
                .collect(),
        })
        .collect();
    Page { subjects, servers }.render()
}

#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>Who may do what</title>
<style>
:root { color-scheme: light dark; }
body { font: 1rem/1.4 system-ui, sans-serif; margin: 2rem; }
div { overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0 2rem; }
th, td { border: 1px solid #8886; padding: .3rem .6rem; text-align: left; overflow-wrap: anywhere; }
td.allow { background: #2a92; }
td.deny { color: #888; }
</style>
<h1>Who may do what</h1>
{% for server in servers %}
<h2>{{ server.name }}</h2>
<div><table>
<thead><tr><th scope="col">action</th><th scope="col">name</th>{% for subject in subjects %}<th scope="col">{{ subject }}</th>{% endfor %}</tr></thead>
<tbody>
{% for thing in server.things %}<tr><td>{{ thing.action }}</td><th scope="row">{{ thing.name }}</th>{% for allowed in thing.allowed %}{% if *allowed %}<td class="allow">allow</td>{% else %}<td class="deny">deny</td>{% endif %}{% endfor %}</tr>
{% endfor %}</tbody>
</table></div>
{% endfor %}
</html>
"#
)]
struct Page {
    subjects: Vec<String>,
    servers: Vec<Server>,
}

struct Server {
    name: String,
    things: Vec<Thing>,
}

struct Thing {
    action: &'static str,
    name: String,
    /// In the order of the subjects.
    allowed: Vec<bool>,
}

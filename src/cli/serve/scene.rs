//! What a person or a program needs to know of what runs: where it is, who can sign in, what to try.

use std::net::SocketAddr;

use serde_json::{Value as Json, json};
use spanned_yaml::steers;
use unicode_width::UnicodeWidthStr as _;

use super::{
    Files, Inputs, Refusal, is_behind_a_proxy,
    walkthrough::{self, Step},
};
use crate::{
    net::Client,
    target::{
        Endpoints,
        embedded::{EmbeddedTarget, tenant::Account},
    },
};

/// Columns between two of a table.
const GAP: usize = 2;

/// All of it.
pub(super) struct Scene {
    /// Where the one port is.
    front: String,
    certificate: String,
    secret: String,
    issuers: Vec<String>,
    components: Vec<Component>,
    accounts: Vec<Account>,
    steps: Vec<Step>,
}

struct Component {
    name: String,
    /// Where one reaches it, unless only its proxy does.
    url: Option<String>,
    control: Option<String>,
}

impl Scene {
    pub(super) async fn new(
        inputs: &Inputs,
        endpoints: &Endpoints,
        files: &Files<'_>,
        front: SocketAddr,
        target: &EmbeddedTarget,
        http: &Client,
    ) -> Result<Self, Refusal> {
        let told = |found: spanned_yaml::Diagnostics| Refusal::usage(found.to_string());
        let (tokens, _) = EmbeddedTarget::tokens(&inputs.tenant).map_err(told)?;
        let accounts = EmbeddedTarget::accounts(&inputs.tenant).map_err(told)?;
        let issuers = EmbeddedTarget::issuers(&inputs.tenant).map_err(told)?;
        let components = endpoints.components.iter().map(|(name, endpoint)| Component {
            name: name.as_str().to_owned(),
            url: (!is_behind_a_proxy(name)).then(|| endpoint.base.clone()),
            control: endpoint.control.as_ref().map(|control| control.base.clone()),
        });
        let setting = walkthrough::Setting {
            values: &inputs.read.0,
            manifests: &inputs.read.1,
            endpoints,
            issuers: &issuers,
            accounts: &accounts,
            tokens: &tokens,
            files,
            front,
            pin: target.authority().public_key_pin(),
            http,
        };
        Ok(Self {
            front: front.to_string(),
            certificate: files.certificate(),
            secret: files.secret(),
            steps: walkthrough::steps(&setting).await,
            components: components.collect(),
            issuers,
            accounts,
        })
    }

    pub(super) fn json(&self) -> Json {
        let component = |one: &Component| json!({"name": one.name, "url": one.url, "control": one.control});
        let user = |one: &Account| json!({"login": one.login, "password": one.password});
        let step = |one: &Step| json!({"title": one.title, "commands": one.commands});
        json!({
            "address": self.front,
            "certificate": self.certificate,
            "control_secret_file": self.secret,
            "issuers": self.issuers,
            "components": self.components.iter().map(component).collect::<Vec<_>>(),
            "users": self.accounts.iter().map(user).collect::<Vec<_>>(),
            "walkthrough": self.steps.iter().map(step).collect::<Vec<_>>(),
        })
    }

    /// As wide as may be; addresses and commands are never broken.
    pub(super) fn page(&self, width: usize) -> String {
        let none = || "none".to_owned();
        let behind = || "only through its proxy".to_owned();
        let components: Vec<_> = self
            .components
            .iter()
            .map(|one| {
                [
                    one.name.clone(),
                    one.url.clone().unwrap_or_else(behind),
                    one.control.clone().unwrap_or_else(none),
                ]
            })
            .collect();
        let mut page = format!("Components, every host at {}\n", self.front);
        page.push_str(&table(["component", "URL", "control"], &components, width));
        page.push_str("\nIssuers\n");
        for issuer in &self.issuers {
            line(&mut page, "  ", issuer);
        }
        let accounts: Vec<_> =
            self.accounts.iter().map(|one| [one.login.clone(), one.password.clone()]).collect();
        page.push_str("\nUsers, who exist here alone\n");
        page.push_str(&table(["login", "password"], &accounts, width));
        page.push_str("\nFiles\n");
        let files = [
            ["certificate to trust".to_owned(), self.certificate.clone()],
            ["control wires' secret".to_owned(), self.secret.clone()],
        ];
        page.push_str(&table(["", ""], &files, width));
        page.push_str("\nWalk-through, to paste into a shell from the top\n");
        for (number, step) in self.steps.iter().enumerate() {
            page.push('\n');
            line(&mut page, "", &format!("{}. {}", number + 1, step.title));
            for command in step.commands.iter().flat_map(|command| command.lines()) {
                line(&mut page, "   ", command);
            }
        }
        page
    }
}

/// Columns side by side where they fit, else below one another.
fn table<const N: usize>(head: [&str; N], rows: &[[String; N]], width: usize) -> String {
    let has_head = head.iter().any(|name| !name.is_empty());
    let mut widths = if has_head { head.map(str::width) } else { [0; N] };
    for row in rows {
        for (widest, cell) in widths.iter_mut().zip(row) {
            *widest = (*widest).max(cell.width());
        }
    }
    let whole = widths.iter().map(|width| width + GAP).sum::<usize>();
    let mut text = String::new();
    if whole > width {
        for row in rows {
            for (number, (name, cell)) in head.iter().zip(row).enumerate() {
                match number {
                    0 => line(&mut text, "  ", cell),
                    _ if has_head => line(&mut text, "    ", &format!("{name}: {cell}")),
                    _ => line(&mut text, "    ", cell),
                }
            }
        }
        return text;
    }
    let head = has_head.then(|| head.map(str::to_owned));
    for row in head.iter().chain(rows) {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        line(&mut text, "  ", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
    text
}

/// Names come from files: nothing of them steers a terminal.
fn line(text: &mut String, indent: &str, words: &str) {
    text.push_str(indent);
    text.extend(words.chars().map(|c| if steers(c) { '\u{fffd}' } else { c }));
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn a_table_that_does_not_fit_stands_below_itself() {
        let rows = [["idp".to_owned(), "https://acme.okta.com".to_owned()]];
        assert_eq!(
            table(["component", "URL"], &rows, 80),
            "  component  URL\n  idp        https://acme.okta.com\n"
        );
        assert_eq!(table(["component", "URL"], &rows, 30), "  idp\n    URL: https://acme.okta.com\n");
        assert_eq!(table(["", ""], &rows, 80), "  idp  https://acme.okta.com\n");
    }
}

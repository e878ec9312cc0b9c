//! `touchstone policy explain`: why somebody may do something or not.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use clap::{ArgAction, Args, ValueEnum};
use mcp_policy::{
    claims::{ClaimNames, IdpType, Reading},
    explain,
    matrix::Subject,
    rbac::{Compilation, NotCompiled, Offered},
    vocabulary::{Action, Hints, ServerId, TargetKind},
};
use serde_json::{Map, Value as Json, json};
use spanned_yaml::closest;

use super::{Format, Match, Read, Refusal, files, printable, subjects};
use crate::{cli::terminal::Terminal, outcome::ExitCode};

const EXAMPLES: &str = "\
Examples:
  touchstone policy explain --manifests manifests/ --server engineering/github \\
      --action call_tool --resource delete_repo --groups developers
  touchstone policy explain --manifests manifests/ --server engineering/github \\
      --action call_tool --resource search_code --read-only true \\
      --claims claims.json --idp-type entra
  touchstone policy explain --manifests manifests/ --server engineering/github \\
      --action list_tools --subject-file subjects.yaml --subject alice
  touchstone policy explain --manifests manifests/ --server engineering/github \\
      --action list_tools --subject-file tenant.yaml --subject ann@acme.test

--claims takes the claims as JSON, or the token itself; its signature is not
checked. The exit code is 0 for either answer, and 3 where a policy fails to
evaluate.";

/// Say why somebody may do something or not, and what would change that.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Explain {
    /// Files, folders, or `-` for standard input.
    #[arg(long, value_name = "PATH", required = true, num_args = 1..)]
    manifests: Vec<String>,
    /// `namespace/name`, or `namespace/kind/name` where there are two.
    #[arg(long, value_name = "SERVER")]
    server: String,
    /// What is asked for: `call_tool`, `get_prompt`, `read_resource`, `list_tools`, `list_prompts` or `list_resources`.
    #[arg(long, value_name = "ACTION", value_parser = action)]
    action: Action,
    /// The tool, the prompt or the URI; of a list action: whether the list shows it.
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    resource: Option<String>,
    /// A file of subjects, or a tenant file, of which `--subject` names one.
    #[arg(long, value_name = "FILE", requires = "subject", conflicts_with_all = ["claims", "groups", "roles"])]
    subject_file: Option<String>,
    /// The subject of that file.
    #[arg(long, value_name = "NAME", requires = "subject_file", allow_hyphen_values = true)]
    subject: Option<String>,
    /// The application whose tokens count, where those of a tenant's user differ by it.
    #[arg(long, value_name = "ID", requires = "subject_file")]
    client: Option<String>,
    /// The groups that somebody has.
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', allow_hyphen_values = true)]
    groups: Vec<String>,
    /// The roles that somebody has.
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', allow_hyphen_values = true)]
    roles: Vec<String>,
    /// The claims of a token, as JSON, or the token.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["groups", "roles"])]
    claims: Option<String>,
    /// Whose claims they are.
    #[arg(long, value_name = "TYPE", default_value = "generic", requires = "claims")]
    idp_type: Idp,
    /// The tool's `readOnlyHint`; without it the server says nothing of it.
    #[arg(long, value_name = "BOOL", action = ArgAction::Set)]
    read_only: Option<bool>,
    /// The tool's `destructiveHint`.
    #[arg(long, value_name = "BOOL", action = ArgAction::Set)]
    destructive: Option<bool>,
    /// How the lists of a condition are read: one value is enough (the default), or every one is needed.
    #[arg(long = "match", value_name = "WHICH")]
    stated: Option<Match>,
    /// For a person or for a program.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Idp {
    /// Okta.
    Okta,
    /// Microsoft Entra ID.
    Entra,
    /// Any other.
    Generic,
}

fn action(text: &str) -> Result<Action, String> {
    Action::by_name(text).ok_or_else(|| {
        let names = Action::ALL.map(Action::name);
        let near = closest(text, names).map_or_else(String::new, |name| format!("did you mean `{name}`? "));
        format!("{near}there are `{}`", names.join("`, `"))
    })
}

impl Explain {
    pub(super) fn attempt(self, terminal: &Terminal) -> Result<ExitCode, Refusal> {
        let hints = Hints { read_only: self.read_only, destructive: self.destructive, ..Hints::default() };
        // A thing by name in a list: what would use it is asked about, too.
        let offered = Offered::of(self.action);
        let shown = self.action == offered.list() && self.resource.is_some();
        let action = if shown { offered.access() } else { self.action };
        let Some(request) = explain::request(action, self.resource.as_deref(), hints) else {
            return Err(Refusal::usage(format!("error: `{}` needs `--resource`: of what?", self.action)));
        };
        let read = Read::new(&self.manifests, self.stated)?;
        let code = read.tell(terminal)?;
        let server = server(&self.server, &read.compilation)?;
        let principal = self.subject(&read, &server, terminal)?.principal();
        let asked = match &self.resource {
            Some(name) if shown => format!("see `{name}` by {} on {server}", self.action),
            Some(name) => format!("{} `{name}` on {server}", self.action),
            None => format!("{} on {server}", self.action),
        };
        let compiled = match read.compilation.targets.get(&server) {
            Some(Ok(compiled)) => compiled,
            Some(Err(not)) => {
                let (text, page) = not_compiled(&asked, not, &read);
                self.print(terminal, &text, &page)?;
                return Ok(ExitCode::Usage);
            }
            None => return Err(Refusal::usage(format!("error: there is no server `{server}`"))),
        };
        let explain = if shown { explain::explain_shown } else { explain::explain };
        let explained = explain(&read.manifests, compiled, &principal, &request)
            .map_err(|error| Refusal::environment(format!("error: {error}")))?;
        self.print(terminal, &format!("{asked}\n{explained}"), &json!(explained))?;
        let failed = if explained.errors.is_empty() { code } else { ExitCode::Unreachable };
        Ok(ExitCode::decide(&[code, failed]))
    }

    fn print(&self, terminal: &Terminal, words: &str, page: &Json) -> Result<(), Refusal> {
        match self.format {
            Format::Json => terminal.result(&format!("{page:#}\n"))?,
            Format::Human => {
                let lines: String =
                    words.lines().flat_map(|line| [printable(line), "\n".to_owned()]).collect();
                terminal.result(&lines)?;
            }
        }
        Ok(())
    }

    fn subject(&self, read: &Read, server: &ServerId, terminal: &Terminal) -> Result<Subject, Refusal> {
        if let (Some(file), Some(name)) = (&self.subject_file, &self.subject) {
            let subjects = subjects::read(&files::source(file)?, self.client.as_deref(), terminal)?;
            return subjects.find(name, server, read, terminal);
        }
        let Some(file) = &self.claims else {
            let set = |names: &[String]| {
                names.iter().filter(|name| !name.is_empty()).cloned().collect::<BTreeSet<_>>()
            };
            return Ok(Subject { name: String::new(), groups: set(&self.groups), roles: set(&self.roles) });
        };
        let claims = claims(files::source(file)?.text())
            .map_err(|error| Refusal::usage(format!("error: `{file}` holds no claims: {error}")))?;
        let idp = match self.idp_type {
            Idp::Okta => IdpType::Okta,
            Idp::Entra => IdpType::Entra,
            Idp::Generic => IdpType::Generic,
        };
        let names = ClaimNames::of(idp).overridden(&read.manifests.claim_names);
        let membership = Reading { names, ..Reading::default() }.read(&claims);
        for note in &membership.notes {
            terminal.complain(&format!("note: {}", printable(&note.to_string())))?;
        }
        let name = claims.get("sub").and_then(Json::as_str).unwrap_or_default().to_owned();
        Ok(Subject { name, groups: membership.groups, roles: membership.roles })
    }
}

/// The claims of a JSON object, or of a token, whose signature nobody checks here.
fn claims(text: &str) -> Result<Map<String, Json>, String> {
    let text = text.trim();
    let decoded;
    let mut claims = text;
    if !text.starts_with('{') && text.split('.').count() == 3 {
        let payload = text.split('.').nth(1).unwrap_or_default();
        let bytes = URL_SAFE_NO_PAD.decode(payload).map_err(|error| format!("no token: {error}"))?;
        decoded = String::from_utf8(bytes).map_err(|error| format!("no token: {error}"))?;
        claims = &decoded;
    }
    serde_json::from_str(claims).map_err(|error| format!("expected a JSON object or a token: {error}"))
}

/// The server that an argument names.
fn server(argument: &str, compilation: &Compilation) -> Result<ServerId, Refusal> {
    let known = || compilation.targets.keys();
    let parts: Vec<_> = argument.split('/').collect();
    let found: Vec<_> = match parts.as_slice() {
        [namespace, name] => known().filter(|id| id.namespace == *namespace && id.name == *name).collect(),
        [_, kind, _]
            if ![TargetKind::McpServer, TargetKind::McpRemoteProxy].iter().any(|one| one.name() == *kind) =>
        {
            return Err(Refusal::usage(format!(
                "error: `{kind}` is no kind: there are `MCPServer`, `MCPRemoteProxy`"
            )));
        }
        [_, _, _] => known().filter(|id| id.to_string() == argument).collect(),
        _ => return Err(Refusal::usage(format!("error: `{argument}` is no server: write `namespace/name`"))),
    };
    match found.as_slice() {
        [one] => Ok((*one).clone()),
        [] => {
            let short: Vec<_> = known().map(|id| format!("{}/{}", id.namespace, id.name)).collect();
            let near = closest(argument, short.iter().map(String::as_str));
            let near = near.map_or_else(String::new, |near| format!(": did you mean `{near}`?"));
            Err(Refusal::usage(printable(&format!("error: the manifests have no server `{argument}`{near}"))))
        }
        several => {
            let names: Vec<_> = several.iter().map(|id| format!("`{id}`")).collect();
            Err(Refusal::usage(format!("error: `{argument}` may be {}: say which", names.join(" or "))))
        }
    }
}

fn not_compiled(asked: &str, not: &NotCompiled, read: &Read) -> (String, Json) {
    let mut text = format!("{asked}\nDenied, because the policies of this server do not compile\n");
    let mut causes = Vec::new();
    for cause in &not.causes {
        let at = cause.place.map(|place| read.manifests.shown(place));
        let lines = [
            Some(format!("  {}: {}\n", cause.code.name(), cause.message)),
            at.as_ref().map(|at| format!("    {at}\n")),
        ];
        text.extend(lines.into_iter().flatten());
        causes.push(json!({"reason": cause.code.name(), "message": cause.message, "at": at}));
    }
    (text, json!({"allowed": false, "not_compiled": causes}))
}

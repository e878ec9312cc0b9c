//! `touchstone policy compile`: one policy set for every server, on standard output or as files.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use mcp_policy::{
    manifest::Findings,
    rbac::{Compiled, Status},
    vocabulary::ServerId,
};
use serde_json::{Value as Json, json};

use super::{Format, Match, Read, Refusal, listed, printable};
use crate::{cli::terminal::Terminal, outcome::ExitCode};

const EXAMPLES: &str = "\
Examples:
  touchstone policy compile manifests/                    Cedar to the screen
  touchstone policy compile manifests/ --out cedar/       files for a proxy
  touchstone policy compile manifests/ --output toolhive --out authz/
  cat *.yaml | touchstone policy compile - --format json

Files of --out: <namespace>/<kind>/<name>.cedar with .cedarschema and
.entities.json beside it; of --output toolhive: <namespace>/<kind>/<name>.json.
A server that does not compile gets no file; what is there of it stays.";

/// Compile custom resources into Cedar.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Compile {
    /// Files, folders (*.yaml, *.yml, *.json below them, hidden ones left out), or `-` for standard input.
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<String>,
    /// Cedar in the platform's own form, or the open-source proxy's file.
    #[arg(long, value_name = "FORM", default_value = "cedar")]
    output: Output,
    /// Where the files go; without it everything is printed.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// How the lists of a condition are read: one value is enough (the default), or every one is needed.
    #[arg(long = "match", value_name = "WHICH")]
    stated: Option<Match>,
    /// For a person or for a program.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// The platform's own form.
    Cedar,
    /// The file of the open-source proxy.
    Toolhive,
}

/// Two words each: the end of a file's name and its text, or a reason and what it is.
type Pairs = Vec<(&'static str, String)>;

/// What a server gets: texts by the ends of their files' names. Or why it gets nothing.
struct Product<'c> {
    server: &'c ServerId,
    files: Result<Pairs, Pairs>,
    written: Vec<String>,
}

impl Compile {
    pub(super) fn attempt(self, terminal: &Terminal) -> Result<ExitCode, Refusal> {
        let mut read = Read::new(&self.paths, self.stated)?;
        let mut products = Vec::new();
        for (server, target) in &read.compilation.targets {
            let files = match target {
                Ok(compiled) => self.files(compiled, &mut read.findings),
                Err(not) => {
                    Err(not.causes.iter().map(|cause| (cause.code.name(), cause.message.clone())).collect())
                }
            };
            products.push(Product { server, files, written: Vec::new() });
        }
        let mut code = read.tell(terminal)?;
        if products.iter().any(|product| product.files.is_err()) {
            code = ExitCode::Usage;
        }
        if let Some(out) = &self.out {
            for product in &mut products {
                let Ok(files) = &product.files else { continue };
                product.written = place(out, product.server, files).map_err(|(path, error)| {
                    let words = format!("error: cannot write `{}`: {error}", path.display());
                    Refusal::environment(words)
                })?;
            }
        }
        let not = not_compiled(&read.compilation.statuses, &products);
        if self.format == Format::Json {
            let page = page(&products, &read, self.out.is_none());
            terminal.result(&format!("{page:#}\n"))?;
            return Ok(code);
        }
        if !not.is_empty() {
            terminal.complain(&not)?;
        }
        let text = if self.out.is_some() {
            let paths = products.iter().flat_map(|product| &product.written);
            paths.flat_map(|path| [path.as_str(), "\n"]).collect()
        } else {
            let texts = products.iter().filter_map(|product| product.files.as_ref().ok()?.first());
            texts.map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("\n")
        };
        terminal.result(&text)?;
        Ok(code)
    }

    fn files(&self, compiled: &Compiled, findings: &mut Findings) -> Result<Pairs, Pairs> {
        match self.output {
            Output::Cedar => Ok(vec![
                ("cedar", compiled.cedar().to_owned()),
                ("cedarschema", compiled.schema().to_owned()),
                ("entities.json", compiled.entities()),
            ]),
            Output::Toolhive => match compiled.toolhive() {
                Ok(file) => {
                    for found in file.findings() {
                        findings.warning(found.place, found.message.clone()).help.clone_from(&found.help);
                    }
                    Ok(vec![("json", file.text().to_owned())])
                }
                Err(error) => Err(vec![("Inexpressible", error.to_string())]),
            },
        }
    }
}

/// Every resource that was not compiled, with its reasons; and servers that one form cannot serve.
fn not_compiled(statuses: &[Status], products: &[Product<'_>]) -> String {
    let (mut lines, mut known) = (String::new(), BTreeSet::new());
    for status in statuses.iter().filter(|status| !status.compiled()) {
        let name = shown(status.namespace.as_deref(), &status.name);
        for cause in &status.causes {
            let line =
                format!("{} {name}: Compiled=False, {}: {}", status.kind, cause.code.name(), cause.message);
            let line = format!("{}\n", printable(&line));
            lines.push_str(&line);
            known.insert(line);
        }
    }
    for Product { server, files, .. } in products {
        for (reason, message) in files.as_ref().err().into_iter().flatten() {
            let name = shown(Some(&server.namespace), &server.name);
            let line = format!("{} {name}: Compiled=False, {reason}: {message}", server.kind);
            let line = format!("{}\n", printable(&line));
            if !known.contains(&line) {
                lines.push_str(&line);
            }
        }
    }
    lines
}

fn shown(namespace: Option<&str>, name: &str) -> String {
    namespace.map_or_else(|| name.to_owned(), |namespace| format!("{namespace}/{name}"))
}

fn page(products: &[Product<'_>], read: &Read, with_texts: bool) -> Json {
    let cause = |reason: &str, message: &str| json!({"reason": reason, "message": message});
    let targets: Vec<_> = products
        .iter()
        .map(|Product { server, files, written }| {
            let mut target = json!({
                "namespace": server.namespace,
                "kind": server.kind.name(),
                "name": server.name,
                "compiled": files.is_ok(),
            });
            let (member, value): (_, Json) = match files {
                Ok(files) if with_texts => {
                    ("texts", files.iter().map(|(end, text)| ((*end).to_owned(), json!(text))).collect())
                }
                Ok(_) => ("files", json!(written)),
                Err(causes) => {
                    ("causes", causes.iter().map(|(reason, message)| cause(reason, message)).collect())
                }
            };
            if let Json::Object(members) = &mut target {
                members.insert(member.to_owned(), value);
            }
            target
        })
        .collect();
    let resources: Vec<_> = read
        .compilation
        .statuses
        .iter()
        .map(|status| {
            let causes: Vec<_> =
                status.causes.iter().map(|one| cause(one.code.name(), &one.message)).collect();
            json!({
                "kind": status.kind,
                "namespace": status.namespace,
                "name": status.name,
                "compiled": status.compiled(),
                "reason": status.reason(),
                "causes": causes,
            })
        })
        .collect();
    json!({"targets": targets, "resources": resources, "findings": listed(&read.findings)})
}

/// Writes what a server gets: each file whole or not at all, the policies last, after what they need.
fn place(
    out: &Path,
    server: &ServerId,
    files: &[(&'static str, String)],
) -> Result<Vec<String>, (PathBuf, io::Error)> {
    let folder = out.join(&server.namespace).join(server.kind.name());
    fs::create_dir_all(&folder).map_err(|error| (folder.clone(), error))?;
    let mut written = Vec::new();
    for (end, text) in files.iter().rev() {
        let path = folder.join(format!("{}.{end}", server.name));
        replace(&path, text).map_err(|error| (path.clone(), error))?;
        written.push(path.display().to_string());
    }
    written.reverse();
    Ok(written)
}

/// A reader sees the old content or the new one.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let new = path.with_file_name(name);
    let write = || {
        let mut file = File::create(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        drop(file);
        fs::rename(&new, path)
    };
    let written = write();
    if written.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&new);
    }
    written
}

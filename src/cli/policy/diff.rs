//! `touchstone policy diff`: which decisions a change of manifests alters.

use clap::Args;
use mcp_policy::{
    diff::{self, Change, Side},
    matrix::{Matrix, Remark, Row},
    rbac::Offered,
};
use serde_json::json;

use super::{
    Format, Match, Read, Refusal, count,
    matrix::{self, World},
    printable,
};
use crate::{cli::terminal::Terminal, outcome::ExitCode};

const EXAMPLES: &str = "\
Examples:
  git worktree add old main
  touchstone policy diff old/manifests manifests --subjects subjects.yaml \\
      --inventory inventory.yaml --fail-on-widening

`+` is what was denied and is allowed now, `-` the other way round: calls, lists
and what they show. Warnings say what else changes: for groups and roles that no
subject has, for tools that the inventory does not have, and whose tokens count.
Mistakes in either manifests exit 2; a server that does not compile denies
everything.";

/// Show which decisions a change of manifests alters.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Diff {
    /// The manifests before: a file or a folder.
    #[arg(value_name = "OLD")]
    old: String,
    /// The manifests afterwards.
    #[arg(value_name = "NEW")]
    new: String,
    #[command(flatten)]
    world: World,
    /// Exit 1 if anything is allowed that was denied, whether or not the inventory and the subjects show it.
    #[arg(long)]
    fail_on_widening: bool,
    /// How the lists of a condition are read: one value is enough (the default), or every one is needed.
    #[arg(long = "match", value_name = "WHICH")]
    stated: Option<Match>,
    /// For a person or for a program.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
}

impl Diff {
    pub(super) fn attempt(self, terminal: &Terminal) -> Result<ExitCode, Refusal> {
        if self.old == "-" && self.new == "-" {
            return Err(Refusal::usage("error: only one of OLD and NEW can be standard input"));
        }
        let (subjects, inventory) = self.world.read(terminal)?;
        let (old, new) = (Read::new(&[self.old], self.stated)?, Read::new(&[self.new], self.stated)?);
        let (of_old, of_new) = (old.tell(terminal)?, new.tell(terminal)?);
        let decide = |read| subjects.matrix(Matrix::with_lists, read, &inventory, terminal);
        let (before, after) = (decide(&old)?, decide(&new)?);
        // A server that only one side has is what the difference is about.
        let both = |remark: &&Remark| before.remarks.contains(remark);
        matrix::warn(&after.remarks.iter().filter(both).collect::<Vec<_>>(), terminal)?;
        let changes = diff::diff(&before, &after);
        let unseen = diff::unseen(&side(&old, &before), &side(&new, &after), &inventory);
        matrix::warn(&unseen, terminal)?;
        let widened = changes.iter().filter(|change| change.widens()).count();
        let narrowed = changes.len() - widened;
        if self.format == Format::Json {
            let list: Vec<_> = changes
                .iter()
                .map(|change| {
                    let mut row = matrix::record(change.row);
                    if let Some(row) = row.as_object_mut() {
                        row.insert("change".to_owned(), json!(change.name()));
                    }
                    row
                })
                .collect();
            let unseen: Vec<_> = unseen
                .iter()
                .map(|one| json!({"change": one.change(), "server": one.server.as_ref().map(ToString::to_string), "message": one.message}))
                .collect();
            let page = json!({
                "decisions": after.rows.len(),
                "widened": widened,
                "narrowed": narrowed,
                "changes": list,
                "unseen": unseen,
            });
            terminal.result(&format!("{page:#}\n"))?;
        } else {
            let mut text = String::new();
            for change in &changes {
                text.push_str(&printable(&line(*change)));
                text.push('\n');
            }
            let altered = count(changes.len(), "change", "changes");
            let all = count(after.rows.len(), "decision", "decisions");
            terminal
                .result(&format!("{text}{altered} of {all}: {widened} widened, {narrowed} narrowed\n"))?;
        }
        let wider = self.fail_on_widening && (widened > 0 || unseen.iter().any(|one| one.widens));
        let of_changes = if wider { ExitCode::Nonconformant } else { ExitCode::Conformant };
        let [of_before, of_after] = [&before, &after].map(|matrix| matrix::of_remarks(&matrix.remarks));
        Ok(ExitCode::decide(&[of_old, of_new, of_changes, of_before, of_after]))
    }
}

fn side<'a>(read: &'a Read, matrix: &'a Matrix) -> Side<'a> {
    Side { manifests: &read.manifests, compilation: &read.compilation, matrix }
}

fn line(change: Change<'_>) -> String {
    let Row { subject, server, action, resource, .. } = change.row;
    let (sign, may) = if change.widens() { ("+", "may") } else { ("-", "may no longer") };
    let what = match (*action == Offered::of(*action).list(), resource.is_empty()) {
        (true, true) => action.to_string(),
        (true, false) => format!("see {resource} by {action}"),
        (false, _) => format!("{action} {resource}"),
    };
    format!("{sign} {subject} {may} {what} on {server}")
}

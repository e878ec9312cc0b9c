//! `touchstone policy diff`: which decisions a change of manifests alters.

use clap::Args;
use mcp_policy::{diff, matrix::Remark};
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

`+` is what was denied and is allowed now, `-` the other way round. Mistakes in
either manifests exit 2; a server that does not compile denies everything.";

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
    /// Exit 1 if anything is allowed that was denied, or if the inventory lets nobody see whether it is.
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
        let before = subjects.matrix(&old, &inventory, terminal)?;
        let after = subjects.matrix(&new, &inventory, terminal)?;
        // A server that only one side has is what the difference is about.
        let both = |remark: &&Remark| before.remarks.contains(remark);
        matrix::warn(&after.remarks.iter().filter(both).collect::<Vec<_>>(), terminal)?;
        let changes = diff::diff(&before, &after);
        let unseen = diff::unseen(&old.compilation, &new.compilation, &inventory);
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
            let page = json!({"decisions": after.rows.len(), "widened": widened, "narrowed": narrowed, "changes": list});
            terminal.result(&format!("{page:#}\n"))?;
        } else {
            let mut text = String::new();
            for change in &changes {
                let row = change.row;
                let (sign, may) = if change.widens() { ("+", "may") } else { ("-", "may no longer") };
                let line =
                    format!("{sign} {} {may} {} {} on {}", row.subject, row.action, row.resource, row.server);
                text.push_str(&printable(&line));
                text.push('\n');
            }
            let altered = count(changes.len(), "change", "changes");
            let all = count(after.rows.len(), "decision", "decisions");
            terminal
                .result(&format!("{text}{altered} of {all}: {widened} widened, {narrowed} narrowed\n"))?;
        }
        let wider = self.fail_on_widening && (widened > 0 || !unseen.is_empty());
        let of_changes = if wider { ExitCode::Nonconformant } else { ExitCode::Conformant };
        Ok(ExitCode::decide(&[of_old, of_new, of_changes]))
    }
}

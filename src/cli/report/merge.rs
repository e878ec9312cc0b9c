//! `touchstone report merge`: the reports of shards in, the report and the exit code of the whole run out.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::Args;

use crate::{
    cli::{
        refusal::{self, Refusal},
        run::Output,
        suite,
        terminal::{PrintError, Terminal},
    },
    model::divergence::Reading,
    outcome::{ExitCode, Report, merge::merge},
    report::{self, Format},
    target::embedded,
};

const EXAMPLES: &str = "\
The shards may have run anywhere. All are needed, and of one version, suite,
selection, target, seed and terms: anything else is refused with exit code 2, and
nothing is written. Otherwise the exit code is that of the whole run.

Examples:
  touchstone run --shard 1/2 --report shards/1
  touchstone run --shard 2/2 --report shards/2
  touchstone report merge shards --report merged
  touchstone report merge one/report.json two/report.json --format html,markdown";

/// Join the reports of all shards of a run into the report of the whole run.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Merge {
    /// JSON reports; a folder stands for the `report.json` in it, or for those of the folders in it.
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    output: Output,
}

impl Merge {
    pub(super) fn execute(self, terminal: &Terminal) -> Result<ExitCode, PrintError> {
        refusal::told(self.attempt(terminal), terminal)
    }

    fn attempt(&self, terminal: &Terminal) -> Result<ExitCode, Refusal> {
        let files: Vec<_> = each(&self.paths, |path| files(path))?.concat();
        self.spare(&files)?;
        let reports = each(&files, |path| read(path))?;
        let report = merge(reports).map_err(lines)?;
        self.output.probe()?;
        self.output.tell(&report, terminal, false, again(&report).as_deref())
    }

    /// What is joined is still there afterwards.
    fn spare(&self, files: &[PathBuf]) -> Result<(), Refusal> {
        let written = self.output.files().filter_map(|path| fs::canonicalize(path).ok());
        let written: Vec<_> = written.collect();
        let lost =
            files.iter().filter(|file| fs::canonicalize(file).is_ok_and(|file| written.contains(&file)));
        let lost: Vec<_> = lost
            .map(|file| format!("`{}` would be overwritten: name another folder by --report", file.display()))
            .collect();
        if lost.is_empty() { Ok(()) } else { Err(lines(lost)) }
    }
}

/// The answers for all, or what is wrong with any of them.
fn each<T, A, E: ToString>(all: &[T], ask: impl Fn(&T) -> Result<A, E>) -> Result<Vec<A>, Refusal> {
    let (answers, wrong): (Vec<_>, Vec<_>) = all.iter().map(ask).partition(Result::is_ok);
    if !wrong.is_empty() {
        return Err(lines(wrong.into_iter().filter_map(Result::err)));
    }
    Ok(answers.into_iter().filter_map(Result::ok).collect())
}

fn lines(wrong: impl IntoIterator<Item = impl ToString>) -> Refusal {
    Refusal::usage(wrong.into_iter().map(|one| one.to_string()).collect::<Vec<_>>().join("\n"))
}

/// The reports that an argument means.
fn files(path: &Path) -> Result<Vec<PathBuf>, String> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let own = path.join(Format::Json.file_name());
    if own.exists() {
        return Ok(vec![own]);
    }
    let below = below(path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
    if below.is_empty() {
        return Err(format!("`{}` has no `report.json`, nor has a folder in it", path.display()));
    }
    Ok(below)
}

fn below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    let mut found: Vec<_> = entries.iter().map(|entry| entry.path().join(Format::Json.file_name())).collect();
    found.retain(|path| path.exists());
    found.sort();
    Ok(found)
}

fn read(path: &Path) -> Result<(String, Report), String> {
    let name = path.display().to_string();
    let text = fs::read(path).map_err(|error| format!("cannot read `{name}`: {error}"))?;
    let report = report::json::read(&text).map_err(|error| format!("`{name}` {error}"))?;
    Ok((name, report))
}

/// The command of the whole run, without its filters, where the report says enough to know it.
fn again(report: &Report) -> Option<String> {
    if report.suite.digest != suite::built_in().digest() {
        return None;
    }
    let mut words = vec!["touchstone run".to_owned()];
    let target = &report.target.name;
    words.extend((target != embedded::NAME).then(|| format!("--target {target}")));
    words.extend(match u64::from_str_radix(&report.seed, 16).ok()? {
        0 => None,
        seed => Some(format!("--seed {seed}")),
    });
    let reading = report.reading;
    words.extend((reading != Reading::default()).then(|| format!("--reading {}", reading.name())));
    words.extend(report.sabotaged.as_ref().map(|rule| format!("--sabotage {rule}")));
    Some(words.join(" "))
}

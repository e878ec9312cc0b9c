//! Breaks the compiler in one line at a time and sees whether the property tests notice.
//!
//! `tests/properties/mutants.yaml` names the lines. Nothing of it is in the crate: a copy in a scratch folder gets every
//! mutant at once, each behind a switch of its own (`if mutant(7) { broken } else { whole }`), so that one build is
//! enough, and its test binary runs once for each of them. First it runs with none, and has to pass.
//!
//! The verdicts are kept in `tests/properties/mutants.txt`; `--write` writes them, otherwise they must be the same. An
//! ordinary test (`properties::mutants`) sees to it that the lines are still there and that each mutant was caught, so
//! whoever changes such a line has to run this again.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a tool for whoever works on the crate: it says what it does, and stops at the first surprise"
)]

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use serde_json::Value;
use spanned_yaml::{Diagnostics, Source};

/// An expression in a line of the crate, and what stands there in the mutant.
struct Mutant {
    file: String,
    line: String,
    from: String,
    to: String,
}

fn main() -> ExitCode {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mutants = mutants(&package.join("tests/properties/mutants.yaml"));
    let scratch = std::env::temp_dir().join(format!("mcp-policy-mutants-{}", std::process::id()));
    let binary = build(package, &scratch, &mutants);
    let control = run(&binary, &scratch, 0);
    assert_eq!(control, None, "without any mutant the tests fail");
    let mut table = String::new();
    for (index, mutant) in mutants.iter().enumerate() {
        let verdict = run(&binary, &scratch, index + 1).unwrap_or_else(|| "NOT CAUGHT".to_owned());
        let Mutant { file, line, from, to } = mutant;
        let entry = format!("{file}: {line}\n  {from} -> {to}\n  {verdict}\n");
        println!("{entry}");
        table.push_str(&entry);
    }
    fs::remove_dir_all(&scratch).expect("the scratch folder can go");
    let kept = package.join("tests/properties/mutants.txt");
    if std::env::args().any(|argument| argument == "--write") {
        fs::write(&kept, &table).expect("the verdicts can be written");
    }
    let same = fs::read_to_string(&kept).is_ok_and(|text| text == table);
    if !same {
        println!("tests/properties/mutants.txt says something else: look at it, then `--write`");
    }
    if same && !table.contains("NOT CAUGHT") { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn mutants(file: &Path) -> Vec<Mutant> {
    let text = fs::read_to_string(file).expect("the list of mutants");
    let mut diagnostics = Diagnostics::new(Source::new("mutants.yaml", text));
    let list = spanned_yaml::parse(&mut diagnostics).map(|node| node.to_json());
    assert!(!diagnostics.has_errors(), "{}", diagnostics.render(false));
    let Some(Value::Array(entries)) = list else { panic!("a list of mutants") };
    let text = |entry: &Value, key: &str| match entry[key].as_str() {
        Some(text) => text.to_owned(),
        None => panic!("`{key}` is missing in {entry}"),
    };
    entries
        .iter()
        .map(|entry| Mutant {
            file: text(entry, "file"),
            line: text(entry, "line"),
            from: text(entry, "from"),
            to: text(entry, "to"),
        })
        .collect()
}

/// Makes the copy and builds its property tests: their executable.
fn build(package: &Path, scratch: &Path, mutants: &[Mutant]) -> PathBuf {
    let workspace = package.parent().expect("the crate lies in a workspace");
    for part in ["mcp-policy", "spanned-yaml"] {
        copy(&workspace.join(part), &scratch.join(part));
    }
    fs::copy(workspace.join("Cargo.lock"), scratch.join("Cargo.lock")).expect("the lock file");
    let manifest = fs::read_to_string(workspace.join("Cargo.toml")).expect("the workspace's manifest");
    fs::write(scratch.join("Cargo.toml"), reduced(&manifest)).expect("a manifest");
    let mut sources: Vec<&str> = mutants.iter().map(|mutant| mutant.file.as_str()).collect();
    sources.sort_unstable();
    sources.dedup();
    for file in sources {
        let path = scratch.join("mcp-policy").join(file);
        let mut text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file}: {error}"));
        for (index, mutant) in mutants.iter().enumerate().filter(|(_, mutant)| mutant.file == file) {
            text = mutated(&text, mutant, index + 1);
        }
        fs::write(&path, text).expect("a source file");
    }
    let switch = "\n#[doc(hidden)] pub fn mutant(number: usize) -> bool {\n    \
                  static CHOSEN: std::sync::OnceLock<usize> = std::sync::OnceLock::new();\n    \
                  *CHOSEN.get_or_init(|| std::env::var(\"MUTANT\").map_or(0, |text| text.parse().unwrap_or(0))) == number\n}\n";
    let root = scratch.join("mcp-policy/src/lib.rs");
    let text = fs::read_to_string(&root).expect("the crate's root") + switch;
    fs::write(&root, text).expect("the crate's root");
    let output = Command::new(env!("CARGO"))
        .current_dir(scratch)
        .args([
            "test",
            "--offline",
            "--no-run",
            "--message-format=json",
            "--package=mcp-policy",
            "--test=properties",
        ])
        .arg("--target-dir")
        .arg(workspace.join("target"))
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr)
    );
    let messages = String::from_utf8_lossy(&output.stdout);
    let executables = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let executable =
        executables.filter_map(|message| message["executable"].as_str().map(PathBuf::from)).next_back();
    executable.expect("a test binary")
}

/// The workspace with the two crates alone.
fn reduced(manifest: &str) -> String {
    let (workspace, rest) = manifest.split_once("\n[package]\n").expect("the root's own package");
    let profiles = rest.find("\n[profile.").map_or("", |start| &rest[start..]);
    let members = "members = [\"mcp-policy\", \"spanned-yaml\"]";
    let kept = workspace.lines().filter(|line| !line.starts_with("default-members"));
    let kept: Vec<_> = kept.map(|line| if line.starts_with("members") { members } else { line }).collect();
    format!("{}\n{profiles}", kept.join("\n"))
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        match entry.file_type().expect("a type").is_dir() {
            true if entry.file_name() == "target" => {}
            true => copy(&from, &to),
            false => {
                fs::copy(&from, &to).expect("a file");
            }
        }
    }
}

/// The text with a switch in the mutant's line. Mutants of one line are nested.
fn mutated(text: &str, mutant: &Mutant, number: usize) -> String {
    let Mutant { file, line, from, to } = mutant;
    let whole =
        |candidate: &&str| candidate.trim() == line || candidate.trim().ends_with(&format!("/* {line} */"));
    let found: Vec<&str> = text.lines().filter(whole).collect();
    let [found] = found.as_slice() else { panic!("{file}: {} times: {line}", found.len()) };
    assert_eq!(line.matches(from.as_str()).count(), 1, "`{from}` in {line}");
    let switched = format!("(if crate::mutant({number}) {{ {to} }} else {{ {from} }})");
    let (before, after) = found.split_once(from.as_str()).expect("it is in there");
    let mut changed = format!("{before}{switched}{after}");
    if !found.contains("/* ") {
        let _ = write!(changed, " /* {line} */");
    }
    text.replacen(found, &changed, 1)
}

/// What failed under a mutant, and after how much. `None`: nothing.
fn run(binary: &Path, scratch: &Path, mutant: usize) -> Option<String> {
    let output = Command::new(binary)
        .current_dir(scratch.join("mcp-policy"))
        .env("MUTANT", mutant.to_string())
        // Nobody reads the shrunk failure of a mutant.
        .env("PROPTEST_MAX_SHRINK_ITERS", "0")
        .args(["agreement", "cases"])
        .output()
        .expect("the tests run");
    if output.status.success() {
        return None;
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let failed = |line: &str| line.strip_prefix("test ")?.strip_suffix(" ... FAILED").map(str::to_owned);
    let mut failed: Vec<String> = text.lines().filter_map(failed).collect();
    failed.sort();
    let names: Vec<_> = failed.iter().map(|name| name.rsplit("::").next().unwrap_or(name)).collect();
    let after = text.lines().find_map(|line| line.trim().strip_prefix("found after "));
    let after = after
        .and_then(|rest| rest.split_once(':'))
        .map_or(String::new(), |(after, _)| format!(", after {after}"));
    Some(format!("caught by {}{after}", names.join(", ")))
}

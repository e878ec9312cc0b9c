//! The invariants of ARCHITECTURE.md, held by a test: who may know whom, file sizes, headers, where a rule may be
//! broken.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Module → the modules that it may name. What is not listed here may not exist.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("clock", &[]),
    ("chance", &[]),
    ("scratch", &["chance"]),
    ("net", &["model", "clock"]),
    ("token", &["net", "model", "clock"]),
    ("signin", &["net", "model", "clock", "chance"]),
    ("reference", &["signin", "token", "net", "model", "clock", "chance"]),
    ("client", &["signin", "token", "net", "model", "clock", "chance"]),
    ("outcome", &["model"]),
    ("scenario", &["model", "outcome"]),
    ("target", &["reference", "token", "net", "model", "clock", "chance", "scratch", "outcome"]),
    (
        "runner",
        &["scenario", "target", "client", "signin", "net", "outcome", "model", "clock", "chance", "scratch"],
    ),
    ("report", &["outcome", "model"]),
    (
        "cli",
        &[
            "scenario",
            "target",
            "runner",
            "report",
            "outcome",
            "signin",
            "reference",
            "token",
            "net",
            "model",
            "clock",
            "chance",
        ],
    ),
    ("main", &["cli"]),
    ("lib", &[]),
];

/// Crates that a module may not name: the pure ones have no input or output.
const MAY_NOT_USE: &[(&str, &[&str])] = &[
    ("model", &["tokio", "axum", "reqwest", "std::fs", "mock_idp"]),
    ("scenario", &["tokio", "axum", "reqwest", "std::fs", "mock_idp"]),
    ("outcome", &["tokio", "axum", "reqwest", "std::fs", "mock_idp"]),
    ("token", &["mock_idp", "std::fs"]),
    ("reference", &["mock_idp"]),
    ("signin", &["mock_idp"]),
    ("client", &["mock_idp"]),
    ("runner", &["mock_idp"]),
    ("report", &["tokio", "axum", "reqwest", "mock_idp"]),
    ("net", &["mock_idp"]),
    ("cli", &["mock_idp"]),
];

/// A sabotage breaks a component's own rule, never what judges it. The embedded target builds the components: under
/// the sabotage of TOK-CACHE it gives them one cache.
const MAY_BREAK_RULES: &[&str] = &["model", "token", "reference", "signin", "client", "target"];

const MOST_LINES: usize = 500;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below a folder with its text.
fn files(folder: &str) -> Vec<(PathBuf, String)> {
    fn collect(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    let mut found = Vec::new();
    collect(&root().join(folder), &mut found);
    found.sort();
    assert!(!found.is_empty(), "{folder} has no Rust file");
    found
}

/// The part of a file before its tests.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod ").next().unwrap_or(text)
}

fn module_of(path: &Path) -> String {
    let below = path.strip_prefix(root().join("src")).unwrap();
    let first = below.components().next().unwrap().as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// The modules of the crate that a text names after `crate::`, also inside `use crate::{…}`.
fn named_modules(text: &str) -> Vec<String> {
    let mut named = Vec::new();
    for (_, rest) in text.match_indices("crate::").map(|(at, found)| (at, &text[at + found.len()..])) {
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut name = String::new();
            for character in group.chars() {
                match character {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    _ => {}
                }
                if depth == 0 && (character.is_alphanumeric() || character == '_') {
                    name.push(character);
                } else if depth == 0 && !name.is_empty() {
                    named.push(std::mem::take(&mut name));
                    if character == ':' {
                        name.push('!');
                    }
                } else if depth == 0 && character == ',' {
                    name.clear();
                }
            }
            named.push(name);
        } else {
            named.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    named
}

#[test]
fn every_module_knows_only_those_below_it() {
    let allowed: BTreeMap<_, _> = MAY_KNOW.iter().copied().collect();
    let all: Vec<_> = MAY_KNOW.iter().map(|(name, _)| *name).collect();
    let mut wrong = Vec::new();
    for (path, text) in files("src") {
        let module = module_of(&path);
        let Some(may) = allowed.get(module.as_str()) else {
            wrong.push(format!("{}: the module `{module}` is not in tests/it/tidy.rs", path.display()));
            continue;
        };
        for named in named_modules(without_tests(&text)) {
            if named != module && all.contains(&named.as_str()) && !may.contains(&named.as_str()) {
                wrong.push(format!("{}: `{module}` names `{named}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_direction_test_sees_what_it_should() {
    let text = "use crate::{\n    model::{a::B, c},\n    runner,\n};\nlet x = crate::token::verify();";
    let named = named_modules(text);
    for module in ["model", "runner", "token"] {
        assert!(named.contains(&module.to_owned()), "{module} in {named:?}");
    }
}

#[test]
fn pure_modules_have_no_input_or_output_and_the_verifier_no_issuer() {
    let mut wrong = Vec::new();
    for (path, text) in files("src") {
        let module = module_of(&path);
        for (_, crates) in MAY_NOT_USE.iter().filter(|(name, _)| *name == module) {
            for name in crates.iter().filter(|name| without_tests(&text).contains(&format!("{name}::"))) {
                wrong.push(format!("{}: `{module}` uses `{name}`", path.display()));
            }
        }
        let knows_idp = ["embedded.rs", "embedded/tenant.rs", "assembly.rs", "component.rs"]
            .iter()
            .any(|file| path.ends_with(Path::new("target").join(file)));
        if module == "target" && !knows_idp && text.contains("mock_idp::") {
            wrong.push(format!("{}: only what makes the platform knows the mock IdP", path.display()));
        }
        if module == "runner" && text.contains("reference::") {
            wrong.push(format!("{}: the runner sees a target, never the reference", path.display()));
        }
    }
    for (path, text) in files("mcp-policy/src") {
        for name in ["tokio", "axum", "reqwest", "std::fs", "SystemTime"] {
            if text.contains(&format!("{name}::")) {
                wrong.push(format!("{}: `mcp-policy` is pure, and uses `{name}`", path.display()));
            }
        }
    }
    for member in ["mcp-policy", "mock-idp", "spanned-yaml"] {
        let manifest = fs::read_to_string(root().join(member).join("Cargo.toml")).unwrap();
        if manifest.contains("touchstone") {
            wrong.push(format!("{member} depends on the root crate"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_sabotage_breaks_a_component_and_never_a_judge() {
    let mut wrong = Vec::new();
    for (path, text) in files("src") {
        let module = module_of(&path);
        if without_tests(&text).contains(".hold(Rule") && !MAY_BREAK_RULES.contains(&module.as_str()) {
            wrong.push(format!("{}: `{module}` asks whether a rule is in force", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_are_small_have_a_header_and_a_name_that_says_something() {
    let mut wrong = Vec::new();
    for folder in ["src", "mcp-policy", "mock-idp/src", "spanned-yaml/src", "tests", "benches"] {
        for (path, text) in files(folder) {
            let shown = path.strip_prefix(root()).unwrap().display().to_string();
            let lines = without_tests(&text).lines().count();
            if lines > MOST_LINES {
                wrong.push(format!("{shown}: {lines} lines, its idea wants to be two"));
            }
            if !text.starts_with("//!") {
                wrong.push(format!("{shown}: no `//!` that says what it is"));
            }
            let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
            if ["utils", "util", "helpers", "common", "types", "misc", "imp", "mod"].contains(&stem.as_str())
            {
                wrong.push(format!("{shown}: a name that says nothing"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn main_only_dispatches() {
    let text = fs::read_to_string(root().join("src/main.rs")).unwrap();
    assert!(text.lines().count() < 60);
}

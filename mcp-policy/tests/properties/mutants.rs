//! The verdicts on the compiler's mutants, kept by `cargo run -p mcp-policy --example mutants`, are those on the
//! lines that are there today.

use std::{fs, path::Path};

#[test]
fn every_mutant_of_the_compiler_was_caught() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let kept = fs::read_to_string(package.join("tests/properties/mutants.txt")).unwrap();
    let lines: Vec<_> = kept.lines().collect();
    let mut mutants = 0;
    for entry in lines.chunks(3) {
        let [place, change, verdict] = entry else { panic!("three lines a mutant, not {entry:?}") };
        let (file, line) = place.split_once(": ").unwrap();
        let source = fs::read_to_string(package.join(file)).unwrap_or_default();
        let there = source.lines().filter(|candidate| candidate.trim() == line).count();
        assert_eq!(
            there, 1,
            "{place}\nthe line has changed: run `cargo run -p mcp-policy --example mutants`"
        );
        assert!(
            verdict.contains("caught by") && verdict.contains("compiled_policies_decide"),
            "{change}: {verdict}"
        );
        mutants += 1;
    }
    assert!(mutants >= 15, "{mutants} mutants");
    let listed = fs::read_to_string(package.join("tests/properties/mutants.yaml")).unwrap();
    assert_eq!(listed.lines().filter(|line| line.starts_with("- file:")).count(), mutants, "run it again");
}

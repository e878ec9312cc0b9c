//! Every manifest of `golden/rbac/`, compiled.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use expect_test::expect_file;
use mcp_policy::{
    manifest::{self, Findings},
    rbac::{self, Compilation, Matching, Options, SCHEMA},
};
use spanned_yaml::Source;

use super::world::manifests_of;

fn cases() -> Vec<PathBuf> {
    let cases = manifests_of("rbac");
    assert!(cases.len() > 10, "the manifests are gone: {cases:?}");
    cases
}

fn compiled(path: &Path, matching: Matching) -> (Compilation, Findings) {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let source = Source::new(name, std::fs::read_to_string(path).unwrap());
    let (manifests, mut findings) = manifest::read(vec![source]);
    let compilation = rbac::compile(&manifests, &Options { matching, ..Options::default() });
    findings.extend(&compilation.findings);
    (compilation, findings)
}

fn cedar(compilation: &Compilation) -> String {
    let mut text = String::new();
    for (server, target) in &compilation.targets {
        match target {
            Ok(compiled) => writeln!(text, "{}", compiled.cedar()).unwrap(),
            Err(not) => {
                writeln!(text, "// Nothing for {server}:").unwrap();
                for cause in &not.causes {
                    writeln!(text, "//   {}: {}", cause.code.name(), cause.message).unwrap();
                }
                text.push('\n');
            }
        }
    }
    text
}

fn toolhive(compilation: &Compilation) -> String {
    let mut text = String::new();
    for (server, target) in &compilation.targets {
        let Ok(compiled) = target else { continue };
        match compiled.toolhive() {
            Ok(toolhive) => {
                writeln!(text, "# {server}\n{}", toolhive.text()).unwrap();
                for finding in toolhive.findings() {
                    writeln!(text, "# {}", finding.message).unwrap();
                }
            }
            Err(inexpressible) => writeln!(text, "# {server}: {inexpressible}").unwrap(),
        }
    }
    text
}

fn findings(compilation: &Compilation, findings: &Findings) -> String {
    let mut text = findings.render(false);
    for status in &compilation.statuses {
        let namespace =
            status.namespace.as_ref().map_or_else(String::new, |namespace| format!("{namespace}/"));
        let compiled = if status.compiled() { "True" } else { "False" };
        let (kind, name, reason) = (status.kind, &status.name, status.reason());
        writeln!(text, "{kind} {namespace}{name}: Compiled={compiled} {reason}").unwrap();
    }
    text
}

#[test]
fn what_manifests_compile_to() {
    for path in cases() {
        let (compilation, found) = compiled(&path, Matching::Any);
        expect_file![path.with_extension("cedar")].assert_eq(&cedar(&compilation));
        expect_file![path.with_extension("toolhive")].assert_eq(&toolhive(&compilation));
        expect_file![path.with_extension("findings")].assert_eq(&findings(&compilation, &found));
    }
}

#[test]
fn the_other_reading_of_lists() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/rbac/conditions.yaml");
    let (compilation, _) = compiled(&path, Matching::All);
    expect_file![path.with_extension("all.cedar")].assert_eq(&cedar(&compilation));
    expect_file![path.with_extension("all.toolhive")].assert_eq(&toolhive(&compilation));
}

#[test]
fn the_order_of_documents_does_not_matter() {
    for path in cases() {
        let text = std::fs::read_to_string(&path).unwrap();
        let mut documents: Vec<_> = text.split("\n---\n").collect();
        let compile = |text: &str| {
            let (manifests, _) = manifest::read(vec![Source::new("m", text)]);
            let compilation = rbac::compile(&manifests, &Options::default());
            let good = compilation.targets.into_iter().filter_map(|(id, target)| Some((id, target.ok()?)));
            let texts = good.map(|(id, target)| {
                (id, target.cedar().to_owned(), target.toolhive().map(|file| file.text().to_owned()).ok())
            });
            texts.collect::<Vec<_>>()
        };
        let before = compile(&text);
        documents.reverse();
        assert_eq!(before, compile(&documents.join("\n---\n")), "{}", path.display());
    }
}

/// What a user does with the output: the whole text, under Cedar's own parser and validator, and its own formatter.
#[test]
fn cedar_takes_every_output_as_it_is() {
    let (schema, _) = cedar_policy::Schema::from_cedarschema_str(SCHEMA).unwrap();
    let validator = cedar_policy::Validator::new(schema.clone());
    let mut policies = 0;
    for path in cases() {
        for matching in [Matching::Any, Matching::All] {
            for compiled in compiled(&path, matching).0.targets.values().flatten() {
                let set: cedar_policy::PolicySet = compiled.cedar().parse().unwrap();
                assert_eq!(set.num_of_policies(), compiled.statements().len(), "{}", compiled.cedar());
                let result = validator.validate(&set, cedar_policy::ValidationMode::Strict);
                assert!(result.validation_passed(), "{result}\n{}", compiled.cedar());
                cedar_policy::Entities::from_json_str(&compiled.entities(), Some(&schema)).unwrap();
                policies += set.num_of_policies();
            }
        }
    }
    assert!(policies > 40, "only {policies} policies");
}

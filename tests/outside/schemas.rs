//! `compose.yaml` and the workflow against the schemas that their tools publish.

use std::path::Path;

use crate::{folder::Folder, python, root, yaml};

const WORKFLOW: &str = "deploy/github-actions.yaml";
const COMPOSE: &str = "compose.yaml";

/// What the check of a file says: whether it is right, and about what.
fn checked(schema: &str, path: &Path) -> Option<(bool, String)> {
    let mut command = python::program("check-jsonschema", schema)?;
    let output = command.args(["--builtin-schema", schema]).arg(path).output().unwrap();
    Some((output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap()))
}

fn holds(schema: &str, file: &str, mistakes: &[(&str, &str, &str)]) {
    let Some((right, said)) = checked(schema, &root().join(file)) else { return };
    assert!(right, "{said}");
    let folder = Folder::new(schema);
    for (old, new, word) in mistakes {
        let wrong = folder.write("wrong.yaml", yaml::with(file, old, new));
        let (right, said) = checked(schema, &wrong).unwrap();
        assert!(!right && said.contains(word), "{new}: {said}");
    }
}

#[test]
fn the_workflow_keeps_githubs_schema() {
    holds(
        "vendor.github-workflows",
        WORKFLOW,
        &[
            ("runs-on:", "run-on:", "run-on"),
            ("fail-fast: false", "fail-fast: [false]", "fail-fast"),
            ("permissions:\n  contents: read", "permissions:\n  contents: reads", "reads"),
        ],
    );
}

#[test]
fn the_platform_keeps_the_schema_of_compose() {
    holds(
        "vendor.compose-spec",
        COMPOSE,
        &[("read_only:", "readonly:", "readonly"), ("cap_drop:\n      - ALL", "cap_drop: ALL", "ALL")],
    );
}

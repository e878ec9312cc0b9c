//! The manifests: right by the published schemas and the `restricted` standard, and what they start works.

use std::{fs, path::PathBuf, process::Command};

use serde_json::Value as Json;

use crate::{binary, folder::Folder, python, root, told, yaml};

const FOLDER: &str = "deploy/kubernetes";

fn manifests() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(FOLDER)).unwrap();
    let paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    assert!(paths.len() > 4);
    paths
}

/// A mistake in a manifest, and a word by which it is known.
const MISTAKES: &[(&str, &str, &str, &str)] = &[
    ("run.yaml", "backoffLimit:", "backofLimit:", "backofLimit"),
    ("run.yaml", "backoffLimit: 0", "backoffLimit: none", "not of type 'integer'"),
    ("run.yaml", "backoffLimit: 0", "backoffLimit: 3", "a failure is retried"),
    ("run.yaml", "batch/v1", "batch/v2", "Couldn't find schema"),
    ("run.yaml", "  backoffLimit: 0", "  backoffLimit: 0\n  backoffLimit: 0", "stands twice"),
    ("run.yaml", "  ttlSecondsAfterFinished: 86400\n", "", "it has no end"),
    ("run.yaml", "automountServiceAccountToken: false", "automountServiceAccountToken: true", "a token"),
    ("run.yaml", "runAsNonRoot: true", "runAsNonRoot: false", "it may run as root"),
    ("run.yaml", "runAsUser: 65532", "runAsUser: 0", "as whom"),
    ("run.yaml", "type: RuntimeDefault", "type: Unconfined", "no seccomp profile"),
    ("run.yaml", "enableServiceLinks: false", "hostNetwork: true", "the node's"),
    (
        "run.yaml",
        "emptyDir:\n            sizeLimit: 512Mi",
        "hostPath:\n            path: /tmp",
        "the volume tmp",
    ),
    ("run.yaml", "allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true", "privileges may grow"),
    ("run.yaml", "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "can be written"),
    ("run.yaml", "drop: [ALL]", "drop: [NET_RAW]", "capabilities stay"),
    ("run.yaml", "            limits:\n", "            claims: []\n            limit:\n", "limit"),
    ("run.yaml", "mountPath: /tmp", "mountPath: /var/tmp", "nowhere to write at /tmp"),
    ("shards.yaml", "backoffLimitPerIndex: 0", "backoffLimit: 0", "ends the other shards"),
    ("shards.yaml", "- name: SHARD", "- name: PART", "nobody sets SHARD"),
    ("shards.yaml", "accessModes:", "accessMode:", "accessMode"),
];

#[test]
fn the_manifests_keep_the_schemas_and_the_restricted_standard() {
    const SCRIPT: &str = "kubernetes_manifests.py";
    let Some(mut command) = python::script(SCRIPT, SCRIPT) else { return };
    told(command.args(manifests()));

    let folder = Folder::new("manifests");
    let name = |number: usize| format!("{number}.yaml");
    let wrong = MISTAKES.iter().enumerate().map(|(number, (file, old, new, _))| {
        folder.write(&name(number), yaml::with(&format!("{FOLDER}/{file}"), old, new))
    });
    let output = python::script(SCRIPT, SCRIPT).unwrap().args(wrong).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    for (number, (_, _, new, word)) in MISTAKES.iter().enumerate() {
        let file = folder.at(&name(number)).display().to_string();
        let mut lines = said.lines().filter(|line| line.starts_with(&format!("{file}:")));
        assert!(lines.any(|line| line.contains(word)), "{new}: {word} in {said}");
    }
}

/// A Job, or what else a file has.
pub(crate) fn document(file: &str, kind: &str) -> Json {
    let mut documents = yaml::documents(&format!("{FOLDER}/{file}")).into_iter();
    documents.find(|document| document["kind"] == kind).unwrap()
}

/// The program as a Job starts it, with a folder in the place of the Pod's own.
pub(crate) fn started(file: &str, folder: &Folder, more: &[&str]) -> Command {
    let pod = &document(file, "Job")["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    let mounts: Vec<_> = container["volumeMounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|mount| mount["mountPath"].as_str().unwrap())
        .collect();
    let mut command = Command::new(binary());
    for argument in container["args"].as_array().unwrap() {
        let argument = argument.as_str().unwrap();
        let (option, value) =
            argument.split_once('=').map_or(("", argument), |(option, value)| (option, value));
        let own = mounts.iter().any(|mount| value.starts_with(&format!("{mount}/")));
        let value = if own { folder.at(&value[1..]).display().to_string() } else { value.to_owned() };
        command.arg(if option.is_empty() { value } else { format!("{option}={value}") });
    }
    command.args(more);
    command
}

#[test]
fn the_job_runs_the_suite() {
    let folder = Folder::new("run");
    told(&mut started("run.yaml", &folder, &["audience/absent"]));
    for name in ["report.json", "junit.xml", "report.html", "summary.md"] {
        assert!(folder.at("work/run").join(name).exists(), "{name}");
    }
}

#[test]
fn the_job_runs_scenarios_values_and_a_key_of_the_users() {
    let folder = Folder::new("own");
    let files = &document("own.yaml", "ConfigMap")["data"];
    let pod = &document("own.yaml", "Job")["spec"]["template"]["spec"];
    let volumes = pod["volumes"].as_array().unwrap();
    let own = volumes.iter().find(|volume| volume["name"] == "own").unwrap();
    for item in own["configMap"]["items"].as_array().unwrap() {
        let (key, path) = (item["key"].as_str().unwrap(), item["path"].as_str().unwrap());
        folder.write(&format!("own/{path}"), files[key].as_str().unwrap());
    }
    let key = fs::read(root().join("tests/fixtures/keys/p256-sec1.pem")).unwrap();
    folder.write("signing/signing.pem", key);
    let said = told(&mut started("own.yaml", &folder, &[]));
    assert!(said.contains("Conformant: the one selected case"), "{said}");
}

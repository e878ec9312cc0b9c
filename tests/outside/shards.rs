//! The suite in shards, as an indexed Job and as a matrix of GitHub's start them, and the one report of all of them.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value as Json;

use crate::{
    binary,
    folder::Folder,
    kubernetes::{document, started},
    told, yaml,
};

/// A part of the suite that has something for every shard.
const PART: &str = "audience";

/// Every case of the part, by what a run says of it.
fn cases(report: &Path) -> Vec<String> {
    let report: Json = serde_json::from_slice(&fs::read(report).unwrap()).unwrap();
    let cases = report["cases"].as_array().unwrap();
    assert!(cases.len() > 4);
    cases.iter().map(|case| format!("{} {}", case["id"], case["status"])).collect()
}

fn whole(folder: &Folder) -> Vec<String> {
    told(Command::new(binary()).args(["run", PART, "--report"]).arg(folder.at("whole")));
    cases(&folder.at("whole/report.json"))
}

#[test]
fn the_indexed_job_and_the_one_that_joins_its_shards() {
    let folder = Folder::new("indexed");
    let job = &document("shards.yaml", "Job")["spec"];
    assert_eq!(job["completions"], job["parallelism"]);
    let completions = job["completions"].as_u64().unwrap();
    for index in 0..completions {
        // A shard that is not there is no green report.
        assert_eq!(started("merge.yaml", &folder, &[]).status().unwrap().code(), Some(2));
        let mut shard = started("shards.yaml", &folder, &[PART]);
        let arguments: Vec<_> = shard
            .get_args()
            .map(|argument| argument.to_str().unwrap().replace("$(SHARD)", &index.to_string()))
            .collect();
        shard = Command::new(binary());
        told(shard.args(arguments));
    }
    told(&mut started("merge.yaml", &folder, &[]));
    assert_eq!(cases(&folder.at("work/merged/report.json")), whole(&folder));
}

/// The commands of a step with this name.
fn commands(job: &str, step: &str) -> String {
    let workflow = yaml::documents("deploy/github-actions.yaml").remove(0);
    let steps = workflow["jobs"][job]["steps"].as_array().unwrap();
    let step = steps.iter().find(|one| one["name"] == step).unwrap();
    step["run"].as_str().unwrap().to_owned()
}

/// As a runner starts them, with what it fills in.
fn step(folder: &Folder, place: &str, commands: &str, filled_in: &[(&str, &str)]) -> Output {
    fs::create_dir_all(folder.at(place)).unwrap();
    fs::copy(binary(), folder.at(place).join("touchstone")).unwrap();
    let mut commands = commands.to_owned();
    for (expression, value) in filled_in {
        let expression = format!("${{{{ {expression} }}}}");
        assert!(commands.contains(&expression), "{expression} in {commands}");
        commands = commands.replace(&expression, value);
    }
    assert!(!commands.contains("${{"), "{commands}");
    let mut shell = Command::new("bash");
    shell.args(["-e", "-c", &commands]).current_dir(folder.at(place));
    shell.env("GITHUB_STEP_SUMMARY", folder.at("step-summary")).output().unwrap()
}

#[test]
fn the_workflow_joins_its_matrix_and_ends_as_the_merge_does() {
    let folder = Folder::new("matrix");
    let workflow = yaml::documents("deploy/github-actions.yaml").remove(0);
    let matrix = workflow["jobs"]["shard"]["strategy"]["matrix"]["shard"].as_array().unwrap();
    let total = matrix.len().to_string();
    let run = commands("shard", "Run").replace("touchstone run", &format!("touchstone run {PART}"));
    let merge = || step(&folder, "merge", &commands("merge", "Merge"), &[]);
    for shard in matrix {
        let joined = merge();
        assert_eq!(joined.status.code(), Some(2), "{joined:?}");
        assert!(!folder.at("step-summary").exists());
        let shard = shard.to_string();
        let place = format!("shard-{shard}");
        let ran = step(&folder, &place, &run, &[("matrix.shard", &shard), ("strategy.job-total", &total)]);
        assert!(ran.status.success(), "{ran:?}");
        fs::create_dir_all(folder.at("merge/shards")).unwrap();
        fs::rename(folder.at(&place).join("results"), folder.at("merge/shards").join(&place)).unwrap();
    }
    let joined = merge();
    assert!(joined.status.success(), "{joined:?}");
    assert_eq!(cases(&folder.at("merge/merged/report.json")), whole(&folder));
    assert!(fs::read_to_string(folder.at("step-summary")).unwrap().contains("Conformant"));

    // What one shard finds is the end of the whole.
    let broken = run.replace("touchstone run", "touchstone run --sabotage TOK-AUD");
    for shard in matrix {
        let shard = shard.to_string();
        let place = format!("broken-{shard}");
        step(&folder, &place, &broken, &[("matrix.shard", &shard), ("strategy.job-total", &total)]);
        let there = folder.at("merge/shards").join(format!("shard-{shard}"));
        fs::remove_dir_all(&there).unwrap();
        fs::rename(folder.at(&place).join("results"), there).unwrap();
    }
    let joined = merge();
    assert_eq!(joined.status.code(), Some(1), "{joined:?}");
    assert!(fs::read_to_string(folder.at("step-summary")).unwrap().contains("TOK-AUD"));
}

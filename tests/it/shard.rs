//! `run --shard` and `report merge` as a user meets them.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use expect_test::expect_file;
use serde_json::Value as Json;

/// A folder that goes away with the test, and is where the program runs.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("touchstone-shard-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Exit code, standard output, standard error.
    fn touchstone(&self, arguments: &[&str]) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_touchstone"));
        let output = command.args(arguments).current_dir(&self.0).stdin(Stdio::null()).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    /// Runs the words that follow `run`, in so many shards, into `shards/1`, `shards/2` …, and answers the exit codes.
    fn shards(&self, words: &[&str], count: usize) -> Vec<i32> {
        let run = |index| {
            let (shard, report) = (format!("{index}/{count}"), format!("shards/{index}"));
            let options = ["--shard", &shard, "--report", &report, "--format", "json"];
            self.touchstone(&[&["-q", "run"], words, &options].concat()).0
        };
        (1..=count).map(run).collect()
    }

    fn report(&self, path: &str) -> Json {
        serde_json::from_slice(&fs::read(self.0.join(path)).unwrap()).unwrap()
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.0.join(path)).unwrap()
    }

    /// Another report, made of this one.
    fn change(&self, from: &str, to: &str, change: impl Fn(&mut Json)) {
        let mut report = self.report(from);
        change(&mut report);
        let path = self.0.join(to);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, serde_json::to_vec(&report).unwrap()).unwrap();
    }
}

/// A report without what differs from run to run: durations, and what went over the wire.
fn verdicts(mut report: Json) -> Json {
    report["duration_ms"].take();
    for case in report["cases"].as_array_mut().unwrap() {
        for member in ["duration_ms", "tokens"] {
            case[member].take();
        }
        for step in case["steps"].as_array_mut().unwrap() {
            step["exchanges"].take();
        }
    }
    report
}

/// Text without durations, the names of the files, and the command that runs the failures again.
fn timeless(text: &str) -> String {
    let times = regex::Regex::new(r#"time="[^"]*"|, in\s+[0-9][0-9a-z. ]*|(reports|again) {3,}.*"#).unwrap();
    times.replace_all(text, "").into_owned()
}

/// What stands last on standard output.
fn sentence(text: &str) -> &str {
    text.rsplit_once("\n\n").unwrap().1
}

#[test]
fn shards_divide_the_selection() {
    let folder = Folder::new("list");
    let list = |words: &[&str]| -> Vec<String> {
        let (code, out, err) = folder.touchstone(&[&["run", "--list"], words].concat());
        assert_eq!((code, err.as_str()), (0, ""));
        out.lines().map(str::to_owned).collect()
    };
    for words in [&[][..], &["scope", "--filter", "setup=generic", "--jobs", "1"]] {
        let all = list(words);
        for count in [3, 8] {
            let shard = |index: usize| list(&[words, &["--shard", &format!("{index}/{count}")]].concat());
            let shards: Vec<_> = (1..=count).map(shard).collect();
            assert!(
                shards.iter().all(|shard| shard.is_sorted_by_key(|id| all.iter().position(|one| one == id)))
            );
            let mut together = shards.concat();
            assert_eq!(together.len(), all.len(), "{words:?} in {count}");
            together.sort();
            let mut sorted = all.clone();
            sorted.sort();
            assert_eq!(together, sorted, "{words:?} in {count}");
            let sizes: BTreeSet<_> = shards.iter().map(Vec::len).collect();
            let fair = all.len() / count;
            assert!(sizes.last().unwrap() <= &(fair + fair / 2 + 1), "{sizes:?}");
        }
    }
    // From zero, as a Kubernetes Job counts.
    assert_eq!(list(&["scope", "--shard", "zero-based:1/4"]), list(&["scope", "--shard", "2/4"]));
}

#[test]
fn an_impossible_shard_is_a_usage_error_with_advice() {
    let folder = Folder::new("usage");
    for (shard, advice) in [
        ("0/4", "shards count from 1: write `1/4`, or `zero-based:0/4`"),
        ("5/4", "of 4 shards the last is `4/4`"),
        ("zero-based:4/4", "of 4 shards the last is `zero-based:3/4`"),
        ("1/0", "there is no shard of none"),
        ("a/b", "write the shard and their number, `2/4`"),
        ("$(JOB_COMPLETION_INDEX)/4", "write the shard and their number, `2/4`"),
    ] {
        let (code, out, err) = folder.touchstone(&["run", "--shard", shard]);
        assert_eq!((code, out.as_str()), (2, ""), "{shard}");
        assert!(err.contains(advice) && err.contains("--shard"), "{shard}: {err}");
    }
    let (code, _, err) = folder.touchstone(&["run", "--filter", "nothing-has-this", "--shard", "1/2"]);
    assert_eq!(code, 2);
    assert!(err.contains("no case matches `nothing-has-this`"), "{err}");
}

#[test]
fn joined_shards_are_the_run_in_every_format() {
    let folder = Folder::new("whole");
    let words =
        ["audience", "scope/near-miss", "stories", "divergences", "--seed", "7", "--reading", "standards"];
    let formats = ["--format", "json,junit,html,markdown"];
    let whole = folder.touchstone(&[&["-q", "run"], &words[..], &formats, &["--report", "whole"]].concat());
    let codes = folder.shards(&words, 3);
    let (code, out, err) =
        folder.touchstone(&[&["report", "merge", "shards", "--report", "merged"], &formats[..]].concat());
    assert_eq!((code, err.as_str()), (whole.0, ""));
    assert_eq!(timeless(&out), timeless(&whole.1));
    assert_eq!(whole.0, *codes.iter().max().unwrap(), "{}", whole.1);
    assert_eq!(verdicts(folder.report("merged/report.json")), verdicts(folder.report("whole/report.json")));
    for name in ["junit.xml", "summary.md"] {
        let read = |run: &str| timeless(&folder.read(&format!("{run}/{name}")));
        assert_eq!(read("merged"), read("whole"), "{name}");
    }
    assert!(folder.read("merged/report.html").len() > 100_000);
    // The shards said that they are not the whole.
    let shard = folder.report("shards/1/report.json");
    assert_eq!(shard["selection"]["shard"]["index"], 1);
    assert_eq!(
        shard["selection"]["shard"]["selected"],
        folder.report("whole/report.json")["selection"]["selected"]
    );
    let said = shard["summary"]["verdict"].as_str().unwrap();
    assert!(said.starts_with("Shard 1 of 3: "), "{said}");
    // In any order, by file.
    let files = ["shards/3/report.json", "shards/1", "shards/2/report.json"];
    let (again, out_again, _) =
        folder.touchstone(&[&["report", "merge", "--report", "again"], &files[..], &formats].concat());
    assert_eq!((again, timeless(&out_again)), (code, timeless(&out)));
    assert_eq!(folder.read("again/report.json"), folder.read("merged/report.json"));
}

#[test]
fn only_all_shards_together_know_what_is_untested() {
    let folder = Folder::new("untested");
    // A suite of two rules. One of them is tested in one of two cases, the other in none.
    let values = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/values/okta-shared.yaml");
    let catalogue = |second: &str| {
        let rule = |id: &str, more: &str| {
            format!("  - {{id: {id}, statement: s, level: MUST, provenance: [own], source: s{more}}}\n")
        };
        format!("sets: {{'1': [A-B, C-D]}}\nrequirements:\n{}{}", rule("A-B", ""), rule("C-D", second))
    };
    let scenario = |rule: &str, path: &str| {
        format!(
            "title: t\nwhy: w\nrequirements: [{rule}]\nplatform: {{values: ../values/v.yaml}}\nidp: {{tenant: okta-shared}}\n\
             steps:\n  - request: {{to: enterprise-manager, path: {path}, rule: {rule}, expect: {{status: 200}}}}\n"
        )
    };
    let write = |name: &str, text: &str| {
        let path = folder.0.join("suite").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("values/v.yaml", &fs::read_to_string(values).unwrap());
    write("area/one.yaml", &scenario("A-B", "/healthz"));
    write("area/two.yaml", &scenario("A-B", "/healthz?again"));
    for (second, expected) in [(", untested: nobody has written it", 6), ("", 0)] {
        write("requirements.yaml", &catalogue(second));
        if expected == 0 {
            write("area/two.yaml", &scenario("C-D", "/healthz"));
        }
        let whole = folder.touchstone(&["run", "suite", "--report", "whole"]);
        assert_eq!(whole.0, expected, "{}{}", whole.1, whole.2);
        assert_eq!(folder.shards(&["suite"], 3), [0, 0, 0], "the third is empty");
        let third = folder.report("shards/3/report.json");
        let empty = "Shard 3 of 3: none of the 2 selected cases is in it, so nothing was tested. ";
        assert!(third["summary"]["verdict"].as_str().unwrap().starts_with(empty), "{}", third["summary"]);
        let (code, out, _) = folder.touchstone(&["report", "merge", "shards"]);
        assert_eq!((code, timeless(&out)), (expected, timeless(&whole.1)));
    }
}

#[test]
fn a_sabotage_is_seen_by_the_whole() {
    let folder = Folder::new("sabotage");
    // What the broken rule is about is in one shard, what is not in the other.
    let words = [
        "--filter",
        "audience/absent[setup=generic]",
        "--filter",
        "scope/near-miss[scope=longer]",
        "--sabotage",
        "TOK-SCOPE",
    ];
    let whole = folder.touchstone(&[&["run", "--report", "whole"], &words[..]].concat());
    let mut codes = folder.shards(&words, 2);
    codes.sort_unstable();
    assert_eq!((whole.0, codes), (1, vec![0, 1]));
    let (code, out, _) = folder.touchstone(&["report", "merge", "shards"]);
    assert_eq!((code, sentence(&out)), (1, sentence(&whole.1)));
    assert!(out.contains("SABOTAGED (TOK-SCOPE broken on purpose): caught"), "{out}");
}

#[test]
fn what_is_no_whole_set_of_shards_is_refused_and_nothing_is_written() {
    let folder = Folder::new("refused");
    let words = ["audience/absent"];
    assert_eq!(folder.shards(&words, 3), [0, 0, 0]);
    assert_eq!(folder.touchstone(&["run", "audience/absent", "--report", "whole"]).0, 0);
    let set = |pointer: &'static str, value: Json| {
        move |report: &mut Json| *report.pointer_mut(pointer).unwrap() = value.clone()
    };
    for (name, pointer, value) in [
        ("suite", "/suite/digest", "77".into()),
        ("target", "/target/name", "containers".into()),
        ("seed", "/seed", "000000000000002a".into()),
        ("clock", "/target/clock", "system".into()),
        ("reading", "/reading", "standards".into()),
        ("sabotage", "/sabotaged", "TOK-AUD".into()),
        ("strict", "/terms/strict", true.into()),
        ("accepted", "/terms/accepted_untested", vec!["TOK-AUD"].into()),
        ("filter", "/selection/filter", "aud".into()),
        ("selected", "/selection/shard/digest", "88".into()),
        ("count", "/selection/shard/count", 4.into()),
        ("version", "/suite/version", "0.0.1".into()),
        ("schema", "/schema", "touchstone-report/2".into()),
        ("changed", "/selection/selected", 7.into()),
    ] {
        folder.change("shards/2/report.json", &format!("{name}/report.json"), set(pointer, value));
    }
    fs::create_dir_all(folder.0.join("empty")).unwrap();
    fs::write(folder.0.join("text.json"), "not a report\n").unwrap();
    fs::write(folder.0.join("other.json"), "{\"version\": 1}\n").unwrap();
    let cut = folder.read("shards/2/report.json");
    fs::write(folder.0.join("cut.json"), &cut[..20]).unwrap();
    let mut said = String::new();
    for second in [
        "suite",
        "target",
        "seed",
        "clock",
        "reading",
        "sabotage",
        "strict",
        "accepted",
        "filter",
        "selected",
        "count",
        "version",
        "schema",
        "changed",
        "shards/1",
        "whole",
        "empty",
        "text.json",
        "other.json",
        "cut.json",
        "absent.json",
    ] {
        let mut messages = Vec::new();
        for paths in [["shards/1", second, "shards/3"], ["shards/3", second, "shards/1"]] {
            let (code, out, err) =
                folder.touchstone(&[&["report", "merge", "--report", "out"], &paths[..]].concat());
            assert_eq!((code, out.as_str()), (2, ""), "{second}: {err}");
            messages.push(err);
        }
        assert_eq!(messages[0], messages[1], "the order of the arguments says nothing");
        said += &messages[0];
    }
    for paths in [&["shards/2"][..], &["shards/1", "shards/3"], &["text.json", "whole/report.json", "seed"]] {
        let (code, _, err) = folder.touchstone(&[&["report", "merge", "--report", "out"], paths].concat());
        assert_eq!(code, 2);
        said += &err;
    }
    // What changes with every scenario and every version.
    let shard = folder.report("shards/1/report.json");
    for (pointer, word) in
        [("/suite/digest", "DIGEST"), ("/selection/shard/digest", "DIGEST"), ("/suite/version", "VERSION")]
    {
        said = said.replace(shard.pointer(pointer).unwrap().as_str().unwrap(), word);
    }
    expect_file!["../golden/report/merge-refused.txt"].assert_eq(&said);
    assert!(!folder.0.join("out").exists());

    // Nor is a shard lost to its own merging.
    let before = folder.read("shards/2/report.json");
    let (code, _, err) = folder.touchstone(&["report", "merge", "shards", "--report", "shards/2"]);
    assert_eq!(code, 2);
    assert!(
        err.contains("`shards/2/report.json` would be overwritten: name another folder by --report"),
        "{err}"
    );
    assert_eq!(folder.read("shards/2/report.json"), before);
    let (code, _, err) = folder.touchstone(&["report", "merge"]);
    assert_eq!(code, 2);
    assert!(err.contains("<PATH>"), "{err}");
    // A folder that cannot be written is a matter of the environment, as it is for a run.
    let (code, _, err) = folder.touchstone(&["report", "merge", "shards", "--report", "text.json"]);
    assert_eq!(code, 3, "{err}");
    assert!(Path::new(&folder.0.join("text.json")).is_file());
}

//! Scenarios of one's own, as the command line finds them: no catalogue is needed, and no neighbour is in the way.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// A folder of somebody's own, gone with it.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("touchstone-own-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        let folder = Self(path);
        let values = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/values/okta-shared.yaml");
        folder.write("values/v.yaml", &fs::read_to_string(values).unwrap());
        folder
    }

    pub(super) fn write(&self, name: &str, content: &str) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Exit code, standard output, standard error.
    pub(super) fn touchstone(&self, arguments: &[&str]) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_touchstone"));
        let output = command.args(arguments).current_dir(&self.0).stdin(Stdio::null()).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    pub(super) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap()
    }

    /// The cases that a run would have.
    fn cases(&self, arguments: &[&str]) -> Vec<String> {
        let (code, out, err) = self.touchstone(&[&["run", "--list"], arguments].concat());
        assert_eq!(code, 0, "{arguments:?}: {err}");
        out.lines().map(str::to_owned).collect()
    }

    /// What is complained about.
    fn refused(&self, arguments: &[&str]) -> String {
        let (code, out, err) = self.touchstone(&[&["run", "--list"], arguments].concat());
        assert_eq!(code, 2, "{arguments:?}: {out}{err}");
        err
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What it checks.
pub(super) const CHECKS: &str = "  \
  - mint: {as: other, from: good, claims: {aud: someone-else}}
  - accept: {by: enterprise-manager, token: good}
  - refuse: {by: enterprise-manager, token: other, rule: TOK-AUD, control: good}
";

fn scenario(values: &str) -> String {
    format!(
        "title: t\nwhy: w\nrequirements: [TOK-AUD]\nplatform: {{values: {values}}}\nidp: {{tenant: okta-shared}}\n\
         steps:\n  - sign_in: {{user: ann@acme.test, as: good}}\n{CHECKS}"
    )
}

#[test]
fn a_file_runs_without_a_catalogue_whatever_lies_beside_it() {
    let folder = Folder::new("file");
    folder.write("my/login.yaml", &scenario("../values/v.yaml"));
    folder.write("my/broken.yaml", "titel: [");
    fs::write(folder.0.join("my/binary.yaml"), b"\xff\x00").unwrap();
    let (code, out, err) = folder.touchstone(&["run", "my/login.yaml"]);
    assert!(code == 0 && out.contains("Conformant: the one selected case"), "{out}{err}");
    assert_eq!(folder.cases(&["my/login.yaml"]), ["my/login"]);
    assert_eq!(folder.cases(&["./my/../my/login.yaml", "my/login.yaml"]), ["my/login"]);
    let (code, _, err) = folder.touchstone(&["scenario", "check", "my/login.yaml"]);
    assert_eq!(code, 0, "{err}");
    // The folder as a whole has all of its mistakes at once.
    let err = folder.refused(&["my"]);
    assert!(
        err.contains("broken.yaml:1") && err.contains("binary.yaml") && err.contains("not a text file"),
        "{err}"
    );
    let err = folder.refused(&["my/binary.yaml"]);
    assert!(err.contains("binary.yaml") && !err.contains("broken"), "{err}");
}

#[test]
fn folders_are_read_with_or_without_areas() {
    let folder = Folder::new("folder");
    folder.write("my/scenarios/login.yaml", &scenario("../../values/v.yaml"));
    folder.write("my/scenarios/area/deep/x.yaml", &scenario("../../../../values/v.yaml"));
    folder.write("my/scenarios/values/no-scenario.yaml", "a: 1\n");
    folder.write("my/scenarios/requirements.yaml", "dependencies: []\n");
    assert_eq!(folder.cases(&["my/scenarios"]), ["area/deep/x", "scenarios/login"]);
    folder.write("my/scenarios/area/y.yml", "");
    let err = folder.refused(&["my/scenarios"]);
    assert!(err.contains("y.yml") && err.contains("end in `.yaml`"), "{err}");
    assert!(folder.refused(&["my/scenarios/area/y.yml"]).contains("end in `.yaml`"));
    assert!(folder.refused(&["values/../my/scenarios/values"]).contains("values"));
    folder.write("empty/README.md", "");
    assert!(folder.refused(&["empty"]).contains("holds no scenario"));
    let err = folder.refused(&["my/scenarios/login.yaml", "audience"]);
    assert!(err.contains("different suites"), "{err}");
}

#[test]
fn a_missing_values_file_is_shown_at_its_place() {
    let folder = Folder::new("missing");
    folder.write("my/login.yaml", &scenario("../values/w.yaml"));
    let err = folder.refused(&["my/login.yaml"]);
    assert!(err.contains("my/login.yaml:4:") && err.contains("w.yaml"), "{err}");
}

#[test]
fn words_mean_the_built_in_suite_first() {
    let folder = Folder::new("words");
    fs::create_dir_all(folder.0.join("scope")).unwrap();
    assert!(folder.cases(&["scope"]).len() > 5);
    assert!(folder.refused(&["./scope"]).contains("holds no scenario"));
    assert!(folder.refused(&["audiense"]).contains("did you mean `audience`?"));
    folder.write("scope/own.yaml", &scenario("../values/v.yaml"));
    let words = folder.refused(&["scope"]);
    assert!(words.contains("`./scope` is the folder") && words.contains("`--filter scope/`"), "{words}");
    assert_eq!(folder.cases(&["scope/"]), ["scope/own"]);
}

#[test]
fn a_catalogue_of_ones_own_has_set_1_and_is_covered() {
    let folder = Folder::new("catalogue");
    let rule = |id| format!("  - {{id: {id}, statement: s, level: MUST, provenance: [doc], source: s}}\n");
    folder.write("suite/area/x.yaml", &scenario("../values/v.yaml"));
    folder.write("suite/values/v.yaml", "a: 1\n");
    folder.write(
        "suite/requirements.yaml",
        &format!("sets: {{'7': [TOK-AUD]}}\nrequirements:\n{}", rule("TOK-AUD")),
    );
    assert!(folder.refused(&["suite"]).contains("it has `7`"));
    let two = format!("sets: {{'1': [TOK-AUD]}}\nrequirements:\n{}{}", rule("TOK-AUD"), rule("TOK-NEW"));
    folder.write("suite/requirements.yaml", &two);
    assert!(folder.refused(&["suite"]).contains("no scenario covers `TOK-NEW`"));
    assert_eq!(folder.cases(&["suite/area/x.yaml"]), ["area/x"]);
}

#[cfg(unix)]
#[test]
fn pipes_and_links_to_folders_hold_nobody_up() {
    let folder = Folder::new("pipe");
    folder.write("my/login.yaml", &scenario("../values/v.yaml"));
    std::os::unix::fs::symlink(folder.0.join("my"), folder.0.join("my/again")).unwrap();
    assert_eq!(folder.cases(&["my"]), ["my/login"]);
    for pipe in ["my/pipe.yaml", "signing.pem"] {
        assert!(Command::new("mkfifo").arg(folder.0.join(pipe)).status().unwrap().success());
    }
    assert!(folder.refused(&["my/pipe.yaml"]).contains("is no regular file"));
    assert!(folder.refused(&["my"]).contains("is no regular file"));
    let (code, _, err) = folder.touchstone(&["run", "audience", "--signing-key", "signing.pem"]);
    assert_eq!(code, 2);
    assert!(err.contains("is no regular file"), "{err}");
    // A folder that could be meant, and a report of an earlier run.
    for name in ["scope/pipe.yaml", "out/report.html"] {
        let pipe = folder.0.join(name);
        fs::create_dir_all(pipe.parent().unwrap()).unwrap();
        assert!(Command::new("mkfifo").arg(pipe).status().unwrap().success());
    }
    let part = ["--quiet", "run", "scope", "--filter", "generic", "--report", "out"];
    assert_eq!(folder.touchstone(&part).0, 0);
    assert!(Path::new("/dev/zero").exists());
}

#[test]
fn the_command_line_can_choose_the_values_and_the_tenant() {
    let folder = Folder::new("setup");
    let text = scenario("'../values/${var.setup}.yaml'")
        .replace("tenant: okta-shared", "tenant: 'okta-${var.kind}'");
    folder.write("my/login.yaml", &text);
    let run = |arguments: &[&str]| folder.touchstone(&[&["run", "my/login.yaml"], arguments].concat());
    let (code, out, err) = run(&["--var", "setup=v", "--var", "kind=shared"]);
    assert_eq!(code, 0, "{out}{err}");
    let (code, _, err) = run(&["--var", "setup=v"]);
    assert_eq!(code, 2);
    assert!(err.contains("my/login.yaml:5") && err.contains("--var kind="), "{err}");
    let (code, _, err) = run(&["--var", "setup=w", "--var", "kind=shared"]);
    assert_eq!(code, 2, "{err}");
}

/// What is sent besides a token may be the one difference, a second difference in the token may not; and a refusal is
/// for the reason at stake.
#[test]
fn a_refusal_counts_for_its_own_reason() {
    let folder = Folder::new("reasons");
    let run = |steps: &str| {
        let text = scenario("values/v.yaml").replace(CHECKS, steps);
        folder.write("own.yaml", &text);
        let (code, out, _) = folder.touchstone(&["--quiet", "run", "own.yaml", "--report", "out"]);
        (code, out)
    };
    let with = |claims: &str, request: &str| {
        run(&format!(
            "  - mint: {{as: bad, from: good, claims: {claims}}}\n  - request: {{to: enterprise-manager, token: good, expect: {{status: 200}}}}\n  \
             - request: {{to: enterprise-manager, {request}, control: good, expect: {{status: 401}}}}\n"
        ))
    };
    let foreign = "{aud: someone-else}";
    assert_eq!(with(foreign, "token: bad").0, 0);
    let (code, out) = with("{exp: \"${now.unix-1s}\"}", "token: bad");
    assert!(code == 1 && out.contains("TOK-EXP"), "{out}");
    let (code, out) = with(foreign, "headers: {authorization: \"Bearer ${token.bad}\"}");
    assert!(code == 3 && out.contains("differ too, in aud"), "{out}");
    let (code, out) = with(foreign, "headers: {authorization: Bearer foo}");
    assert!(code == 1 && out.contains("TOK-OPAQUE"), "{out}");
    let (code, out) = with(foreign, "headers: {authorization: Basic foo}");
    assert!(code == 1 && out.contains("TOK-BEARER"), "what is no token has no audience: {out}");
    let same = "headers: {authorization: \"Bearer ${token.good}\"}, path: /nothing";
    let (code, out) = run(&format!(
        "  - accept: {{by: enterprise-manager, token: good}}\n  - request: {{to: enterprise-manager, {same}, control: good, expect: {{status: 404}}}}\n"
    ));
    assert_eq!(code, 3, "the token that was accepted was not refused for its audience: {out}");
}

/// Who acts on what a token says: the owner of the IdP, or who wrote the scenario.
#[test]
fn what_a_token_says_is_nobodys_code() {
    let folder = Folder::new("said");
    for (token, cause) in [
        ("good", "whoever set up the identity provider"),
        ("other", "the scenario or this program is at fault"),
    ] {
        let step = format!("  - token: {{token: {token}, claims: {{/aud: nobody}}}}\n");
        folder.write("own.yaml", &format!("{}{step}", scenario("values/v.yaml")));
        let (code, out, _) = folder.touchstone(&["--quiet", "run", "own.yaml", "--report", "out"]);
        assert_eq!(code, 1, "{out}");
        assert!(out.contains(cause), "{token}: {out}");
    }
}

/// A matcher that a variable leaves empty holds for every text.
#[test]
fn an_empty_variable_matches_nothing() {
    let folder = Folder::new("nothing");
    for matcher in ["contains", "matches"] {
        let step = format!("  - token: {{token: good, claims: {{/aud: {{{matcher}: '${{var.part}}'}}}}}}\n");
        folder.write("own.yaml", &format!("{}{step}", scenario("values/v.yaml")));
        let run = |part: &str| {
            let (code, out, err) = folder.touchstone(&["--quiet", "run", "own.yaml", "--var", part]);
            (code, format!("{out}{err}"))
        };
        assert_eq!(run("part=enterprise").0, 0);
        let (code, out) = run("part=");
        assert!(code == 1 && out.contains("is empty"), "{matcher}: {code} {out}");
    }
}

/// What was noticed about files of one's own stands in the reports, and nothing of the built-in ones.
#[test]
fn warnings_are_in_the_reports() {
    let folder = Folder::new("warnings");
    let file = |name: &str| fs::read_to_string(format!("{}/scenarios/{name}", env!("CARGO_MANIFEST_DIR")));
    folder.write("own.yaml", &scenario("values/v.yaml"));
    let cautions = |values: &str| {
        folder.write("values/v.yaml", values);
        let (code, _, err) = folder.touchstone(&["--quiet", "run", "own.yaml", "--report", "out"]);
        assert_eq!(code, 0, "{err}");
        let report: serde_json::Value = serde_json::from_str(&folder.read("out/report.json")).unwrap();
        report["cautions"].to_string()
    };
    let shipped = file("values/okta-shared.yaml").unwrap();
    assert_eq!(cautions(&shipped), "[]");
    let url = "https://config.example.com";
    let slash = shipped.replace(&format!("'{url}'"), &format!("'{url}/'"));
    assert_ne!(slash, shipped);
    let told = cautions(&slash);
    assert!(told.contains("values/v.yaml:") && told.contains("`resourceURL` ends in a slash"), "{told}");
}

#[test]
fn a_component_that_the_values_switch_off_is_not_applicable() {
    let folder = Folder::new("absent");
    let text = scenario("values/v.yaml");
    folder.write(
        "own.yaml",
        &format!("{text}  - catalogue: [{{source: internal, server: {{name: a/b, version: 1.0.0}}}}]\n"),
    );
    let (_, out, _) = folder.touchstone(&["--quiet", "run", "own.yaml"]);
    assert!(out.contains("1 not-applicable") && out.contains("has no registry-server"), "{out}");
}

/// What this target cannot play is told before the first case, and is nobody's failure.
#[test]
fn a_platform_that_cannot_be_played_is_a_usage_error() {
    let folder = Folder::new("unplayable");
    let root = env!("CARGO_MANIFEST_DIR");
    let shipped = fs::read_to_string(format!("{root}/scenarios/values/okta-shared.yaml")).unwrap();
    folder.write("own.yaml", &scenario("values/v.yaml"));
    for (url, words) in [
        ("https://config.example.com:9443", "no URL with a port"),
        ("https://192.0.2.7", "only a name"),
        ("https://[2001:db8::7]", "only a name"),
        ("https://acme.okta.com/config", "share the host `acme.okta.com`"),
        ("https://config.example.com.", "the dot at the end"),
    ] {
        folder.write("values/v.yaml", &shipped.replace("'https://config.example.com'", &format!("'{url}'")));
        let (code, out, err) = folder.touchstone(&["--quiet", "run", "own.yaml", "--report", "out"]);
        assert_eq!((code, &*out), (2, ""), "{url}: {err}");
        assert!(err.contains(words) && err.contains("values/v.yaml"), "{url}: {err}");
    }
    // Where it is told to ask counts too: it would ask outside of this process.
    let registry = "'https://registry.example.com'";
    assert!(shipped.contains(registry));
    folder.write("values/v.yaml", &shipped.replace(registry, "'https://registry.example.com:8443'"));
    let (code, _, err) = folder.touchstone(&["--quiet", "run", "own.yaml", "--report", "out"]);
    assert!(code == 2 && err.contains("the registry of the policy"), "{err}");
    assert!(!folder.0.join("out").exists());
}

/// A source that the Registry Server did not take is missing afterwards: that is its author's matter, and another mistake of
/// the scenario stays the scenario's.
#[test]
fn what_follows_from_a_failure_is_told_from_what_does_not() {
    let folder = Folder::new("follows");
    let run = |step: &str| {
        folder.write("own.yaml", &format!("{}  - {step}\n", scenario("values/v.yaml")));
        let sabotaged = ["--quiet", "run", "own.yaml", "--var", "d=xyz", "--sabotage", "TOK-AUD"];
        folder.touchstone(&sabotaged).0
    };
    assert_eq!(run("advance: 1h"), 1);
    assert_eq!(run("advance: '${var.d}'"), 3);
}

/// Nobody takes what an earlier run has left for this one's, and every report says what it is about.
#[test]
fn a_run_leaves_no_report_of_the_one_before() {
    let folder = Folder::new("stale");
    folder.write("own.yaml", &scenario("values/v.yaml"));
    let run = |more: &[&str]| {
        folder.touchstone(&[&["--quiet", "run", "own.yaml", "--report", "out"], more].concat()).0
    };
    assert_eq!(run(&[]), 0);
    let there = |name: &str| folder.0.join("out").join(name).exists();
    assert!(there("report.html") && there("junit.xml"));
    assert_eq!(run(&["--sabotage", "TOK-AUD", "--format", "json"]), 1);
    assert!(there("report.json") && !there("report.html") && !there("junit.xml"));
    // Others write files of that name too.
    folder.write("out/junit.xml", "<testsuites name=\"pytest\"/>");
    assert_eq!(run(&["--format", "json,markdown"]), 0);
    assert!(there("summary.md") && folder.read("out/junit.xml").contains("pytest"));
    assert_eq!(run(&["--format", "json"]), 0);
    assert!(!there("summary.md") && there("junit.xml"));
    let filter = || {
        let report: serde_json::Value = serde_json::from_str(&folder.read("out/report.json")).unwrap();
        report["selection"]["filter"].clone()
    };
    assert_eq!(filter(), "own.yaml");
    let (code, ..) = folder.touchstone(&[
        "--quiet",
        "run",
        "scope",
        "audience/absent",
        "--filter",
        "generic",
        "--report",
        "out",
    ]);
    assert_eq!((code, filter()), (0, "scope or audience/absent, of these generic".into()));
}

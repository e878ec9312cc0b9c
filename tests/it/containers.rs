//! The containers target from outside, with a real Docker: the same verdicts as in one process, and nothing left behind
//! however a run ends.
//!
//! Where `docker info` fails these tests say so in one line; `TOUCHSTONE_REQUIRE=docker` makes that a failure.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value as Json, json};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path_regex},
};

use crate::cloud_ui::chromium::Chromium;

/// Scenarios with every component, each kind of fault and a moved clock among them.
const SOME: [&str; 7] = [
    "audience",
    "outage/idp-unreachable",
    "degraded/expired",
    "mcp/token-ended",
    "registry/gate",
    "cloud-ui/refresh",
    "keys/rotation",
];

#[expect(clippy::disallowed_methods, reason = "CI says in the environment what may not be missing")]
fn environment(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// One at a time: each of these keeps two processors busy, and one of them removes the images.
static TURN: Mutex<()> = Mutex::new(());

/// A Docker to work with, if there is one.
fn docker() -> Option<MutexGuard<'static, ()>> {
    if Command::new("docker").arg("info").output().is_ok_and(|output| output.status.success()) {
        return Some(TURN.lock().unwrap_or_else(PoisonError::into_inner));
    }
    let required = environment("TOUCHSTONE_REQUIRE").unwrap_or_default();
    let required = required.to_string_lossy();
    assert!(!required.split(',').any(|name| name.trim() == "docker"), "`docker info` fails");
    writeln!(std::io::stderr(), "did not run: scenarios in containers: `docker info` fails").unwrap();
    None
}

/// The release binary that CI names, since the image is made of it.
fn touchstone() -> Command {
    let binary = environment("TOUCHSTONE_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_touchstone").into());
    let mut command = Command::new(binary);
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

/// A folder of its own for a report.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("containers-{name}"));
    let _ = fs::remove_dir_all(&folder);
    folder
}

/// The exit code, standard output, standard error, and the JSON report.
fn run(name: &str, arguments: &[&str]) -> (i32, String, String, Json) {
    let folder = folder(name);
    let output = touchstone()
        .args(["run", "--format", "json", "--report"])
        .arg(&folder)
        .args(arguments)
        .output()
        .unwrap();
    let report = fs::read(folder.join("report.json")).unwrap_or_default();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
        serde_json::from_slice(&report).unwrap_or_default(),
    )
}

/// What a report says of each case and of each of its checks.
fn verdicts(report: &Json) -> BTreeMap<String, Vec<String>> {
    let cases = report["cases"].as_array().expect("the report has cases");
    let said = |case: &Json| {
        let checks =
            case["steps"].as_array().unwrap().iter().flat_map(|step| step["checks"].as_array().unwrap());
        let checks = checks.map(|check| format!("{}: {}", check["what"], check["status"]));
        std::iter::once(case["status"].to_string()).chain(checks).collect()
    };
    cases.iter().map(|case| (case["id"].as_str().unwrap().to_owned(), said(case))).collect()
}

/// Names of containers and networks with a label, which nobody may find after a run.
fn left_over(label: &str) -> Vec<String> {
    let list = |what: &[&str]| {
        let filter = format!("label={label}");
        let mut command = Command::new("docker");
        let output = command.args(what).args(["--filter", &filter, "--format", "{{.ID}}"]).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect::<Vec<_>>()
    };
    [list(&["ps", "--all"]), list(&["network", "ls"])].concat()
}

/// The command line of a run's second process, once a case has ended.
fn run_of(child: &mut Child) -> String {
    let mut talk = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    while !said.contains("of 68 cases") {
        assert_ne!(talk.read_line(&mut said).unwrap(), 0, "the run ended: {said}");
    }
    child.stderr = Some(talk.into_inner());
    warden(child).split_whitespace().last().unwrap().to_owned()
}

/// `PID ARGUMENTS` of the warden.
fn warden(child: &Child) -> String {
    let parent = child.id().to_string();
    let children = Command::new("ps").args(["-o", "pid=,args=", "--ppid", &parent]).output().unwrap();
    let children = String::from_utf8(children.stdout).unwrap();
    children.lines().find(|line| line.contains("containers warden")).expect("the run has a warden").to_owned()
}

fn warden_of(child: &Child) -> String {
    warden(child).split_whitespace().next().unwrap().to_owned()
}

#[test]
fn verdicts_are_those_of_the_embedded_target_in_every_order() {
    let Some(_turn) = docker() else { return };
    let (code, stdout, stderr, embedded) = run("embedded", &SOME);
    assert_eq!(code, 0, "{stdout}{stderr}");
    let contained = |name: &str, order: &[&str]| {
        let arguments = [&["--target", "containers"], order, &SOME[..]].concat();
        let (code, stdout, stderr, report) = run(name, &arguments);
        assert_eq!(code, 0, "{stdout}{stderr}");
        assert_eq!(report["target"]["name"], "containers");
        verdicts(&report)
    };
    let embedded = verdicts(&embedded);
    assert!(embedded.len() > 60, "{}", embedded.len());
    assert_eq!(contained("in-order", &[]), embedded);
    // One lane, so that every case finds the containers as the one before it left them.
    assert_eq!(contained("shuffled", &["--shuffle", "7", "--jobs", "1"]), embedded);
    assert_eq!(contained("reversed", &["--shuffle", "reversed", "--jobs", "1"]), embedded);
}

#[test]
fn outages_are_real_and_their_scenarios_have_teeth() {
    let Some(_turn) = docker() else { return };
    let (code, stdout, _, report) = run("gone-embedded", &["gone"]);
    assert_eq!(code, 3, "in one process nobody can be gone, and nothing was checked: {stdout}");
    for (case, said) in verdicts(&report) {
        assert_eq!(said, ["\"not-applicable\""], "{case}");
    }
    let (code, stdout, _, report) = run("gone", &["--target", "containers", "gone"]);
    assert_eq!(code, 0, "{stdout}");
    assert_eq!(verdicts(&report).len(), 5);
    let mut red = BTreeMap::new();
    for rule in ["CL-DEGRADED-BLOCK", "TOK-AUD"] {
        let arguments = ["--target", "containers", "--sabotage", rule, "gone"];
        let (code, stdout, _, report) = run(&format!("gone-{rule}"), &arguments);
        assert_eq!(code, 1, "{stdout}");
        for case in report["cases"].as_array().unwrap() {
            red.entry(case["id"].to_string()).or_insert(false);
            if case["status"] == "fail" {
                red.insert(case["id"].to_string(), true);
            }
            let logs = case["logs"].as_array().map_or(0, Vec::len);
            assert_eq!(
                logs > 0,
                case["status"] != "pass",
                "the logs come with what is not green: {}",
                case["id"]
            );
        }
    }
    assert!(red.values().all(|red| *red), "{red:?}");
}

#[test]
fn runs_beside_each_other_do_not_meet() {
    let Some(_turn) = docker() else { return };
    let both = std::thread::scope(|scope| {
        let one = scope.spawn(|| run("beside-1", &["--target", "containers", "audience"]));
        let other = scope.spawn(|| run("beside-2", &["--target", "containers", "audience"]));
        [one.join().unwrap(), other.join().unwrap()]
    });
    for (code, stdout, stderr, _) in &both {
        assert_eq!(*code, 0, "{stdout}{stderr}");
    }
    assert_eq!(verdicts(&both[0].3), verdicts(&both[1].3));
}

/// A run in the middle of its work, and its id.
fn in_the_middle() -> (Child, String) {
    let mut child = touchstone()
        .args(["run", "--target", "containers", "--format", "json", "--report"])
        .arg(folder("in-the-middle"))
        .args(["audience", "--jobs", "1"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let run = run_of(&mut child);
    assert!(!left_over(&format!("touchstone.run={run}")).is_empty(), "the run has containers");
    (child, run)
}

#[test]
fn nothing_stays_after_an_interrupt_or_a_kill() {
    let Some(_turn) = docker() else { return };
    for signal in ["-INT", "-TERM"] {
        let (mut child, run) = in_the_middle();
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(130), "{signal}");
        assert_eq!(left_over(&format!("touchstone.run={run}")), Vec::<String>::new(), "{signal}");
    }
    // As a panic that nobody catches ends it, and as nobody can prepare for.
    for signal in ["-ABRT", "-KILL"] {
        let (mut child, run) = in_the_middle();
        let warden = warden_of(&child);
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        assert_eq!(child.wait().unwrap().code(), None, "{signal}");
        // The warden ends when it has removed everything.
        let gone = Command::new("tail").args(["--pid", &warden, "-f", "/dev/null"]).status().unwrap();
        assert!(gone.success());
        assert_eq!(left_over(&format!("touchstone.run={run}")), Vec::<String>::new(), "{signal}");
    }
}

#[test]
fn what_is_kept_stays_over_other_runs_until_it_is_cleaned() {
    let Some(_turn) = docker() else { return };
    let (code, stdout, stderr, _) =
        run("kept", &["--target", "containers", "--keep", "opaque", "--jobs", "1"]);
    assert_eq!(code, 0, "{stdout}{stderr}");
    let label = stderr.lines().find_map(|line| line.split_once("label=")).unwrap().1.to_owned();
    assert!(stderr.contains("touchstone containers clean"), "{stderr}");
    assert!(!left_over(&label).is_empty());
    assert_eq!(run("after-kept", &["--target", "containers", "opaque", "--jobs", "1"]).0, 0);
    assert!(!left_over(&label).is_empty(), "the next run sweeps what is dead, and not what is kept");
    let cleaned = touchstone().args(["containers", "clean"]).output().unwrap();
    assert!(cleaned.status.success());
    assert_eq!(left_over(&label), Vec::<String>::new());
}

/// The interfaces of the networks that were made have the addresses that they will have: Chromium drops what it is doing when
/// one changes (`ERR_NETWORK_CHANGED`). A flag of 0x40 is an address that the system still tries out (RFC 4862 §5.4).
fn settled() {
    let trying = |line: &str| {
        let flags = line.split_whitespace().nth(4).and_then(|flags| u32::from_str_radix(flags, 16).ok());
        flags.is_some_and(|flags| flags & 0x40 != 0)
    };
    while fs::read_to_string("/proc/net/if_inet6").unwrap_or_default().lines().any(trying) {
        std::thread::yield_now();
    }
}

/// Nobody makes or removes networks while this is held: for tests with a browser and without containers.
pub(crate) fn quiet() -> MutexGuard<'static, ()> {
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    settled();
    turn
}

/// A browser uses the platform by the URLs that harness and containers use, the issuer's among them: it is sent from the
/// Cloud UI to the provider and back, and the Cloud UI in its container asks the same provider for the tokens.
#[test]
fn a_browser_meets_the_same_issuer_as_the_containers() {
    let Some(_turn) = docker() else { return };
    let Some(program) = Chromium::find() else { return };
    let arguments =
        ["--target", "containers", "--keep", "cloud-ui/sign-in", "--filter", "setup=okta", "--jobs", "1"];
    let (code, stdout, stderr, _) = run("browser", &arguments);
    assert_eq!(code, 0, "{stdout}{stderr}");
    let command = stderr.lines().find(|line| line.trim_start().starts_with("chromium ")).expect(&stderr);
    let word = |option: &str, end: char| {
        let (_, rest) = command.split_once(option).unwrap();
        rest.split_once(end).unwrap().0
    };
    let (pin, rules) = (word("-spki-list=", ' '), word("--host-resolver-rules='", '\''));
    let ui = command.rsplit('\'').nth(1).unwrap();
    settled();
    let mut browser = Chromium::start(program, "containers", rules, pin);
    browser.sign_in(ui);
    assert!(browser.address().starts_with(ui), "{}", browser.address());
    assert!(browser.text().contains("Ann Archer"), "{}", browser.text());
    drop(browser);
    assert!(touchstone().args(["containers", "clean"]).status().unwrap().success());
}

#[test]
fn without_a_daemon_the_run_says_so_and_ends_with_3() {
    let output = touchstone()
        .args(["run", "--target", "containers", "opaque", "--report"])
        .arg(folder("no-daemon"))
        .env("DOCKER_HOST", "unix:///nowhere/docker.sock")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("no Docker daemon answers") && said.contains("DOCKER_HOST"), "{said}");
}

/// A daemon that answers as it is told, where a real one would have to be brought into trouble first.
async fn daemon(answers: &[(&str, &str, ResponseTemplate)]) -> MockServer {
    let server = MockServer::start().await;
    let list = || ResponseTemplate::new(200).set_body_json(json!([]));
    let standing = [
        ("GET", "/_ping$", ResponseTemplate::new(200).set_body_string("OK")),
        ("GET", "/version$", ResponseTemplate::new(200).set_body_json(json!({ "ApiVersion": "1.41" }))),
        ("GET", "/containers/json$", list()),
        ("GET", "/networks$", list()),
        ("GET", "/images/json$", list()),
    ];
    for (verb, path, answer) in answers.iter().chain(&standing) {
        Mock::given(method(*verb)).and(path_regex(*path)).respond_with(answer.clone()).mount(&server).await;
    }
    server
}

/// What a run with this daemon says, and its exit code.
async fn told_by(daemon: &MockServer, name: &str) -> (Option<i32>, String) {
    let host = format!("tcp://{}", daemon.address());
    let folder = folder(name);
    let run = move || {
        let mut command = touchstone();
        command.args(["run", "--target", "containers", "opaque/encrypted", "--report"]).arg(folder);
        command.env("DOCKER_HOST", host).output().unwrap()
    };
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_and_taken_ports_are_named_and_end_with_3() {
    let refusal = |message: &str| ResponseTemplate::new(500).set_body_json(json!({ "message": message }));
    let missing = ResponseTemplate::new(404).set_body_json(json!({ "message": "No such image" }));
    let full = "write /touchstone: no space left on device";
    let built = ResponseTemplate::new(200)
        .set_body_json(json!({ "error": full, "errorDetail": { "message": full } }));
    let daemon_full = daemon(&[("GET", "/images/.*/json$", missing), ("POST", "/build$", built)]).await;
    let (code, said) = told_by(&daemon_full, "full").await;
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("Docker's disk is full") && said.contains("docker system prune"), "{said}");

    let there = ResponseTemplate::new(200).set_body_json(json!({ "Id": "sha256:1" }));
    let network = ResponseTemplate::new(201).set_body_json(json!({ "Id": "n", "Warning": "" }));
    let taken = "driver failed programming external connectivity: port is already allocated";
    let gone = ResponseTemplate::new(404).set_body_json(json!({ "message": "No such container" }));
    let daemon_taken = daemon(&[
        ("GET", "/images/.*/json$", there),
        ("POST", "/networks/create$", network),
        ("POST", "/containers/create$", refusal(taken)),
        ("DELETE", "/containers/", gone),
    ])
    .await;
    let (code, said) = told_by(&daemon_taken, "taken").await;
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("no free port could be found") && said.contains("ss -ltn"), "{said}");
}

#[test]
fn options_of_containers_need_containers() {
    let output = touchstone().args(["run", "opaque", "--keep"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("`--image` and `--keep` go with `--target containers`"), "{said}");
}

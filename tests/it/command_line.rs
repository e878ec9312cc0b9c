//! The command line as a user meets it: exit codes, bad input, interruption, secrets, repetition.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value as Json;

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("touchstone-cli-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path.display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn touchstone(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_touchstone"));
    command.args(arguments).current_dir(std::env::temp_dir()).env_remove("NO_COLOR").stdin(Stdio::null());
    command
}

/// Exit code, standard output, standard error.
fn run(arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } = touchstone(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

fn report(folder: &Folder, name: &str) -> Json {
    serde_json::from_slice(&fs::read(Path::new(&folder.path(name)).join("report.json")).unwrap()).unwrap()
}

#[test]
fn a_part_of_the_suite_runs_from_anywhere_and_says_so() {
    let folder = Folder::new("part");
    let (code, out, err) = run(&["run", "audience/absent", "--report", &folder.path("out")]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("5 selected of"), "{out}");
    let report = report(&folder, "out");
    assert_eq!(report["selection"]["selected"], 5);
    assert_eq!(report["summary"]["exit"], "conformant");
    assert_eq!(report["summary"]["cases"]["pass"], 5);
    assert!(Path::new(&folder.path("out")).join("junit.xml").exists());
}

#[test]
fn the_same_seed_is_the_same_run() {
    /// What may differ: durations, ports, RSA keys, signatures, and what hashes them (`at_hash`, an `ETag`).
    fn normalise(value: &mut Json) {
        match value {
            Json::Object(members) => {
                members.retain(|name, _| !["duration_ms", "at_hash"].contains(&name.as_str()));
                members.values_mut().for_each(normalise);
            }
            Json::Array(items) if items.first().is_some_and(|name| name == "etag") => items.truncate(1),
            Json::Array(items) => items.iter_mut().for_each(normalise),
            Json::String(text) => {
                let mut parts = text.split("127.0.0.1").map(str::to_owned).collect::<Vec<_>>();
                for part in parts.iter_mut().skip(1) {
                    *part = part
                        .trim_start_matches("%3A")
                        .trim_start_matches(':')
                        .trim_start_matches(char::is_numeric)
                        .to_owned();
                }
                let text_without_ports = parts.join("127.0.0.1");
                let mut keys = text_without_ports.split(r#""n":""#);
                let mut without_keys = keys.next().unwrap_or_default().to_owned();
                for key in keys {
                    without_keys.push_str(key.trim_start_matches(|c: char| c != '"'));
                }
                *text = without_keys.split("eyJ").next().unwrap_or_default().to_owned();
            }
            _ => {}
        }
    }
    let folder = Folder::new("seed");
    let mut reports = [("a", "1"), ("b", "8")].map(|(name, jobs)| {
        let (code, _, err) =
            run(&["-q", "run", "replay", "scope", "--jobs", jobs, "--report", &folder.path(name)]);
        assert_eq!(code, 0, "{err}");
        report(&folder, name)
    });
    for report in &mut reports {
        normalise(report);
    }
    let [a, b] = reports;
    assert_eq!(a["cases"].as_array().unwrap().len(), b["cases"].as_array().unwrap().len());
    for (one, other) in a["cases"].as_array().unwrap().iter().zip(b["cases"].as_array().unwrap()) {
        assert!(one == other, "{} differs between two runs of one seed", one["id"]);
    }
}

#[test]
fn no_secret_reaches_a_report_or_the_screen() {
    let folder = Folder::new("secrets");
    let (code, out, err) =
        run(&["run", "replay", "signin", "enterprise-manager", "--verbose", "--report", &folder.path("out")]);
    assert_eq!(code, 0, "{err}");
    // A run that fails shows what went over the wire on the screen too.
    let (code, red, _) =
        run(&["run", "replay", "--sabotage", "TOK-AUD", "--verbose", "--report", &folder.path("red")]);
    assert_eq!(code, 1);
    let mut texts = vec![out, err, red];
    for name in ["out", "red"] {
        for file in ["report.json", "junit.xml", "report.html"] {
            texts.push(fs::read_to_string(Path::new(&folder.path(name)).join(file)).unwrap());
        }
    }
    let values =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/values/okta-shared.yaml"))
            .unwrap();
    let (_, secret) = values.split_once("clientSecret: '").unwrap();
    let (secret, _) = secret.split_once('\'').unwrap();
    let tenant =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/mock-idp/tenants/okta-shared.yaml"))
            .unwrap();
    let passwords: Vec<_> = tenant
        .lines()
        .filter_map(|line| line.trim().strip_prefix("password: "))
        .map(|password| password.trim_matches(['\'', '"']).to_owned())
        .collect();
    assert!(!secret.is_empty() && passwords.len() >= 2);
    let signature = regex::Regex::new(r"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]{20,}").unwrap();
    let loose =
        regex::Regex::new(r"(code|code_verifier|refresh_token|client_secret|password)=[^\[&\s]").unwrap();
    for text in &texts {
        assert!(!text.contains(secret), "the client secret");
        assert!(!passwords.iter().any(|password| text.contains(password)), "a password");
        assert!(signature.find(text).is_none(), "a signature: {:?}", signature.find(text));
        assert!(loose.find(text).is_none(), "a secret field: {:?}", loose.find(text));
    }
}

/// Tokens and values of the environment wherever a scenario can put them: in URLs, headers, errors and warnings.
#[test]
fn what_a_scenario_fills_in_is_redacted_everywhere() {
    const STEPS: &[&str] = &[
        "- mint: {as: x, like: {client_id: '${token.good}'}}",
        "- mint: {as: x, like: {user: '${env.TOUCHSTONE_TEST_SECRET}'}}",
        "- sign_in: {user: '${token.good}', as: x}",
        "- sign_in: {user: ann@acme.test, as: x, client_id: '${token.good}'}",
        "- sign_in: {user: ann@acme.test, as: x, issuer: 'https://acme.okta.com/${token.good}'}",
        "- accept: {by: enterprise-manager, token: good, control: foreign, warn: 'see ${token.good}'}",
        "- request: {to: enterprise-manager, path: '/${token.good}', rule: TOK-PRM, expect: {status: 200}}",
        "- request: {to: enterprise-manager, path: /, headers: {x-a: '${env.TOUCHSTONE_TEST_SECRET}'}, rule: TOK-PRM, expect: {status: 200}}",
        "- request: {to: enterprise-manager, path: /healthz, rule: TOK-PRM, expect: {status: 200, body: '${token.good}'}}",
        "- token: {token: good, rule: TOK-PRM, claims: {/sub: '${token.good}'}}",
        "- token: {token: good, rule: TOK-PRM, claims: {/sub: {matches: '${env.TOUCHSTONE_TEST_SECRET}'}}}",
    ];
    let folder = Folder::new("filled");
    let signature = regex::Regex::new(r"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]{20,}").unwrap();
    for (index, step) in STEPS.iter().enumerate() {
        let built_in = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/values/okta-shared.yaml");
        folder.write("values/v.yaml", fs::read(built_in).unwrap());
        let scenario = format!(
            "title: t\nwhy: w\nrequirements: [TOK-AUD, TOK-PRM]\nplatform: {{values: ../values/v.yaml}}\nidp: {{tenant: okta-shared}}\nsteps:\n  \
             - sign_in: {{user: ann@acme.test, as: good}}\n  - mint: {{as: foreign, from: good, claims: {{aud: other}}}}\n  \
             - accept: {{by: enterprise-manager, token: good}}\n  \
             - refuse: {{by: enterprise-manager, token: foreign, rule: TOK-AUD, control: good}}\n  \
             - request: {{to: enterprise-manager, path: /healthz, rule: TOK-PRM, expect: {{status: 200}}}}\n  {step}\n"
        );
        let file = folder.write(&format!("area/case-{index}.yaml"), scenario);
        let out = folder.path(&format!("out-{index}"));
        let output = touchstone(&["run", &file, "--verbose", "--report", &out])
            .env("TOUCHSTONE_TEST_SECRET", "a-secret-of-the-environment")
            .output()
            .unwrap();
        let screen = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_ne!(output.status.code(), Some(2), "{step}: {screen}");
        let mut texts = vec![screen.replace(['\n', ' '], "")];
        for name in ["report.json", "junit.xml"] {
            texts.push(fs::read_to_string(Path::new(&out).join(name)).unwrap());
        }
        for text in texts {
            assert!(!text.contains("a-secret-of-the-environment"), "{step}");
            assert!(signature.find(&text).is_none(), "{step}: {:?}", signature.find(&text));
        }
    }
}

#[test]
fn bad_scenario_files_are_usage_errors_with_a_place_and_advice() {
    let folder = Folder::new("bad");
    let suite = |name: &str, content: &[u8]| {
        let catalogue = "sets: {'1': [A-B]}\nrequirements:\n  - {id: A-B, statement: s, level: MUST, provenance: [own], source: s, untested: yet}\n";
        folder.write(&format!("{name}/requirements.yaml"), catalogue);
        folder.write(&format!("{name}/area/case.yaml"), content)
    };
    let bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]\nd: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]\ne: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]\nf: [*e, *e, *e, *e, *e, *e, *e, *e, *e, *e]\n";
    for (name, content, words) in [
        ("empty", &b""[..], "the file is empty"),
        ("binary", &b"\xff\xfe\x00\x01"[..], "not a text file"),
        ("bomb", bomb.as_bytes(), "aliases"),
        ("misspelt", &b"titel: x\n"[..], "did you mean `title`?"),
        ("syntax", &b"title: [x\nwhy: y\n"[..], "case.yaml:2"),
    ] {
        let file = suite(name, content);
        for command in [&["run", &file][..], &["scenario", "check", &file]] {
            let (code, out, err) = run(command);
            assert_eq!(code, 2, "{name}: {err}");
            assert!(err.contains(words) && err.contains("case.yaml"), "{name}: {err}");
            assert!(out.is_empty(), "{name}: {out}");
            assert!(!err.contains("panicked"), "{name}: {err}");
        }
    }
    // 100 MB of nothing: read no further than the limit.
    let large = folder.path("large/area/case.yaml");
    suite("large", b"");
    File::create(&large).unwrap().set_len(100 << 20).unwrap();
    let (code, _, err) = run(&["run", &large]);
    assert_eq!(code, 2);
    assert!(err.contains("larger than 8 MiB"), "{err}");
}

#[test]
fn bad_values_and_tenant_files_are_usage_errors_before_the_first_case() {
    let folder = Folder::new("inputs");
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR"));
    let scenario = "title: t\nwhy: w\nrequirements: [TOK-AUD]\nplatform: {values: ../values/v.yaml}\nidp: {tenant: ../tenants/t.yaml}\nsteps:\n  - sign_in: {user: ann@acme.test, as: good}\n  - mint: {as: other, from: good, claims: {aud: someone-else}}\n  - accept: {by: enterprise-manager, token: good}\n  - refuse: {by: enterprise-manager, token: other, rule: TOK-AUD, control: good}\n";
    let catalogue = "sets: {'1': [TOK-AUD]}\nrequirements:\n  - {id: TOK-AUD, statement: s, level: MUST, provenance: [doc], source: s}\n";
    let values = fs::read_to_string(built_in.join("scenarios/values/okta-shared.yaml")).unwrap();
    let tenant = fs::read_to_string(built_in.join("mock-idp/tenants/okta-shared.yaml")).unwrap();
    folder.write("suite/requirements.yaml", catalogue);
    folder.write("suite/area/case.yaml", scenario);
    let file = folder.path("suite");
    let attempt = |values: &str, tenant: &str| {
        folder.write("suite/values/v.yaml", values);
        folder.write("suite/tenants/t.yaml", tenant);
        run(&["run", &file, "--report", &folder.path("out")])
    };
    let (code, out, err) = attempt(&values, &tenant);
    assert_eq!(code, 0, "{out}{err}");
    for (values, tenant, words) in [
        (values.replace("requiredScope:", "requiredScop:"), tenant.clone(), "did you mean `requiredScope`?"),
        (values.replace("acme.okta.com", "<TENANT>.okta.com"), tenant.clone(), "v.yaml:"),
        (String::new(), tenant.clone(), "the file is empty"),
        (values.clone(), tenant.replace("domain:", "domian:"), "t.yaml:"),
        (values.clone(), String::new(), "the file is empty"),
        (values.clone(), "\u{1}".to_owned(), "t.yaml"),
    ] {
        fs::remove_dir_all(folder.path("out")).unwrap_or_default();
        let (code, out, err) = attempt(&values, &tenant);
        assert_eq!(code, 2, "{words}: {out}{err}");
        assert!(err.contains(words), "{words}: {err}");
        assert!(!Path::new(&folder.path("out")).exists(), "nothing is written");
    }
}

/// A case about a server that is nowhere would have no verdict, and the run might end green without it.
#[test]
fn a_server_that_the_custom_resources_do_not_have_is_a_usage_error() {
    let folder = Folder::new("servers");
    let suite = format!("{}/scenarios", env!("CARGO_MANIFEST_DIR"));
    let scenario = |manifests: &str, step: &str| {
        format!(
            "title: t\nwhy: w\nrequirements: [CL-LOGIN]\n\
             platform: {{values: {suite}/values/okta-per-component.yaml{manifests}}}\n\
             idp: {{tenant: {suite}/tenants/okta-mcp.yaml}}\nsteps:\n  \
             - sign_in: {{user: ann@acme.test, as: ann, issuer: 'https://acme.okta.com/oauth2/aus1mcp', \
             client_id: 0oaclitouchstone1, scopes: [openid]}}\n  \
             - journal: {{of: idp, endpoint: token, count: {{ge: 1}}}}\n  - {step}\n"
        )
    };
    let github = format!(", manifests: [{suite}/manifests/github.yaml]");
    for (manifests, step, words) in [
        (
            &*github,
            "mcp: {server: engineering/githbu, token: ann, list: tools, shows: [list_issues]}",
            "did you mean `engineering/MCPServer/github`?",
        ),
        (&*github, "restart: finance/ledger", "help: there are engineering/MCPServer/github"),
        (
            &*github,
            "upstream: {of: engineering/MCPRemoteProxy/github, notify: tools}",
            "no `engineering/MCPRemoteProxy/github`",
        ),
        (
            "",
            "mcp: {server: engineering/github, token: ann, list: tools, shows: [list_issues]}",
            "`manifests` has the servers",
        ),
    ] {
        let file = folder.write("case.yaml", scenario(manifests, step));
        let (code, out, err) = run(&["run", &file, "--report", &folder.path("out")]);
        assert_eq!(code, 2, "{step}: {out}{err}");
        assert!(err.contains(words) && err.contains("case.yaml:9:5"), "{words}: {err}");
        assert!(!Path::new(&folder.path("out")).exists(), "nothing is written");
    }
}

#[test]
fn usage_errors() {
    for arguments in [
        &["run", "no/such-scenario"][..],
        &["run", "--filter", "nothing-has-this"],
        &["run", "--jobs", "0"],
        &["run", "--format", "pdf"],
        &["run", "--accept-untested", "NO-SUCH"],
        &["run", "--var", "novalue"],
        &["run", "--frobnicate"],
        &["scenario", "check"],
        &[],
    ] {
        let (code, out, err) = run(arguments);
        assert_eq!(code, 2, "{arguments:?}: {err}");
        assert!(!err.is_empty() && out.is_empty(), "{arguments:?}");
    }
    let (_, _, err) = run(&["run", "audience/absnt"]);
    assert!(err.contains("did you mean `audience/absent`?"), "{err}");
}

#[test]
fn a_signing_key_is_used_or_refused_with_advice() {
    let folder = Folder::new("key");
    let pair = rcgen_pem();
    let key = folder.write("signing.pem", &pair);
    let out = folder.path("out");
    let (code, text, err) =
        run(&["run", "enterprise-manager/envelope", "--signing-key", &key, "--report", &out]);
    assert_eq!(code, 0, "{text}{err}");
    for (name, content) in
        [("empty.pem", ""), ("text.pem", "not a key"), ("cut.pem", &pair[..pair.len() / 2])]
    {
        let bad = folder.write(name, content);
        let (code, text, err) = run(&["run", "enterprise-manager", "--signing-key", &bad]);
        assert_eq!(code, 2, "{name}: {text}{err}");
        assert!(err.contains("openssl ecparam"), "{name}: {err}");
    }
    let (code, _, err) = run(&["run", "enterprise-manager", "--signing-key", &folder.path("missing.pem")]);
    assert_eq!(code, 2);
    assert!(err.contains("missing.pem"), "{err}");
}

/// A P-256 key as PKCS#8 PEM.
fn rcgen_pem() -> String {
    rcgen::KeyPair::generate().unwrap().serialize_pem()
}

#[test]
fn reports_that_cannot_be_written_are_a_matter_of_the_environment() {
    let folder = Folder::new("unwritable");
    let file = folder.write("a-file", "x");
    let (code, out, err) = run(&["run", "audience/absent", "--report", &file]);
    assert_eq!(code, 3, "{out}{err}");
    assert!(err.contains("cannot write the reports") && err.contains("a-file"), "{err}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "x");
}

#[test]
fn a_reader_that_goes_away_is_no_error_of_anybody() {
    let folder = Folder::new("pipe");
    let mut child = touchstone(&["-q", "run", "audience/absent", "--report", &folder.path("out")])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(report(&folder, "out")["summary"]["exit"], "conformant");
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_still_writes_its_reports() {
    let folder = Folder::new("interrupt");
    let mut child = touchstone(&["run", "--jobs", "1", "--report", &folder.path("out")])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The first line of progress: a tenth of the cases has run, most have not.
    let mut talk = BufReader::new(child.stderr.take().unwrap()).lines();
    talk.next().unwrap().unwrap();
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    talk.for_each(drop);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let report = report(&folder, "out");
    assert_eq!(report["summary"]["exit"], "interrupted");
    assert!(report["summary"]["cases"]["skipped"].as_u64().unwrap() > 0);
    assert!(report["summary"]["cases"]["pass"].as_u64().unwrap() > 0);
}

#[test]
fn lists_and_the_schema_are_results() {
    let (code, out, err) = run(&["scenario", "list"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("audience/absent  [TOK-AUD]") && out.contains("distinct"), "{out}");
    let (code, out, _) = run(&["scenario", "schema"]);
    assert_eq!(code, 0);
    assert!(serde_json::from_str::<Json>(&out).unwrap()["properties"]["steps"].is_object());
    let (code, out, _) = run(&["run", "--list", "--filter", "setup=okta-shared"]);
    assert_eq!(code, 0);
    assert!(out.lines().count() > 5 && out.lines().all(|line| line.contains("okta-shared")), "{out}");
    let (code, out, _) = run(&["--version"]);
    assert_eq!(code, 0);
    assert!(out.starts_with("touchstone "));
}

//! `touchstone serve` as a user meets it: started, looked at, every command of its walk-through pasted into a shell, and
//! ended.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, ChildStderr, Command, Output, Stdio},
    time::Duration,
};

use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use serde_json::{Deserializer, Value as Json};
use touchstone::net;

use crate::cloud_ui::browser::Browser;

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("serve-test-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str) -> String {
        fs::write(self.0.join(name), text).unwrap();
        self.path(name)
    }

    fn names(&self) -> Vec<String> {
        let names = fs::read_dir(&self.0).unwrap();
        names.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// `touchstone serve`, with a folder for temporary files of its own.
fn touchstone(arguments: &[&str], temporary: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_touchstone"));
    command.arg("serve").args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.env("TMPDIR", temporary).env_remove("CLICOLOR_FORCE").env_remove("COLUMNS");
    command
}

/// One that does not come so far: exit code and words.
fn refused(arguments: &[&str]) -> (i32, String) {
    let Output { status, stdout, stderr } = touchstone(arguments, &std::env::temp_dir()).output().unwrap();
    assert!(stdout.is_empty(), "{}", String::from_utf8_lossy(&stdout));
    (status.code().unwrap(), String::from_utf8(stderr).unwrap())
}

/// One that runs.
struct Served {
    child: Child,
    talk: BufReader<ChildStderr>,
    said: String,
    temporary: Folder,
}

impl Served {
    fn start(name: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let temporary = Folder::new(name);
        let mut command = touchstone(arguments, &temporary.0);
        let mut child = command.envs(environment.iter().copied()).spawn().unwrap();
        let talk = BufReader::new(child.stderr.take().unwrap());
        Self { child, talk, said: String::new(), temporary }
    }

    /// Until it says that everything answers.
    fn wait(&mut self) {
        while !self.said.contains("ready: everything answers") {
            assert_ne!(self.talk.read_line(&mut self.said).unwrap(), 0, "{}", self.said);
        }
    }

    /// The one document on standard output, which stays open.
    fn document(&mut self) -> Json {
        let out = self.child.stdout.as_mut().unwrap();
        Deserializer::from_reader(out).into_iter().next().unwrap().unwrap()
    }

    /// Ends it by a signal: exit code, and what was still printed.
    fn end(mut self, signal: &str) -> (i32, String) {
        let killed = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        let mut out = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        self.talk.read_to_string(&mut self.said).unwrap();
        let code = self.child.wait().unwrap().code().unwrap();
        assert_eq!(self.temporary.names(), [""; 0], "nothing is left behind");
        (code, format!("{out}{}", self.said))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The commands of a walk-through that are for a shell, each step's output after a line `step: <title>`.
fn script(page: &Json) -> String {
    let mut script = String::new();
    for step in page["walkthrough"].as_array().unwrap() {
        let title = step["title"].as_str().unwrap().replace('\'', "");
        script.extend(["echo 'step: ", &title, "'\n"]);
        let commands = step["commands"].as_array().unwrap().iter().map(|command| command.as_str().unwrap());
        for command in commands.filter(|command| !command.starts_with("chromium")) {
            script.extend([command, "\n"]);
        }
    }
    script
}

/// Whether a program is there. Where it is not, that is said, unless the machine must have it.
#[expect(clippy::disallowed_methods, reason = "a switch of the tests, not of the program")]
fn has(program: &str) -> bool {
    if Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success()) {
        return true;
    }
    let required = std::env::var("TOUCHSTONE_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|name| name.trim() == program), "{program} is not there");
    writeln!(std::io::stderr(), "did not run: a walk-through with {program}: it is not there").unwrap();
    false
}

/// The browser's command of a walk-through, without a window: the page that it shows.
fn look(page: &Json) -> Option<String> {
    let steps = page["walkthrough"].as_array().unwrap().iter();
    let mut commands = steps.flat_map(|step| step["commands"].as_array().unwrap());
    let command = commands.find_map(|command| command.as_str()?.strip_prefix("chromium ")).unwrap();
    // Chromium drops a request while a network comes or goes.
    let _quiet = crate::containers::quiet();
    let unseen = "chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --dump-dom";
    let output =
        has("chromium").then(|| Command::new("sh").args(["-c", &format!("{unseen} {command}")]).output());
    output.map(|output| String::from_utf8(output.unwrap().stdout).unwrap())
}

/// What each step of a walk-through printed; nothing where curl is missing.
fn walk(page: &Json) -> Option<Vec<(String, String)>> {
    if !has("curl") {
        return None;
    }
    let output = Command::new("sh").args(["-c", &script(page)]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let steps = text.split("step: ").skip(1);
    let steps: Vec<_> = steps
        .map(|step| step.split_once('\n').unwrap())
        .map(|(title, text)| (title.to_owned(), text.to_owned()))
        .collect();
    assert_eq!(steps.len(), page["walkthrough"].as_array().unwrap().len(), "{text}");
    Some(steps)
}

fn step<'s>(steps: &'s [(String, String)], words: &str) -> &'s str {
    let found = steps.iter().find(|(title, _)| title.contains(words));
    &found.unwrap_or_else(|| panic!("no step about {words}: {steps:?}")).1
}

/// Ann and Dan sign in through the one port, and see what the Registry Server shows each of them.
async fn visit(page: &Json) {
    let certificate = fs::read(page["certificate"].as_str().unwrap()).unwrap();
    let certificate = CertificateDer::from_pem_slice(&certificate).unwrap();
    let front = page["address"].as_str().unwrap().parse().unwrap();
    let hosts = ["cloud-ui.example.com", "acme.okta.com"].map(|host| (host.to_owned(), front));
    let http = net::build_client(&[certificate], &hosts.into(), Duration::from_secs(5)).unwrap();
    let landed = Browser::over(&http).sign_in("ann@acme.test", "ann-mock-password").await;
    landed.says(200, &["Ann Archer", "GitHub", "Cluster", "review"]);
    let landed = Browser::over(&http).sign_in("dan@acme.test", "dan-mock-password").await;
    landed.says(200, &["Dan Dyer", "No servers", "depends on your groups and roles"]);
    landed.says_not("GitHub");
}

#[test]
fn every_command_of_the_walk_through_works() {
    let mut served = Served::start("walk", &["platform", "--port", "0", "--format", "json"], &[]);
    let page = served.document();
    served.wait();
    assert!(served.said.contains("warning: `signingConfig.existingSecret` is not set"), "{}", served.said);
    let secret = fs::read_to_string(page["control_secret_file"].as_str().unwrap()).unwrap();
    let components: Vec<_> =
        page["components"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    for name in ["idp", "enterprise-manager", "cloud-ui", "mcp:engineering/MCPServer/github"] {
        assert!(components.contains(&name), "{name} in {components:?}");
    }
    assert_eq!(page["walkthrough"].as_array().unwrap().len(), 10);
    if let Some(steps) = walk(&page) {
        assert!(step(&steps, "where they sign in").contains("\"config_endpoint\""), "{steps:?}");
        let envelope = step(&steps, "signed policy").trim();
        assert_eq!(envelope.split('.').count(), 3, "{envelope}");
        let calls = step(&steps, "as two users");
        let (ann, bob) = calls.split_once("\"isError\":false").expect("ann may call it");
        assert!(!ann.contains("Unauthorized"), "{calls}");
        assert!(bob.contains(r#""error":{"code":403,"message":"Unauthorized"}"#), "{calls}");
        let catalogues = step(&steps, "as two people see it");
        let (ann, bob) = catalogues.split_once("bob@acme.test sees").unwrap();
        for (name, bobs) in
            [("github", true), ("runbooks", true), ("payroll-drafts", false), ("cluster", false)]
        {
            assert!(ann.contains(&format!("com.example.acme/{name}\"")), "{name}: {catalogues}");
            assert_eq!(bob.contains(name), bobs, "{name}: {catalogues}");
        }
        let published = step(&steps, "Publish a server as cleo@acme.test");
        let (answer, bob) = published.split_once("bob@acme.test sees").unwrap();
        assert!(answer.contains("com.example/weather") && bob.contains("com.example/weather"), "{published}");
        assert!(
            !catalogues.contains("com.example/weather"),
            "what was tried beforehand is gone: {catalogues}"
        );
        assert!(step(&steps, "has expired").contains("TOK-EXP: the token has expired"), "{steps:?}");
        let outage = step(&steps, "An outage");
        assert_eq!(outage.matches("\"status\":\"ok\"").count(), 1, "{outage}");
        assert!(step(&steps, "What was asked").contains("\"endpoint\":\"token\""), "{steps:?}");
    }
    tokio::runtime::Runtime::new().unwrap().block_on(visit(&page));
    if let Some(shown) = look(&page) {
        assert!(shown.contains("Sign in with your organization"), "{shown}");
    }
    let (code, printed) = served.end("-TERM");
    assert_eq!(code, 0, "{printed}");
    assert!(!format!("{page}{printed}").contains(&secret), "the secret was printed");
}

#[test]
fn entra_has_a_walk_through_of_its_own() {
    let folder = Folder::new("entra-files");
    let manifests = folder.write(
        "mcp.yaml",
        "apiVersion: toolhive.stacklok.dev/v1beta1\n\
         kind: MCPOIDCConfig\n\
         metadata: {name: entra, namespace: engineering}\n\
         spec: {type: inline, inline: {issuer: 'https://login.microsoftonline.com/7c1d4f0e-2b3a-4c5d-8e9f-a0b1c2d3e4f5/v2.0'}}\n\
         ---\n\
         apiVersion: toolhive.stacklok.dev/v1beta1\n\
         kind: MCPServer\n\
         metadata: {name: github, namespace: engineering}\n\
         spec: {oidcConfigRef: {name: entra, audience: 4f8e2a6c-9d1b-4e3f-a5c7-0b2d4f6a8c1e}}\n",
    );
    let values = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/values/entra-quickstart.yaml");
    let arguments = ["platform", "--port", "0", "--values", values, "--tenant", "entra-quickstart"];
    let arguments: Vec<_> =
        arguments.into_iter().chain(["--manifests", &manifests, "--format", "json"]).collect();
    let mut served = Served::start("entra", &arguments, &[]);
    let page = served.document();
    served.wait();
    if let Some(steps) = walk(&page) {
        let envelope = step(&steps, "signed policy").trim();
        assert_eq!(envelope.split('.').count(), 3, "{steps:?}");
        assert_eq!(step(&steps, "as two users").matches("Unauthorized").count(), 2, "there is no policy");
    }
    assert_eq!(served.end("-INT").0, 0);
}

#[test]
fn the_provider_alone_can_be_served_into_a_folder_of_ones_own() {
    let folder = Folder::new("own");
    let own = folder.path("run/here");
    let arguments =
        ["idp", "--tenant", "generic", "--port", "0", "--dir", &own, "--format", "json", "--quiet"];
    let mut served = Served::start("idp", &arguments, &[]);
    let page = served.document();
    assert_eq!(page["components"].as_array().unwrap().len(), 1, "{page}");
    assert_eq!(page["components"][0]["name"], "idp");
    let mut files: Vec<_> =
        fs::read_dir(&own).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    assert_eq!(files, ["ca.pem", "control-secret"]);
    if let Some(steps) = walk(&page) {
        assert!(step(&steps, "says of itself").contains("\"token_endpoint\""), "{steps:?}");
        assert_eq!(step(&steps, "An access token").trim().split('.').count(), 3, "{steps:?}");
    }
    let (code, printed) = served.end("-TERM");
    assert_eq!((code, printed.as_str()), (0, "\n"), "quiet says nothing");
    assert!(!Path::new(&own).exists() && folder.0.join("run").exists(), "what it made is gone");
}

/// What is said in a container is for somebody outside, who has no more than a port and `docker cp`.
#[test]
fn in_a_container_the_walk_through_is_for_somebody_outside() {
    let folder = Folder::new("container");
    let own = folder.path("inside");
    let arguments = ["platform", "--port", "0", "--container", "the one", "--dir", &own, "--format", "json"];
    let mut served = Served::start("outside", &arguments, &[]);
    let mut page = served.document();
    served.wait();
    assert!(served.said.contains("`docker stop the one` ends it"), "{}", served.said);
    assert_eq!(page["certificate"], format!("the one:{own}/ca.pem"));
    assert_eq!(page["control_secret_file"], format!("the one:{own}/control-secret"));
    assert!(!page["walkthrough"].to_string().contains(&format!("{own}/ca.pem")), "{page}");
    let port = page["address"].as_str().unwrap().strip_prefix("127.0.0.1:").unwrap().parse().unwrap();
    // Of every address of this machine this is one.
    if cfg!(target_os = "linux") {
        TcpStream::connect((Ipv4Addr::new(127, 0, 0, 2), port)).unwrap();
    }
    // As the real one copies a folder's content.
    let docker = "docker() { test \"$1\" = cp && cp -R \"${2#the one:}\" \"$3\"; }";
    page["walkthrough"][0]["commands"].as_array_mut().unwrap().insert(0, docker.into());
    if let Some(steps) = walk(&page) {
        assert_eq!(step(&steps, "signed policy").trim().split('.').count(), 3, "{steps:?}");
        assert!(step(&steps, "as two users").contains("\"isError\":false"), "{steps:?}");
        assert!(step(&steps, "has expired").contains("TOK-EXP: the token has expired"), "{steps:?}");
        assert_eq!(step(&steps, "An outage").matches("\"status\":\"ok\"").count(), 1, "{steps:?}");
        assert!(step(&steps, "What was asked").contains("\"endpoint\":\"token\""), "{steps:?}");
    }
    assert_eq!(served.end("-TERM").0, 0);
    assert_eq!(folder.names(), [""; 0]);

    let (code, err) = refused(&["platform", "--container", "one"]);
    assert!(code == 2 && err.contains("--dir"), "{err}");
}

#[test]
fn a_page_fits_a_narrow_terminal_and_a_file() {
    for (columns, has_table) in [("160", true), ("40", false)] {
        let served = Served::start(columns, &["platform", "--port", "0"], &[("COLUMNS", columns)]);
        let mut served = served;
        served.wait();
        let (code, page) = served.end("-TERM");
        assert_eq!(code, 0, "{page}");
        assert_eq!(
            page.lines().any(|line| line.contains("component") && line.contains("control")),
            has_table
        );
        assert_eq!(page.contains("    URL: https://config.example.com\n"), !has_table, "{page}");
        for words in ["bob-mock-password", "Issuers", "1. Two shell functions", "ca.pem"] {
            assert!(page.contains(words), "{words}: {page}");
        }
        assert!(!page.contains('\u{1b}'), "{page}");
    }
}

#[test]
fn what_stands_in_the_way_is_told_with_its_exit_code() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let (code, err) = refused(&["platform", "--port", &port]);
    assert!(
        code == 3 && err.contains("cannot listen on 127.0.0.1 port") && err.contains("`--port`"),
        "{err}"
    );

    let folder = Folder::new("refused");
    let values = folder.write(
        "values.yaml",
        "enterpriseManager: {enabled: true}\nenterprise-manager: {idpConfig: {isuer: x}}\n",
    );
    let broken = folder.write(
        "mcp.yaml",
        "apiVersion: toolhive.stacklok.dev/v1beta1\nkind: MCPServer\nmetadata: {name: a}\nspec: {}\n",
    );
    let (code, err) = refused(&["platform", "--values", &values, "--manifests", &broken, "--port", "0"]);
    assert!(code == 2 && err.contains("did you mean `issuer`?") && err.contains("mcp.yaml"), "{err}");

    let (code, err) = refused(&["platform", "--tenant", "entra-quickstart", "--port", "0"]);
    assert!(
        code == 2 && err.contains("the tenant has no issuer") && err.contains("`--tenant` takes"),
        "{err}"
    );
    let (code, err) = refused(&["idp", "--tenant", "okta-sharde", "--port", "0"]);
    assert!(code == 2 && err.contains("did you mean `okta-shared`?"), "{err}");
    let (code, err) = refused(&["idp", "--tenant", &folder.path("missing.yaml"), "--port", "0"]);
    assert!(code == 2 && err.contains("missing.yaml"), "{err}");

    let file = folder.write("file", "");
    let (code, err) = refused(&["idp", "--port", "0", "--dir", &format!("{file}/below")]);
    assert!(code == 3 && err.contains("cannot write"), "{err}");
    folder.write("ca.pem", "somebody's");
    let (code, err) = refused(&["idp", "--port", "0", "--dir", &folder.path("")]);
    assert!(code == 3 && err.contains("is there already"), "{err}");
    assert_eq!(fs::read_to_string(folder.path("ca.pem")).unwrap(), "somebody's");
}

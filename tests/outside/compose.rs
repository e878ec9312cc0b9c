//! `compose.yaml`: the platform comes up by one command, and what it tells a user is true outside.

use std::{
    io::{BufRead as _, BufReader},
    net::TcpListener,
    process::{Command, Stdio},
};

use crate::{
    docker::{Image, docker},
    missing, root, told,
};

/// The plugin, or the program of its own that came before it.
const COMPOSE: [&[&str]; 2] = [&["docker", "compose"], &["docker-compose"]];

/// Started by its file, under names of its own. It goes away with the test.
struct Composed<'i> {
    compose: &'static [&'static str],
    image: &'i Image,
    port: String,
}

impl Composed<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.compose[0]);
        command.args(&self.compose[1..]).args(["--project-name", &self.image.tag]).args(arguments);
        command.env("TOUCHSTONE_IMAGE", &self.image.tag).env("TOUCHSTONE_CONTAINER", &self.image.tag);
        command.env("TOUCHSTONE_PORT", &self.port).current_dir(root());
        command
    }

    /// Until it says that everything answers: its page.
    fn page(&self) -> String {
        let mut logs = docker(&["logs", "--follow", &self.image.tag]);
        let mut logs = logs.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        let mut talk = BufReader::new(logs.stderr.take().unwrap());
        while !said.contains("ready: everything answers") {
            assert_ne!(talk.read_line(&mut said).unwrap(), 0, "it ended: {said}");
        }
        logs.kill().unwrap();
        logs.wait().unwrap();
        assert!(said.contains(&format!("`docker stop {}` ends it", self.image.tag)), "{said}");
        told(&mut docker(&["logs", &self.image.tag]))
    }

    fn inspect(&self, format: &str) -> String {
        told(&mut docker(&["inspect", "--format", format, &self.image.tag])).trim().to_owned()
    }
}

impl Drop for Composed<'_> {
    fn drop(&mut self) {
        let _ = self.command(&["down", "--volumes", "--timeout", "2"]).output();
    }
}

fn works(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

/// What a user pastes into a shell: everything of the walk-through but the browser.
fn script(page: &str) -> String {
    let (_, steps) = page.split_once("\nWalk-through").unwrap();
    let mut in_browser = false;
    let commands = steps.lines().filter_map(|line| line.strip_prefix("   ")).filter(|line| {
        in_browser = line.starts_with("chromium ") || in_browser && line.starts_with(' ');
        !in_browser
    });
    commands.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_platform_comes_up_and_its_walk_through_is_true_outside() {
    const TEST: &str = "compose";
    let Some(image) = Image::build(TEST) else { return };
    let Some(compose) =
        COMPOSE.into_iter().find(|program| works(program[0], &[&program[1..], &["version"]].concat()))
    else {
        return missing("docker", TEST, "no Docker Compose");
    };
    if !works("curl", &["--version"]) {
        return missing("curl", TEST, "no curl");
    }
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let composed = Composed { compose, image: &image, port };
    told(&mut composed.command(&["up", "--detach", "--no-build"]));
    let page = composed.page();
    assert_eq!(
        composed.inspect("{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}}"),
        "65532:65532 true [ALL] [no-new-privileges:true]"
    );
    // What Compose asks from time to time is true now, and would not be of a port where nobody is.
    assert_eq!(
        composed.inspect("{{json .Config.Healthcheck.Test}}"),
        format!(r#"["CMD","/touchstone","component","--check={}"]"#, composed.port)
    );
    let check = |port: &str| {
        docker(&["exec", &image.tag, "/touchstone", "component", &format!("--check={port}")])
            .status()
            .unwrap()
    };
    assert_eq!((check(&composed.port).code(), check("1").code()), (Some(0), Some(3)));

    let walked = told(Command::new("sh").args(["-c", &script(&page)]));
    let mut rest = walked.as_str();
    for seen in [
        "\"config_endpoint\"",
        "\"isError\":false",
        "\"message\":\"Unauthorized\"",
        "com.example.acme/cluster",
        "com.example/weather",
        "TOK-EXP: the token has expired",
        "\"status\":\"ok\"",
        "\"endpoint\":\"token\"",
    ] {
        let (_, after) = rest.split_once(seen).unwrap_or_else(|| panic!("{seen} in {rest} of {walked}"));
        rest = after;
    }

    let volume = composed.inspect("{{range .Mounts}}{{.Name}}{{end}}");
    assert!(!volume.is_empty());
    told(&mut docker(&["stop", &image.tag]));
    assert_eq!(composed.inspect("{{.State.ExitCode}}"), "0");
    told(&mut composed.command(&["down", "--volumes"]));
    for what in [&["container", "inspect", &image.tag], &["volume", "inspect", &volume]] {
        assert!(!docker(what).output().unwrap().status.success(), "{what:?} is still there");
    }
}

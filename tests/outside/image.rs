//! The container image, made without a registry and run as strictly as an engine can.

use std::process::{Command, Output};

use crate::{
    docker::{Image, docker},
    release, told,
};

/// Bytes of the whole image.
const MOST: u64 = 40_000_000;

/// Nothing can be written but two folders in memory, nothing reached, nothing gained.
fn strict(image: &Image, options: &[&str], arguments: &[&str]) -> Command {
    let mut command = docker(&["run", "--rm", "--read-only", "--cap-drop=ALL", "--network=none"]);
    command.args(["--security-opt=no-new-privileges", "--tmpfs=/tmp", "--tmpfs=/work:mode=1777"]);
    command.args(options).arg(&image.tag).args(arguments);
    command
}

fn code(command: &mut Command) -> (i32, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code().unwrap(), String::from_utf8([stdout, stderr].concat()).unwrap())
}

#[test]
fn the_image_runs_scenarios_where_nothing_is_allowed() {
    let Some(image) = Image::build("image") else { return };
    assert!(image.said.contains(" MB"), "{}", image.said);
    let version = told(&mut strict(&image, &[], &["--version"]));
    assert_eq!(version.trim(), concat!("touchstone ", env!("CARGO_PKG_VERSION")));
    assert!(told(&mut strict(&image, &[], &["scenario", "list"])).contains("audience/absent"));

    let (exit, said) = code(&mut strict(&image, &[], &["run", "audience", "signin", "degraded", "mcp"]));
    assert!(exit == 0 && said.contains("reports/report.json"), "{said}");
    let (exit, said) = code(&mut strict(&image, &[], &["run", "audience", "--sabotage", "TOK-AUD"]));
    assert!(exit == 1 && said.contains("TOK-AUD"), "{said}");
    // The files of the suite are there, for platforms and scenarios that differ in one thing; anybody may read them.
    let (exit, said) = code(&mut strict(&image, &["--user=1000:1000"], &["scenario", "check", "/scenarios"]));
    assert_eq!(exit, 0, "{said}");

    let (exit, said) = code(&mut strict(&image, &["--entrypoint=/bin/sh"], &["-c", "true"]));
    assert_eq!(exit, 127, "no shell: {said}");
    let inspect = |format: &str| told(&mut docker(&["image", "inspect", "--format", format, &image.tag]));
    assert_eq!(inspect("{{.Config.User}}").trim(), "65532:65532");
    // An executable for tests is larger.
    if release().is_some() {
        let size: u64 = inspect("{{.Size}}").trim().parse().unwrap();
        assert!(size < MOST, "{size} bytes");
    }
}

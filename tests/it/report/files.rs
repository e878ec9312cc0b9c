//! Reports as files: whole or not at all.

use std::{fs, path::PathBuf};

use touchstone::report::{Format, json, probe, write};

use super::sample;

fn empty_directory(name: &str) -> PathBuf {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&dir);
    dir
}

#[test]
fn files_replace_older_ones_and_leave_nothing_else_behind() {
    let dir = empty_directory("report-files").join("deep/er");
    let report = sample::nonconformant();
    for _ in 0..2 {
        let written = write(&report, &dir, &Format::ALL).unwrap();
        let names = ["report.json", "junit.xml", "report.html", "summary.md"];
        assert_eq!(written, names.map(|name| dir.join(name)));
    }
    assert_eq!(fs::read_to_string(dir.join("report.json")).unwrap(), json::render(&report).unwrap());
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 4);
}

#[test]
fn an_error_names_the_path() {
    let dir = empty_directory("report-in-the-way");
    fs::create_dir_all(dir.join("taken/report.json/x")).unwrap();
    let error = write(&sample::filtered(), &dir.join("taken"), &[Format::Json]).unwrap_err().to_string();
    assert!(error.starts_with("cannot write `") && error.contains("report.json`: "), "{error}");
    assert_eq!(fs::read_dir(dir.join("taken")).unwrap().count(), 1, "nothing unfinished is left");

    fs::write(dir.join("file"), "").unwrap();
    let error = write(&sample::filtered(), &dir.join("file"), &Format::ALL).unwrap_err().to_string();
    assert!(error.starts_with("cannot create the report directory `"), "{error}");
}

#[test]
fn a_format_that_is_named_twice_is_written_once() {
    let dir = empty_directory("report-twice");
    let written = write(&sample::filtered(), &dir, &[Format::Json, Format::Json]).unwrap();
    assert_eq!(written, [dir.join("report.json")]);
}

#[test]
fn a_probe_creates_the_folder_and_leaves_nothing_in_it() {
    let dir = empty_directory("report-probe").join("deep/er");
    for _ in 0..2 {
        probe(&dir).unwrap();
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 0);
    }
    fs::write(dir.join("file"), "").unwrap();
    let error = probe(&dir.join("file")).unwrap_err().to_string();
    assert!(error.starts_with("cannot create the report directory `"), "{error}");
}

#[test]
fn the_help_names_every_format() {
    let command =
        std::process::Command::new(env!("CARGO_BIN_EXE_touchstone")).args(["run", "--help"]).output();
    let help = String::from_utf8(command.unwrap().stdout).unwrap();
    // Wrapped to the terminal's width.
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let (_, help) = help.split_once("--format").unwrap();
    let (help, _) = help.split_once("[default: json,junit,html]").unwrap();
    for format in Format::ALL {
        assert!(help.contains(format.name()), "{} in {help}", format.name());
    }
}

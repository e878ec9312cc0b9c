//! Every kind of mistake with what is said about it, and good files with what was read.

use std::{
    fs,
    path::{Path, PathBuf},
};

use expect_test::expect_file;
use mcp_policy::manifest::{Findings, Manifests, read};
use spanned_yaml::Source;

use crate::outline::outline;

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/manifest").join(folder);
    let entries = fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    assert!(files.len() > 10);
    files
}

/// Under its bare name, so that goldens hold no machine's paths.
fn read_file(path: &Path) -> (Manifests, Findings) {
    let name = path.file_name().unwrap().to_str().unwrap();
    read(vec![Source::from_bytes(name, fs::read(path).unwrap()).unwrap()])
}

#[test]
fn every_mistake_of_a_bad_file_is_told_at_once() {
    let files = files("bad");
    assert!(files.len() >= 40);
    for path in files {
        let (_, findings) = read_file(&path);
        assert!(findings.has_errors(), "{}", path.display());
        expect_file![path.with_extension("err")].assert_eq(&findings.render(false));
    }
}

#[test]
fn good_files_load_and_their_warnings_are_told() {
    for path in files("good") {
        let (manifests, findings) = read_file(&path);
        assert!(!findings.has_errors(), "{}: {findings}", path.display());
        let mut text = outline(&manifests);
        if !findings.is_empty() {
            text = format!("{text}\n{}", findings.render(false));
        }
        expect_file![path.with_extension("txt")].assert_eq(&text);
    }
}

/// A copy that was cut off anywhere is resources or a list of mistakes, never a crash.
#[test]
fn no_part_of_a_file_is_fatal() {
    for path in files("good") {
        let text = fs::read_to_string(&path).unwrap();
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)).step_by(7) {
            let (_, findings) = read(vec![Source::new("cut.yaml", &text[..end])]);
            assert_eq!(findings.render(true).is_empty(), findings.is_empty());
        }
    }
}

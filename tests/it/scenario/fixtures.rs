//! Every file under `tests/fixtures/scenario`: the good ones are read without a word, each bad one gets the
//! diagnostics that stand beside it. `UPDATE_EXPECT=1 cargo test` writes them anew.

use std::{fs, path::PathBuf};

use expect_test::expect_file;
use spanned_yaml::Source;
use touchstone::{model::identifier::ScenarioId, scenario::read};

use super::context;

fn files(folder: &str) -> Vec<PathBuf> {
    let root = format!("{}/tests/fixtures/scenario/{folder}", env!("CARGO_MANIFEST_DIR"));
    let mut paths: Vec<_> = fs::read_dir(root)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    paths.sort();
    paths
}

fn name(path: &std::path::Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[test]
fn bad_files_get_their_diagnostics() {
    let files = files("bad");
    assert!(files.len() >= 30, "{} fixtures", files.len());
    for path in files {
        let text = match Source::from_bytes(&name(&path), fs::read(&path).unwrap()) {
            Err(error) => error.to_string(),
            Ok(source) => {
                let (scenario, found) = read::scenario(ScenarioId::new("bad/file"), &source, &context());
                assert!(scenario.is_none(), "{} was accepted", name(&path));
                found.render(false)
            }
        };
        expect_file![path.with_extension("err")].assert_eq(&format!("{}\n", text.trim_end()));
    }
}

#[test]
fn every_golden_file_has_its_input() {
    let root = format!("{}/tests/fixtures/scenario/bad", env!("CARGO_MANIFEST_DIR"));
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        assert!(path.with_extension("yaml").exists(), "{} has no input", name(&path));
    }
}

#[test]
fn good_files_are_read_without_a_word() {
    let files = files("good");
    assert!(!files.is_empty());
    for path in files {
        let source = Source::read(&path).unwrap();
        let (scenario, found) = read::scenario(ScenarioId::new("good/file"), &source, &context());
        assert!(scenario.is_some() && found.is_empty(), "{}", found.render(false));
    }
}

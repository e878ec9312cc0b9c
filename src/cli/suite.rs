//! Finding the suite: the one inside the executable, or one on disk.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use spanned_yaml::{ReadError, Source, closest};

use crate::scenario::{
    read::Outside,
    suite::{CheckedSuite, Suite, is_file, resolve},
    syntax::{Cell, CheckedScenario},
    template::Undefined,
};

/// Every file of the built-in suite, by its path under `scenarios/`.
const BUILT_IN: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/suite.rs"));

/// A suite and what was chosen of it.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) suite: CheckedSuite,
    /// Ids, or the beginnings of ids up to a `/`; empty for all.
    pub(super) ids: Vec<String>,
    /// It is the suite inside the executable.
    pub(super) built_in: bool,
}

/// Why there is no suite.
#[derive(Debug, thiserror::Error)]
pub(super) enum SuiteError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("cannot read `{0}`: {1}")]
    Folder(String, io::Error),
    #[error("there is no file and no scenario `{0}`{1}")]
    Unknown(String, String),
    #[error("`{0}` and `{1}` belong to different suites: run them one after the other")]
    Mixed(String, String),
    #[error("{0}")]
    Invalid(String),
}

/// The suite that the arguments mean: paths on disk, or ids of the built-in suite, or all of it.
pub(super) fn choose(arguments: &[String], outside: Outside, color: bool) -> Result<Chosen, SuiteError> {
    let mut root: Option<(PathBuf, String)> = None;
    let mut ids = Vec::new();
    let mut on_disk = false;
    for argument in arguments {
        let path = Path::new(argument);
        if !path.exists() {
            ids.push(argument.trim_end_matches('/').to_owned());
            continue;
        }
        on_disk = true;
        let found = root_of(path);
        if let Some((root, first)) = &root
            && *root != found
        {
            return Err(SuiteError::Mixed(first.clone(), argument.clone()));
        }
        let id = path.strip_prefix(&found).unwrap_or(Path::new("")).with_extension("");
        if !id.as_os_str().is_empty() {
            ids.push(
                id.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/"),
            );
        }
        root = Some((found, argument.clone()));
    }
    let suite = match &root {
        Some((root, _)) => read(root)?,
        None => built_in(),
    };
    let suite = suite.check(outside).map_err(|list| SuiteError::Invalid(rendered(&list, color)))?;
    for id in &ids {
        let mut known = suite.scenarios.iter().map(|scenario| scenario.id.as_str());
        if !known.any(|known| is_below(known, id)) {
            let names = suite.scenarios.iter().map(|scenario| scenario.id.as_str());
            let hint = match closest(id, names) {
                Some(name) => format!(": did you mean `{name}`?"),
                None if on_disk => " in that suite".to_owned(),
                None => ": `touchstone scenario list` shows the suite".to_owned(),
            };
            return Err(SuiteError::Unknown(id.clone(), hint));
        }
    }
    Ok(Chosen { suite, ids, built_in: root.is_none() })
}

impl Chosen {
    /// The arguments mean this scenario.
    pub(super) fn has(&self, id: &str) -> bool {
        self.ids.is_empty() || self.ids.iter().any(|chosen| is_below(id, chosen))
    }
}

impl Chosen {
    /// The values file of a case.
    pub(super) fn values_of(&self, scenario: &CheckedScenario, cell: &Cell) -> Result<Source, SuiteError> {
        let name = scenario.values.fill(cell).map_err(|error| undefined(scenario, &error))?;
        self.file(scenario, &name)
    }

    /// The tenant file of a case, or the name of a shipped one.
    pub(super) fn tenant_of(
        &self,
        scenario: &CheckedScenario,
        cell: &Cell,
    ) -> Result<Result<Source, String>, SuiteError> {
        let name = scenario.tenant.fill(cell).map_err(|error| undefined(scenario, &error))?;
        if is_file(&name) { self.file(scenario, &name).map(Ok) } else { Ok(Err(name)) }
    }

    fn file(&self, scenario: &CheckedScenario, name: &str) -> Result<Source, SuiteError> {
        let found = resolve(&scenario.id, name).and_then(|path| self.suite.files.get(&path).cloned());
        found.ok_or_else(|| SuiteError::Invalid(format!("{}: the suite has no file `{name}`", scenario.id)))
    }
}

fn undefined(scenario: &CheckedScenario, error: &Undefined) -> SuiteError {
    SuiteError::Invalid(format!("{}: {error}", scenario.id))
}

fn is_below(id: &str, chosen: &str) -> bool {
    id.strip_prefix(chosen).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn rendered(list: &[spanned_yaml::Diagnostics], color: bool) -> String {
    list.iter().map(|diagnostics| diagnostics.render(color)).collect()
}

fn built_in() -> Suite {
    let source =
        |(name, text): &(&str, &str)| ((*name).to_owned(), Source::new(format!("scenarios/{name}"), text));
    Suite { name: "scenarios".to_owned(), files: BUILT_IN.iter().map(source).collect() }
}

/// The nearest folder above that has a catalogue; the folder itself where there is none.
fn root_of(path: &Path) -> PathBuf {
    let folder = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new(".")) };
    folder
        .ancestors()
        .find(|folder| folder.join("requirements.yaml").is_file())
        .unwrap_or(folder)
        .to_path_buf()
}

/// A suite on disk. Without a catalogue of its own it has the built-in one.
fn read(root: &Path) -> Result<Suite, SuiteError> {
    let mut files = BTreeMap::new();
    collect(root, root, &mut files)?;
    if !files.contains_key("requirements.yaml") {
        let built_in = built_in().files.into_iter().filter(|(name, _)| name == "requirements.yaml");
        files.extend(built_in);
    }
    Ok(Suite { name: root.display().to_string(), files })
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, Source>) -> Result<(), SuiteError> {
    let error = |error| SuiteError::Folder(folder.display().to_string(), error);
    for entry in fs::read_dir(folder).map_err(error)? {
        let path = entry.map_err(error)?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            let name = path.strip_prefix(root).unwrap_or(&path).components();
            let name = name.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
            files.insert(name, Source::read(&path)?);
        }
    }
    Ok(())
}

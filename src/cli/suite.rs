//! Finding the scenarios: the suite inside the executable, a whole suite on disk, or single files.
//!
//! A folder with a `requirements.yaml` of its own, given as a whole, is a suite: only there must every requirement be
//! covered. Other files and folders are scenarios by themselves, against the built-in requirements; nothing beside
//! them is looked at but what they name.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::Value as Json;
use spanned_yaml::{Diagnostics, ReadError, Source, Span, closest};

use crate::{
    model::identifier::ScenarioId,
    scenario::{
        read::Outside,
        suite::{CheckedSuite, Suite, is_file, is_written_out, resolve},
        syntax::{Cell, CheckedScenario},
        template::{Scope, Template, Undefined},
    },
};

/// Every file of the built-in suite, by its path under `scenarios/`.
const BUILT_IN: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/suite.rs"));

/// The revision of the built-in requirement set that a run is held against.
const SET: &str = "5";

/// The set of a catalogue of the user's own.
const OWN_SET: &str = "1";

const CATALOGUE: &str = "requirements.yaml";

/// How many files a folder may hold.
const MOST_FILES: usize = 5_000;

/// A suite and what was chosen of it.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) suite: CheckedSuite,
    /// Ids, or the beginnings of ids up to a `/`; empty for all.
    pub(super) ids: Vec<String>,
    /// Whose requirement set it is: `1` for the built-in one, `1 of <path>` for another.
    pub(super) set_name: String,
    /// The folders of scenarios that belong to no suite: what they name is relative to that.
    folders: BTreeMap<ScenarioId, PathBuf>,
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
    #[error(
        "`{0}` is a part of the built-in suite, and a folder with scenarios here: `./{0}` is the folder, `--filter {0}/` the part"
    )]
    Ambiguous(String),
    #[error("`{0}`: scenarios end in `.yaml`: rename it")]
    Extension(String),
    #[error(
        "`{0}` holds no scenario: they end in `.yaml`, and `values/`, `tenants/` and `manifests/` hold none"
    )]
    Empty(String),
    #[error("`{0}` holds more than {MOST_FILES} YAML files: name a smaller folder")]
    TooMany(String),
    #[error("`{0}` and `{1}` are both scenario `{2}`: run them one after the other, or rename one")]
    Twice(String, String, String),
    #[error("`{0}` has no set `{OWN_SET}`{1}")]
    Set(String, String),
    #[error("{0}")]
    Invalid(String),
}

/// A file of the built-in suite.
pub(super) fn built_in_file(name: &str) -> Option<Source> {
    let (_, text) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
    Some(Source::new(format!("scenarios/{name}"), text))
}

/// A file is one of the built-in suite, wherever it was read: what is to be said of it is known.
pub(super) fn is_built_in(source: &Source) -> bool {
    BUILT_IN.iter().any(|(_, text)| *text == source.text())
}

/// What the arguments mean together.
enum Meaning {
    BuiltIn(Vec<String>),
    Whole(PathBuf),
    Alone(Vec<PathBuf>),
}

/// The scenarios that the arguments mean: paths on disk, or ids of the built-in suite, or all of it.
pub(super) fn choose(arguments: &[String], outside: Outside, color: bool) -> Result<Chosen, SuiteError> {
    match meaning(arguments)? {
        Meaning::BuiltIn(ids) => from_built_in(ids, outside, color),
        Meaning::Whole(root) => whole(&root, outside, color),
        Meaning::Alone(paths) => alone(&paths, outside, color),
    }
}

fn meaning(arguments: &[String]) -> Result<Meaning, SuiteError> {
    let mut meaning: Option<(Meaning, &String)> = None;
    for argument in arguments {
        let path = Path::new(argument);
        let one = if !is_path(argument) {
            if !argument.contains('/') && holds_scenarios(path) {
                return Err(SuiteError::Ambiguous(argument.clone()));
            }
            Meaning::BuiltIn(vec![argument.trim_end_matches('/').to_owned()])
        } else if path.is_dir() && is_catalogue(&path.join(CATALOGUE)) {
            Meaning::Whole(path.to_owned())
        } else if has_extension(path, "yml") {
            return Err(SuiteError::Extension(argument.clone()));
        } else {
            Meaning::Alone(vec![path.to_owned()])
        };
        meaning = Some(match (meaning, one) {
            (None, one) => (one, argument),
            (Some((Meaning::BuiltIn(ids), first)), Meaning::BuiltIn(more)) => {
                (Meaning::BuiltIn([ids, more].concat()), first)
            }
            (Some((Meaning::Alone(paths), first)), Meaning::Alone(more)) => {
                (Meaning::Alone([paths, more].concat()), first)
            }
            (Some((_, first)), _) => return Err(SuiteError::Mixed(first.clone(), argument.clone())),
        });
    }
    Ok(meaning.map_or(Meaning::BuiltIn(Vec::new()), |(meaning, _)| meaning))
}

/// The folder of that name has scenarios in it.
fn holds_scenarios(folder: &Path) -> bool {
    let is_scenario = |path: &Path| {
        has_extension(path, "yaml")
            && Source::load(path).is_ok_and(|(node, _)| node.is_some_and(|node| node.get("steps").is_some()))
    };
    fs::read_dir(folder).is_ok_and(|entries| entries.flatten().any(|entry| is_scenario(&entry.path())))
}

/// A word that is an id of the built-in suite means that, whatever lies around.
fn is_path(argument: &str) -> bool {
    let path = Path::new(argument);
    if has_extension(path, "yaml") || has_extension(path, "yml") {
        return true;
    }
    let id = argument.trim_end_matches('/');
    let known = BUILT_IN.iter().any(|(name, _)| *name != CATALOGUE && is_below(name, id));
    path.exists() && (argument.contains('/') || !known)
}

fn has_extension(path: &Path, wanted: &str) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(wanted))
}

/// Other tools have files of that name too, which have neither of a catalogue's keys.
fn is_catalogue(path: &Path) -> bool {
    if !path.exists() {
        return false;
    }
    let Ok((Some(node), _)) = Source::load(path) else { return true };
    node.get("sets").is_some() || node.get("requirements").is_some()
}

fn from_built_in(ids: Vec<String>, outside: Outside, color: bool) -> Result<Chosen, SuiteError> {
    let suite = built_in().check(outside).map_err(|list| SuiteError::Invalid(rendered(&list, color)))?;
    let known = || suite.scenarios.iter().map(|scenario| scenario.id.as_str());
    for id in &ids {
        if !known().any(|known| is_below(known, id)) {
            let areas = known().filter_map(|id| id.split_once('/')).map(|(area, _)| area);
            let hint = match closest(id, known().chain(areas)) {
                Some(name) => format!(": did you mean `{name}`?"),
                None => ": `touchstone scenario list` shows the suite".to_owned(),
            };
            return Err(SuiteError::Unknown(id.clone(), hint));
        }
    }
    Ok(Chosen { suite, ids, set_name: SET.to_owned(), folders: BTreeMap::new() })
}

/// A folder with its own catalogue.
fn whole(root: &Path, outside: Outside, color: bool) -> Result<Chosen, SuiteError> {
    let mut paths = Vec::new();
    collect(root, root, false, &mut paths)?;
    let mut files = BTreeMap::new();
    let mut unreadable = Vec::new();
    for path in paths {
        let name = path.strip_prefix(root).unwrap_or(&path).components();
        let name = name.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
        match source(&path) {
            Ok(source) => {
                files.insert(name, source);
            }
            Err(found) => unreadable.push(found),
        }
    }
    let name = root.display().to_string();
    let suite = Suite { name: name.clone(), files }.check(outside);
    let suite = all_well(suite, unreadable, color)?;
    if suite.scenarios.is_empty() {
        return Err(SuiteError::Empty(name));
    }
    let catalogue = root.join(CATALOGUE).display().to_string();
    if !suite.catalogue.sets.contains_key(OWN_SET) {
        let sets: Vec<_> = suite.catalogue.sets.keys().map(|set| format!("`{set}`")).collect();
        let hint = if sets.is_empty() { String::new() } else { format!(": it has {}", sets.join(", ")) };
        return Err(SuiteError::Set(catalogue, hint));
    }
    let set_name = format!("{OWN_SET} of {catalogue}");
    Ok(Chosen { suite, ids: Vec::new(), set_name, folders: BTreeMap::new() })
}

/// Files, and the files of folders, each by itself.
fn alone(paths: &[PathBuf], outside: Outside, color: bool) -> Result<Chosen, SuiteError> {
    let mut seen: BTreeMap<ScenarioId, PathBuf> = BTreeMap::new();
    let mut scenarios = Vec::new();
    let mut unreadable = Vec::new();
    for path in paths {
        let mut files = Vec::new();
        let root = if path.is_dir() {
            collect(path, path, true, &mut files)?;
            if files.is_empty() {
                return Err(SuiteError::Empty(path.display().to_string()));
            }
            path.as_path()
        } else {
            files.push(path.clone());
            path.parent().unwrap_or(Path::new(""))
        };
        for file in files {
            let id = id_of(root, &file);
            match seen.get(&id) {
                Some(first) if same_file(first, &file) => continue,
                Some(first) => {
                    let (first, second) = (first.display().to_string(), file.display().to_string());
                    return Err(SuiteError::Twice(first, second, id.to_string()));
                }
                None => {}
            }
            seen.insert(id.clone(), file.clone());
            match source(&file) {
                Ok(source) => scenarios.push((id, source)),
                Err(found) => unreadable.push(found),
            }
        }
    }
    let folders: BTreeMap<_, _> = seen
        .into_iter()
        .map(|(id, file)| (id, file.parent().unwrap_or(Path::new("")).to_path_buf()))
        .collect();
    let mut find = |id: &ScenarioId, name: &str| {
        let path = folders.get(id).map_or_else(PathBuf::new, |folder| folder.join(name));
        let source = Source::read(&path).map_err(|error| error.to_string())?;
        Ok((path.display().to_string(), source))
    };
    let suite = built_in().check_alone(&scenarios, outside, &mut find);
    let suite = all_well(suite, unreadable, color)?;
    Ok(Chosen { suite, ids: Vec::new(), set_name: SET.to_owned(), folders })
}

/// All findings at once, those of files that could not be read among them.
fn all_well(
    suite: Result<CheckedSuite, Vec<Diagnostics>>,
    mut unreadable: Vec<Diagnostics>,
    color: bool,
) -> Result<CheckedSuite, SuiteError> {
    match suite {
        Ok(suite) if unreadable.is_empty() => Ok(suite),
        Ok(_) => Err(SuiteError::Invalid(rendered(&unreadable, color))),
        Err(found) => {
            unreadable.extend(found);
            unreadable.sort_by(|one, other| one.source().name().cmp(other.source().name()));
            Err(SuiteError::Invalid(rendered(&unreadable, color)))
        }
    }
}

/// A file's text, or the finding that there is none.
fn source(path: &Path) -> Result<Source, Diagnostics> {
    let name = path.display().to_string();
    let finding = |message: String, help: &str| {
        let mut found = Diagnostics::new(Source::new(&name, ""));
        let error = found.error(Span::default(), message);
        if !help.is_empty() {
            error.help(help);
        }
        found
    };
    if has_extension(path, "yml") {
        return Err(finding("scenarios end in `.yaml`".to_owned(), "rename it"));
    }
    Source::read(path).map_err(|error| finding(error.to_string(), ""))
}

/// `folder/behaviour`, or more folders where they lie deeper below the root.
fn id_of(root: &Path, file: &Path) -> ScenarioId {
    let word = |text: &str| -> String {
        let plain = |c: char| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' };
        text.chars().map(plain).collect()
    };
    let below = file.strip_prefix(root).unwrap_or(file).with_extension("");
    let mut words: Vec<_> =
        below.components().map(|part| word(&part.as_os_str().to_string_lossy())).collect();
    if words.len() < 2 {
        let folder = if root.as_os_str().is_empty() { Path::new(".") } else { root };
        let folder = fs::canonicalize(folder).ok();
        let name = folder.as_deref().and_then(Path::file_name).map(|name| word(&name.to_string_lossy()));
        words.insert(0, name.unwrap_or_else(|| "own".to_owned()));
    }
    ScenarioId::new(words.join("/"))
}

fn same_file(one: &Path, other: &Path) -> bool {
    one == other
        || matches!((fs::canonicalize(one), fs::canonicalize(other)), (Ok(one), Ok(other)) if one == other)
}

impl Chosen {
    /// The scenarios belong to no suite: files of the user's, judged by the built-in requirements.
    pub(super) fn alone(&self) -> bool {
        !self.folders.is_empty()
    }

    /// The arguments mean this scenario.
    pub(super) fn has(&self, id: &str) -> bool {
        self.ids.is_empty() || self.ids.iter().any(|chosen| is_below(id, chosen))
    }

    /// The values file of a case.
    pub(super) fn values_of(
        &self,
        scenario: &CheckedScenario,
        setup: &Setup<'_>,
    ) -> Result<Source, SuiteError> {
        let name = scenario.values.fill(setup).map_err(|error| undefined(scenario, &error))?;
        self.file(scenario, &name)
    }

    /// The tenant file of a case, or the name of a shipped one.
    pub(super) fn tenant_of(
        &self,
        scenario: &CheckedScenario,
        setup: &Setup<'_>,
    ) -> Result<Result<Source, String>, SuiteError> {
        let name = scenario.tenant.fill(setup).map_err(|error| undefined(scenario, &error))?;
        if is_file(&name) { self.file(scenario, &name).map(Ok) } else { Ok(Err(name)) }
    }

    /// The custom resources that a case begins with, or that a step of it brings: files, and documents written out.
    pub(super) fn manifests_of(
        &self,
        scenario: &CheckedScenario,
        manifests: &[Template],
        setup: &Setup<'_>,
    ) -> Result<Vec<Source>, SuiteError> {
        let one = |written: &Template| {
            let text = written.fill(setup).map_err(|error| undefined(scenario, &error))?;
            if is_written_out(&text) {
                let line = scenario.source.position(written.span).0;
                return Ok(Source::new(format!("{}:{line}", scenario.source.name()), text));
            }
            self.file(scenario, &text)
        };
        manifests.iter().map(one).collect()
    }

    fn file(&self, scenario: &CheckedScenario, name: &str) -> Result<Source, SuiteError> {
        if let Some(folder) = self.folders.get(&scenario.id) {
            let path = folder.join(name);
            let known = self.suite.files.get(&path.display().to_string()).cloned();
            return known.map_or_else(|| Ok(Source::read(&path)?), Ok);
        }
        let found = resolve(&scenario.id, name).and_then(|path| self.suite.files.get(&path).cloned());
        found.ok_or_else(|| SuiteError::Invalid(format!("{}: the suite has no file `{name}`", scenario.id)))
    }
}

/// What a scenario's `platform` and `idp` can name: its cell, the command line, the environment.
pub(super) struct Setup<'a> {
    pub(super) cell: &'a Cell,
    pub(super) variables: &'a [(String, String)],
    pub(super) environment: &'a BTreeMap<String, String>,
}

impl Scope for Setup<'_> {
    fn lookup(&self, name: &str) -> Option<Json> {
        match name.split_once('.')? {
            ("var", name) => self.variables.iter().find(|(known, _)| known == name).map(|(_, value)| value),
            ("env", name) => self.environment.get(name),
            _ => return self.cell.lookup(name),
        }
        .map(|value| value.as_str().into())
    }
}

fn undefined(scenario: &CheckedScenario, error: &Undefined) -> SuiteError {
    SuiteError::Invalid(format!("{}: {error}", scenario.id))
}

fn is_below(id: &str, chosen: &str) -> bool {
    id.strip_prefix(chosen).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn rendered(list: &[Diagnostics], color: bool) -> String {
    list.iter().map(|diagnostics| diagnostics.render(color)).collect()
}

/// The suite inside the executable.
pub(super) fn built_in() -> Suite {
    let source =
        |(name, text): &(&str, &str)| ((*name).to_owned(), Source::new(format!("scenarios/{name}"), text));
    Suite { name: "scenarios".to_owned(), files: BUILT_IN.iter().map(source).collect() }
}

/// The YAML files below a folder, in order. Links to folders are not followed, and hidden folders not entered. Where
/// only scenarios are wanted, catalogues and the folders of values, tenants and manifests are left out.
fn collect(
    root: &Path,
    folder: &Path,
    scenarios_only: bool,
    files: &mut Vec<PathBuf>,
) -> Result<(), SuiteError> {
    let error = |error| SuiteError::Folder(folder.display().to_string(), error);
    let entries: Result<Vec<_>, _> = fs::read_dir(folder).map_err(error)?.collect();
    let mut entries = entries.map_err(error)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let name = entry.file_name();
        if entry.file_type().map_err(error)?.is_dir() {
            let data = scenarios_only && ["values", "tenants", "manifests"].iter().any(|data| name == *data);
            if !data && !name.as_encoded_bytes().starts_with(b".") {
                collect(root, &path, scenarios_only, files)?;
            }
        } else if (has_extension(&path, "yaml") || has_extension(&path, "yml"))
            && !path.is_dir()
            && !(scenarios_only && name == CATALOGUE)
        {
            if files.len() >= MOST_FILES {
                return Err(SuiteError::TooMany(root.display().to_string()));
            }
            files.push(path);
        }
    }
    Ok(())
}

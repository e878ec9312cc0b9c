//! From the arguments to texts: files, folders, standard input. Every path that cannot be read is named at once.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use spanned_yaml::Source;

use super::printable;
use crate::cli::refusal::Refusal;

/// How many files the arguments may mean.
const MOST_FILES: usize = 50_000;

/// How large a file may be: the manifests of a large cluster in one file.
const MOST_BYTES: u64 = 64 << 20;

const STANDARD_INPUT: &str = "-";

/// The manifests that the arguments mean, in the order of the arguments and then of the paths. A file that is meant
/// twice is read once.
pub(in crate::cli) fn sources(arguments: &[String]) -> Result<Vec<Source>, Refusal> {
    let (mut sources, mut wrong, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for argument in arguments {
        let path = Path::new(argument);
        let paths = if argument == STANDARD_INPUT || !path.is_dir() {
            vec![path.to_owned()]
        } else {
            let mut below = Vec::new();
            match collect(path, &mut below, &mut BTreeSet::new()) {
                Err(error) => wrong.push(error),
                Ok(()) if below.is_empty() => wrong
                    .push(format!("`{argument}` holds no manifest: they end in `.yaml`, `.yml` or `.json`")),
                Ok(()) => {}
            }
            below
        };
        for path in paths {
            let identity = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
            if seen.insert(identity) {
                match read(&path) {
                    Ok(source) => sources.push(source),
                    Err(error) => wrong.push(error),
                }
            }
        }
    }
    if wrong.is_empty() { Ok(sources) } else { Err(Refusal::usage(lines("error: ", &wrong))) }
}

/// One file, or standard input.
pub(in crate::cli) fn source(argument: &str) -> Result<Source, Refusal> {
    read(Path::new(argument)).map_err(|error| Refusal::usage(printable(&format!("error: {error}"))))
}

fn lines(prefix: &str, wrong: &[String]) -> String {
    wrong.iter().flat_map(|error| [prefix.to_owned(), printable(error), "\n".to_owned()]).collect()
}

/// Every manifest below a folder, links followed: what a link hides may be a deny. Hidden files and folders are left
/// out; a mounted `ConfigMap` has its files in `..data` once more. `seen` has the folders that links could lead back to.
fn collect(folder: &Path, found: &mut Vec<PathBuf>, seen: &mut BTreeSet<PathBuf>) -> Result<(), String> {
    let failed_at = |path: &Path, error: io::Error| format!("cannot read `{}`: {error}", path.display());
    let failed = |error| failed_at(folder, error);
    if !seen.insert(fs::canonicalize(folder).map_err(failed)?) {
        return Ok(());
    }
    let mut entries = fs::read_dir(folder).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        let path = entry.path();
        let mut kind = entry.file_type().map_err(failed)?;
        if kind.is_symlink() {
            kind = match fs::metadata(&path) {
                Ok(found) => found.file_type(),
                // It may be a manifest that is lost, or a folder of them.
                Err(error) if is_manifest(&path) || path.extension().is_none() => {
                    return Err(failed_at(&path, error));
                }
                Err(_) => continue,
            };
        }
        if kind.is_dir() {
            collect(&path, found, seen)?;
        } else if is_manifest(&path) {
            found.push(path);
        }
        if found.len() > MOST_FILES {
            return Err(format!(
                "`{}` holds more than {MOST_FILES} manifests: name a smaller folder",
                folder.display()
            ));
        }
    }
    Ok(())
}

fn is_manifest(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default();
    ["yaml", "yml", "json"].iter().any(|known| extension.eq_ignore_ascii_case(known))
}

fn read(path: &Path) -> Result<Source, String> {
    let is_input = path == Path::new(STANDARD_INPUT);
    let name = if is_input { "<standard input>".to_owned() } else { path.display().to_string() };
    let failed = |error: io::Error| format!("cannot read `{name}`: {error}");
    let mut bytes = Vec::new();
    if is_input {
        io::stdin().lock().take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    } else {
        // A pipe that nobody writes to is waited for when it is opened already.
        if !fs::metadata(path).map_err(failed)?.is_file() {
            return Err(format!("cannot read `{name}`: is no regular file"));
        }
        let file = File::open(path).map_err(failed)?;
        file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    }
    if bytes.len() as u64 > MOST_BYTES {
        return Err(format!("cannot read `{name}`: larger than {} MiB", MOST_BYTES >> 20));
    }
    let no_text = |offset| format!("cannot read `{name}`: not a text file (byte {offset} is not UTF-8 text)");
    if let Some(offset) = bytes.iter().position(|byte| *byte == 0) {
        return Err(no_text(offset));
    }
    let text = String::from_utf8(bytes).map_err(|error| no_text(error.utf8_error().valid_up_to()))?;
    Ok(Source::new(&name, text.strip_prefix('\u{feff}').unwrap_or(&text)))
}

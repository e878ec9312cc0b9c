//! The policy file on disk: read within bounds, written whole or not at all. It may hold secrets, so it is its owner's
//! alone.

use std::{
    fs, io,
    io::{Read as _, Write as _},
    path::Path,
};

use super::{PolicyError, name};

/// The largest policy file, in bytes.
pub(in super::super) const MAX_FILE: usize = 1 << 20;

/// What the file holds; none if there is no file.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, PolicyError> {
    let failed =
        |cause: &dyn std::fmt::Display| PolicyError(format!("cannot read `{}`: {cause}", name(path)));
    let file = match fs::metadata(path) {
        // A pipe that nobody writes to is waited for when it is opened already.
        Ok(metadata) if !metadata.is_file() => return Err(failed(&"is no regular file")),
        Ok(_) => fs::File::open(path),
        Err(error) => Err(error),
    };
    let file = match file {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(&error)),
    };
    let mut bytes = Vec::new();
    file.take(MAX_FILE as u64 + 1).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    if bytes.len() > MAX_FILE { Err(failed(&"larger than 1 MiB")) } else { Ok(Some(bytes)) }
}

/// Writes the file, and its folder if it is not there. A reader sees the old content or the new one.
pub(super) fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let mut make = fs::DirBuilder::new();
    let mut open = fs::OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
        make.mode(0o700);
        open.mode(0o600);
    }
    make.recursive(true).create(folder)?;
    let new = path.with_extension("new");
    let mut file = open.write(true).create(true).truncate(true).open(&new)?;
    let written = file.write_all(content).and_then(|()| file.sync_all());
    drop(file);
    let written = written.and_then(|()| fs::rename(&new, path));
    if written.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&new);
    }
    written
}

/// Removes the file; it may be gone already.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

//! Where whoever reads the page has the folder's files: at their paths, or copied out of the container that this runs in.

use std::path::Path;

use super::{folder::Folder, walkthrough::Step};
use crate::report::console::shell_word;

/// The files, as their reader names them.
pub(super) struct Files<'f> {
    folder: &'f Folder,
    container: Option<&'f str>,
}

impl<'f> Files<'f> {
    pub(super) fn new(folder: &'f Folder, container: Option<&'f str>) -> Self {
        Self { folder, container }
    }

    /// For a person: a path, or the same in the container, as `docker cp` takes it.
    pub(super) fn certificate(&self) -> String {
        self.shown(&self.folder.certificate())
    }

    /// As [`certificate`](Self::certificate).
    pub(super) fn secret(&self) -> String {
        self.shown(&self.folder.secret())
    }

    fn shown(&self, path: &Path) -> String {
        self.container.map_or_else(String::new, |name| format!("{name}:")) + &path.display().to_string()
    }

    /// The certificate for a shell, as one word.
    pub(super) fn certificate_word(&self) -> String {
        self.word(&self.folder.certificate())
    }

    /// The secret's file likewise.
    pub(super) fn secret_word(&self) -> String {
        self.word(&self.folder.secret())
    }

    /// Where a browser may keep its profile, likewise.
    pub(super) fn browser_word(&self) -> String {
        self.word(&self.folder.path().join("browser"))
    }

    fn word(&self, path: &Path) -> String {
        match path.strip_prefix(self.folder.path()) {
            Ok(name) if self.container.is_some() => format!("\"$FILES\"/{}", name.display()),
            _ => shell_word(&path.display().to_string()),
        }
    }

    /// What comes first where they are in a container.
    pub(super) fn fetched(&self) -> Option<Step> {
        let all = shell_word(&format!("{}/.", self.shown(self.folder.path())));
        self.container.map(|_| {
            Step::new(
                "The certificate to trust and the control wires' secret, out of the container",
                ["FILES=$(mktemp -d)".to_owned(), format!("docker cp {all} \"$FILES\"")],
            )
        })
    }
}

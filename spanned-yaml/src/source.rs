//! A text that a person wrote, under the name by which they know it.

use std::{fmt, io, io::Read as _, path::Path, sync::Arc};

use crate::Span;

/// A file's name and text. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Source {
    name: Arc<str>,
    text: Arc<str>,
    /// Where each block of the text begins, so that a place is found without reading all of it, or all of a long line.
    blocks: Arc<[Landmark]>,
}

/// The place of a byte: what comes before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Landmark {
    /// Line feeds.
    lines: usize,
    /// Characters since the last of them.
    characters: usize,
}

impl Landmark {
    /// The place after some more bytes.
    fn after(self, bytes: &[u8]) -> Self {
        // A character is counted at its first byte: a block may end in the middle of one.
        let begins = |bytes: &[u8]| bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
        let line_feeds = bytes.split(|byte| *byte == b'\n').count() - 1;
        match bytes.rsplit(|byte| *byte == b'\n').next() {
            Some(last) if line_feeds > 0 => Self { lines: self.lines + line_feeds, characters: begins(last) },
            _ => Self { lines: self.lines, characters: self.characters + begins(bytes) },
        }
    }
}

/// Bytes of a block.
const BLOCK: usize = 4096;

/// Why a file could not be read as text.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The operating system refused: missing, a folder, no permission.
    #[error("cannot read `{name}`: {cause}")]
    Io {
        /// The file, as the user named it.
        name: String,
        /// The system's reason.
        cause: io::Error,
    },
    /// A folder, a device or a pipe: never opened, since it may never end.
    #[error("cannot read `{name}`: is no regular file")]
    NotAFile {
        /// The file, as the user named it.
        name: String,
    },
    /// Larger than [`Source::MAX_BYTES`]; read no further than that.
    #[error("cannot read `{name}`: larger than {} MiB, which is not a file for this purpose", Source::MAX_BYTES >> 20)]
    TooLarge {
        /// The file, as the user named it.
        name: String,
    },
    /// Not UTF-8, or it holds a NUL byte.
    #[error("cannot read `{name}`: not a text file (byte {offset} is not UTF-8 text)")]
    NotText {
        /// The file, as the user named it.
        name: String,
        /// Offset of the first byte that is no text, from 0.
        offset: usize,
    },
}

impl Source {
    /// The largest file that is read: 8 MiB. A suite of a thousand manifests has under one.
    pub const MAX_BYTES: u64 = 8 << 20;

    /// A text that is already in memory.
    pub fn new(name: impl AsRef<str>, text: impl AsRef<str>) -> Self {
        let text = text.as_ref();
        let blocks = text.as_bytes().chunks(BLOCK).scan(Landmark::default(), |before, block| {
            let here = *before;
            *before = here.after(block);
            Some(here)
        });
        Self { name: name.as_ref().into(), text: text.into(), blocks: blocks.collect() }
    }

    /// Reads a file, at most [`Source::MAX_BYTES`] of it. A byte order mark is dropped.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        let name = path.display().to_string();
        let io_error = |cause| ReadError::Io { name: path.display().to_string(), cause };
        // A pipe that nobody writes to is waited for when it is opened already.
        if !std::fs::metadata(path).map_err(io_error)?.is_file() {
            return Err(ReadError::NotAFile { name });
        }
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path).map_err(io_error)?;
        file.take(Self::MAX_BYTES + 1).read_to_end(&mut bytes).map_err(io_error)?;
        Self::from_bytes(&name, bytes)
    }

    /// The same checks for bytes that are already in memory.
    pub fn from_bytes(name: &str, bytes: Vec<u8>) -> Result<Self, ReadError> {
        if bytes.len() as u64 > Self::MAX_BYTES {
            return Err(ReadError::TooLarge { name: name.to_owned() });
        }
        if let Some(offset) = bytes.iter().position(|byte| *byte == 0) {
            return Err(ReadError::NotText { name: name.to_owned(), offset });
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Self::new(name, text.strip_prefix('\u{feff}').unwrap_or(&text))),
            Err(error) => {
                Err(ReadError::NotText { name: name.to_owned(), offset: error.utf8_error().valid_up_to() })
            }
        }
    }

    /// The name given at construction: a path as the user wrote it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Line and column of a span's start, both from 1; the column counts characters.
    #[must_use]
    pub fn position(&self, span: Span) -> (usize, usize) {
        let before = self.text.get(..span.start).unwrap_or(&self.text);
        let block = (before.len() / BLOCK).min(self.blocks.len().saturating_sub(1));
        let here = before.as_bytes().get(block * BLOCK..).unwrap_or_default();
        let place = self.blocks.get(block).copied().unwrap_or_default().after(here);
        (place.lines + 1, place.characters + 1)
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({}, {} bytes)", self.name, self.text.len())
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn what_is_no_regular_file_is_never_opened() {
        let pipe = std::env::temp_dir().join(format!("spanned-yaml-{}.yaml", std::process::id()));
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for path in [pipe.as_path(), Path::new("/dev/zero"), std::env::temp_dir().as_path()] {
            let error = Source::read(path).unwrap_err().to_string();
            assert!(error.ends_with("is no regular file"), "{error}");
        }
        std::fs::remove_file(pipe).unwrap();
    }
}

//! What ends a command before its result: words for the user and an exit code, or output that cannot be written.

use super::terminal::{PrintError, Terminal};
use crate::outcome::ExitCode;

/// Something that ends a command before its result.
pub(super) enum Refusal {
    /// Words for the user and an exit code.
    Words(String, ExitCode),
    Print(PrintError),
}

impl Refusal {
    pub(super) fn usage(words: impl std::fmt::Display) -> Self {
        Self::Words(words.to_string(), ExitCode::Usage)
    }

    pub(super) fn environment(words: impl std::fmt::Display) -> Self {
        Self::Words(words.to_string(), ExitCode::Unreachable)
    }
}

impl From<PrintError> for Refusal {
    fn from(error: PrintError) -> Self {
        Self::Print(error)
    }
}

/// The answer of a command; a refusal in words is told, and its code is the answer.
pub(super) fn told(answer: Result<ExitCode, Refusal>, terminal: &Terminal) -> Result<ExitCode, PrintError> {
    match answer {
        Ok(code) => Ok(code),
        Err(Refusal::Print(error)) => Err(error),
        Err(Refusal::Words(words, code)) => terminal.complain(&words).map(|()| code),
    }
}

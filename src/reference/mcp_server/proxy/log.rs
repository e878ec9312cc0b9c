//! The log: what callers are not told. The oldest line goes when there are too many.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::clock::Clock;

/// The most lines that are kept.
const KEPT_LINES: usize = 1_000;

#[derive(Debug)]
pub(super) struct Log {
    clock: Arc<dyn Clock>,
    lines: Mutex<VecDeque<String>>,
}

impl Log {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, lines: Mutex::default() }
    }

    /// One line. What came from outside is in it with its line ends escaped.
    pub(super) fn note(&self, level: &str, words: &str) {
        let line = format!("{} {level}: {}", self.clock.now(), words.escape_debug());
        let mut lines = self.lock();
        lines.push_back(line);
        if lines.len() > KEPT_LINES {
            lines.pop_front();
        }
    }

    /// The lines, the oldest first.
    pub(super) fn lines(&self) -> Vec<String> {
        self.lock().iter().cloned().collect()
    }

    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

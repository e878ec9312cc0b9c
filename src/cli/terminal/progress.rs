//! How far a run is: a bar on a terminal, a line for every tenth of the cases elsewhere, nothing if quiet.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{PrintError, Terminal};
use crate::{
    model::identifier::CaseId,
    outcome::{CaseResult, Event},
};

/// Fed with the events of a run, in their order.
pub struct Progress {
    terminal: Terminal,
    bar: Option<ProgressBar>,
    total: usize,
    done: usize,
    failed: usize,
    running: Vec<CaseId>,
}

impl Progress {
    pub(super) fn new(terminal: &Terminal) -> Self {
        let bar = (terminal.err.is_terminal && !terminal.quiet).then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            bar.set_style(style());
            bar
        });
        Self { terminal: terminal.clone(), bar, total: 0, done: 0, failed: 0, running: Vec::new() }
    }

    /// Takes note of an event.
    pub fn event(&mut self, event: &Event) -> Result<(), PrintError> {
        match event {
            Event::RunStarted { cases } => {
                self.total = *cases;
                if let Some(bar) = &self.bar {
                    bar.set_length(u64::try_from(*cases).unwrap_or(u64::MAX));
                }
            }
            Event::CaseStarted { case } => {
                self.running.push(case.clone());
                self.redraw();
            }
            Event::CaseFinished { result } => return self.finished(result),
            Event::RunFinished { .. } => self.end(),
        }
        Ok(())
    }

    /// A line of talk above the bar.
    pub fn say(&self, line: &str) -> Result<(), PrintError> {
        match &self.bar {
            Some(bar) => bar.suspend(|| self.terminal.say(line)),
            None => self.terminal.say(line),
        }
    }

    /// Takes the bar off the screen; what is printed afterwards stands where it stood.
    pub fn end(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn finished(&mut self, result: &CaseResult) -> Result<(), PrintError> {
        self.running.retain(|case| *case != result.id);
        self.done += 1;
        if result.status.needs_action() {
            self.failed += 1;
        }
        if self.bar.is_some() {
            self.redraw();
            return Ok(());
        }
        // A line when a further tenth is complete: at most ten lines, however many cases there are.
        let tenths = |done: usize| (done * 10).checked_div(self.total).unwrap_or_default();
        if tenths(self.done) == tenths(self.done - 1) && self.done != self.total {
            return Ok(());
        }
        let failed = if self.failed == 0 { String::new() } else { format!(", {} failed", self.failed) };
        self.terminal.say(&format!("{} of {} cases{failed}", self.done, self.total))
    }

    fn redraw(&self) {
        let Some(bar) = &self.bar else { return };
        let failed = match (self.failed, self.terminal.err.color) {
            (0, _) => String::new(),
            (failed, true) => format!("  \u{1b}[1;31m{failed} failed\u{1b}[0m"),
            (failed, false) => format!("  {failed} failed"),
        };
        bar.set_prefix(failed);
        bar.set_message(self.running.last().map(ToString::to_string).unwrap_or_default());
        bar.set_position(u64::try_from(self.done).unwrap_or(u64::MAX));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}

/// `[########------]  38/61  2 failed  audience/prefix`; cut at the terminal's edge.
fn style() -> ProgressStyle {
    let style = ProgressStyle::with_template("[{bar:30}] {pos:>3}/{len}{prefix}  {wide_msg}");
    style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("##-")
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeMap,
        io::{self, Write},
        sync::{Arc, Mutex},
    };

    use super::*;
    use crate::{model::identifier::ScenarioId, outcome::CheckStatus};

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn lines(cases: usize, quiet: bool) -> Vec<String> {
        let shared = Shared::default();
        let mut progress = Terminal::to_writers(io::sink(), shared.clone(), quiet).progress();
        progress.event(&Event::RunStarted { cases }).unwrap();
        for number in 0..cases {
            let id = CaseId::new(format!("area/case-{number}"));
            progress.event(&Event::CaseStarted { case: id.clone() }).unwrap();
            let status = if number == 7 { CheckStatus::Fail } else { CheckStatus::Pass };
            let result = CaseResult {
                id,
                scenario: ScenarioId::new("area/case"),
                title: String::new(),
                why: String::new(),
                requirements: Vec::new(),
                tags: Vec::new(),
                matrix: BTreeMap::new(),
                status,
                cause: None,
                steps: Vec::new(),
                steps_not_taken: 0,
                tokens: Vec::new(),
                notes: Vec::new(),
                cautions: Vec::new(),
                observations: Vec::new(),
                logs: Vec::new(),
                duration_ms: 0.0,
            };
            progress.event(&Event::CaseFinished { result: Box::new(result) }).unwrap();
        }
        let written = shared.0.lock().unwrap().clone();
        String::from_utf8(written).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn without_a_terminal_a_line_for_every_tenth() {
        let many = lines(61, false);
        assert_eq!(many.len(), 10, "{many:#?}");
        assert_eq!(many.first().unwrap(), "7 of 61 cases");
        assert_eq!(many.last().unwrap(), "61 of 61 cases, 1 failed");
        assert_eq!(lines(3, false), ["1 of 3 cases", "2 of 3 cases", "3 of 3 cases"]);
        assert_eq!(lines(61, true), [""; 0]);
    }
}

//! What a result keeps of captured traffic. Evidence is for whoever has to act, so a case that passed keeps little.

use super::{CaseResult, CheckStatus};

/// So much of a body is kept where nobody has to act.
const KEPT: usize = 2 * 1024;

impl CaseResult {
    /// Of a case that passed, bodies over 2 KiB are cut, and pages become one line; every other case keeps them whole.
    pub(super) fn trim(&mut self) {
        if self.status != CheckStatus::Pass {
            return;
        }
        for exchange in self.steps.iter_mut().flat_map(|step| &mut step.exchanges) {
            let answer = exchange.response.as_mut().and_then(|response| response.body.as_mut());
            for body in exchange.request.body.as_mut().into_iter().chain(answer) {
                if let Some(trimmed) = trimmed(body) {
                    *body = trimmed;
                }
            }
        }
    }
}

fn trimmed(body: &str) -> Option<String> {
    if is_page(body) {
        let lines = body.lines().count();
        return Some(format!("[an HTML page of {lines} lines; left out, as the case passed]"));
    }
    if body.len() <= KEPT {
        return None;
    }
    let kept = body.get(..body.floor_char_boundary(KEPT)).unwrap_or_default();
    Some(format!("{kept} [{} more bytes; left out, as the case passed]", body.len() - kept.len()))
}

/// An HTML page, by its beginning.
#[must_use]
pub fn is_page(body: &str) -> bool {
    let start = body.trim_start().get(..5).unwrap_or_default();
    ["<!doc", "<html"].iter().any(|page| start.eq_ignore_ascii_case(page))
}

#[cfg(test)]
mod tests {
    use super::trimmed;

    #[test]
    fn long_bodies_and_pages_are_cut() {
        assert_eq!(trimmed(&"a".repeat(2_048)), None);
        let cut = trimmed(&format!("a{}", "\u{f6}".repeat(2_000))).unwrap();
        assert!(cut.ends_with("\u{f6} [1954 more bytes; left out, as the case passed]"), "{cut}");
        assert_eq!(
            trimmed("\n<!DOCTYPE html>\n<title>x</title>").as_deref(),
            Some("[an HTML page of 3 lines; left out, as the case passed]")
        );
        assert_eq!(trimmed("<x>"), None);
    }
}

//! The Markdown report: what it says, that nothing of a target is Markdown or HTML, and where it is cut.

use expect_test::expect_file;
use touchstone::{model::identifier::CaseId, report::markdown::render};

use super::sample;

#[test]
fn the_summary_of_a_run() {
    expect_file!["../../golden/report/summary.md"].assert_eq(&render(&sample::nonconformant()));
    expect_file!["../../golden/report/summary-sabotaged.md"].assert_eq(&render(&sample::sabotaged()));
}

#[test]
fn the_verdict_comes_first_and_a_sabotaged_run_says_so_above_it() {
    for report in [sample::conformant(), sample::filtered(), sample::unreachable(), sample::empty()] {
        let first = report.summary.verdict.split([':', '(', '`']).next().unwrap().to_owned();
        let text = render(&report);
        assert!(text.starts_with(&format!("**{first}")), "{text}");
    }
    assert!(
        render(&sample::sabotaged())
            .starts_with("> [!CAUTION]\n> **SABOTAGED:** TOK-AUD is broken on purpose.")
    );
}

#[test]
fn what_a_target_says_is_neither_markdown_nor_html() {
    let clean = render(&sample::nonconformant());
    let text = render(&sample::malicious());
    // The same lines, tables and elements: all that differs is text.
    assert_eq!(text.lines().count(), clean.lines().count());
    for (line, other) in text.lines().zip(clean.lines()) {
        assert_eq!(line.matches('|').count(), other.matches('|').count(), "{line}");
    }
    let tags = |text: &str| {
        let names = text.match_indices('<').map(|(at, _)| text[at..].split_once('>').unwrap().0.to_owned());
        let mut names: Vec<_> = names.filter(|name| !name.ends_with("span")).collect();
        names.sort_unstable();
        names.dedup();
        names
    };
    assert_eq!(tags(&text), ["</code", "</details", "</summary", "<code", "<details", "<summary"]);
    let text = text.replace("&#124;", "").replace("\\]", "");
    for harmful in ["@everyone", "#1", "](http", "http://", "https://", "```", "www.", "\u{1b}", "\u{202e}"] {
        assert!(!text.contains(harmful), "{harmful} in {text}");
    }
}

#[test]
fn a_page_that_would_be_too_large_is_cut_between_rows_and_says_so() {
    let mut report = sample::nonconformant();
    let failing = report.cases.iter().find(|case| case.status.name() == "fail").unwrap().clone();
    report.cases = (0..3_000)
        .map(|number| {
            let mut case = failing.clone();
            case.id = CaseId::new(format!("{}-{number}", failing.id));
            case.steps[1].checks[0].observed = "<".repeat(5_000);
            case
        })
        .collect();
    let text = render(&report);
    assert!(text.len() < 1 << 20, "{}", text.len());
    let shown = text.matches("\n### ").count();
    assert!(shown > 50, "{shown}");
    assert!(text.contains(&format!(
        "**{} more left out, as this page is full: `report.json` has all.**",
        3_000 - shown
    )));
    assert_eq!(text.matches("- Who acts: ").count(), shown, "every case that is shown is whole");
    assert_eq!(text.matches("<code>").count(), text.matches("</code>").count());
    assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
    assert!(text.ends_with("in 2.4 s.\n"), "which run it was is never cut");
}

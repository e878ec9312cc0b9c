//! The reports of hand-written runs, held against golden files. `UPDATE_EXPECT=1 cargo test` writes them anew.

mod files;
mod html;
mod markdown;
mod merge;
mod sample;
mod schema;

use expect_test::expect_file;
use touchstone::{
    outcome::{CheckStatus, Report},
    report::{
        console::{self, Style},
        json, junit,
    },
};
use unicode_width::UnicodeWidthStr as _;

const AGAIN: Option<&str> = Some("touchstone run my/scenarios --seed 1234");

fn on_console(report: &Report, width: usize) -> String {
    console::render(
        report,
        &Style { width, ..Style::default() },
        Ok(&["reports/report.json".into(), "reports/junit.xml".into()]),
        AGAIN,
    )
}

#[test]
fn console_at_40_80_and_120_columns() {
    let report = sample::nonconformant();
    expect_file!["../golden/report/console-40.txt"].assert_eq(&on_console(&report, 40));
    expect_file!["../golden/report/console-80.txt"].assert_eq(&on_console(&report, 80));
    expect_file!["../golden/report/console-120.txt"].assert_eq(&on_console(&report, 120));
}

#[test]
fn console_of_other_runs() {
    expect_file!["../golden/report/console-sabotaged.txt"].assert_eq(&on_console(&sample::sabotaged(), 80));
    expect_file!["../golden/report/console-filtered.txt"].assert_eq(&on_console(&sample::filtered(), 80));
    expect_file!["../golden/report/console-conformant.txt"].assert_eq(&on_console(&sample::conformant(), 80));
    let style = Style { width: 80, unicode: false, verbose: true, color: false };
    let plain = console::render(&sample::conformant(), &style, Ok(&[]), AGAIN);
    expect_file!["../golden/report/console-ascii-verbose.txt"].assert_eq(&plain);
    assert!(plain.is_ascii(), "{plain}");
}

#[test]
fn equal_warnings_of_a_scenario_are_told_once() {
    let mut report = sample::nonconformant();
    let one = report.cases.iter().find(|case| matches!(case.status, CheckStatus::Warn(_))).unwrap().clone();
    let before = on_console(&report, 200);
    assert!(before.contains(&format!("{}: ", one.id.as_str().split_once('/').unwrap().1)), "{before}");
    let place = report.cases.iter().position(|case| case.id == one.id).unwrap();
    report.cases.insert(place, one.clone());
    let after = on_console(&report, 200);
    let scenario = one.scenario.to_string();
    assert!(after.contains(&format!("{} (2 cases): ", scenario.split_once('/').unwrap().1)), "{after}");
    // Another reason is another line.
    report.cases[place].status = CheckStatus::Warn("something else".to_owned());
    assert!(!on_console(&report, 200).contains("(2 cases)"));
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for width in [32, 40, 60, 71, 72, 80, 100, 120] {
        let reports = [sample::nonconformant(), sample::sabotaged(), sample::conformant(), sample::hostile()];
        for report in reports {
            let text = on_console(&report, width);
            // But for the command, which is there to be copied.
            for line in text.lines().filter(|line| !line.starts_with("again ")) {
                assert!(line.width() <= width, "{width}: {line}");
                assert_eq!(line, line.trim_end());
            }
        }
    }
}

#[test]
fn colour_changes_no_word_and_only_pass_is_green() {
    let report = sample::nonconformant();
    let plain = on_console(&report, 80);
    let style = Style { width: 80, color: true, ..Style::default() };
    let coloured = console::render(
        &report,
        &style,
        Ok(&["reports/report.json".into(), "reports/junit.xml".into()]),
        AGAIN,
    );
    let mut without = String::new();
    for (place, piece) in coloured.split('\u{1b}').enumerate() {
        let piece = if place == 0 { piece } else { piece.split_once('m').unwrap().1 };
        without.push_str(piece);
    }
    assert_eq!(without, plain);
    for green in coloured.split("\u{1b}[32m").skip(1) {
        let green = green.split('\u{1b}').next().unwrap().trim_matches([' ', ',']);
        assert!(green == "✓" || green.ends_with(" pass"), "{green}");
    }
}

#[test]
fn a_target_cannot_write_to_the_terminal() {
    let mut report = sample::nonconformant();
    for case in &mut report.cases {
        case.title.push_str("\u{1b}[32mpass\u{1b}[0m");
        for step in &mut case.steps {
            for check in &mut step.checks {
                check.observed.push_str("\u{1b}]0;owned\u{7}\u{9b}2J\u{202e}");
            }
            for exchange in &mut step.exchanges {
                if let Some(response) = &mut exchange.response {
                    response.body = Some("a\u{8}\u{8}b\u{1b}[2J".to_owned());
                    response.headers.push(("x\u{1b}".to_owned(), "\r\u{0}".to_owned()));
                }
            }
        }
    }
    for text in [on_console(&report, 80), junit::render(&report).unwrap()] {
        let harmful = text.chars().find(|c| (c.is_control() && *c != '\n' && *c != '\t') || *c == '\u{202e}');
        assert_eq!(harmful, None);
    }
}

#[test]
fn the_command_for_the_failures_is_on_one_line() {
    let command = format!("again     {} --filter audience/prefix --filter expiry/past", AGAIN.unwrap());
    for width in [32, 80, 120] {
        let text = on_console(&sample::nonconformant(), width);
        assert!(text.lines().any(|line| line == command), "{text}");
    }
}

#[test]
fn a_report_that_was_not_written_is_the_last_word_and_nothing_green_follows() {
    let error = std::io::Error::other("cannot write `reports/report.json`: no space left on device");
    let style = Style { color: true, width: 200, ..Style::default() };
    let text = console::render(&sample::conformant(), &style, Err(&error), AGAIN);
    let (_, after) = text.split_once("no report file was written").unwrap();
    assert!(!after.contains("\u{1b}[32m"), "{after}");
    assert_eq!(
        text.lines().last(),
        Some(
            "\u{1b}[1;31mNo report file was written: cannot write `reports/report.json`: no space left on device.\u{1b}[0m"
        )
    );
}

#[test]
fn verbose_says_which_rule_refused() {
    let mut report = sample::conformant();
    for step in report.cases.iter_mut().flat_map(|case| &mut case.steps).filter(|step| step.kind == "refuse")
    {
        step.checks[0].observed = "401, TOK-ISS: the issuer is not the configured one".to_owned();
    }
    let line = "enterprise-manager refuses `bad`: 401, TOK-ISS: the issuer is not the configured one";
    for (verbose, expected) in [(true, 6), (false, 0)] {
        let style = Style { width: 120, verbose, ..Style::default() };
        let text = console::render(&report, &style, Ok(&[]), AGAIN);
        assert_eq!(text.matches(line).count(), expected, "{text}");
    }
}

#[test]
fn json_and_junit() {
    let report = sample::nonconformant();
    expect_file!["../golden/report/report.json"].assert_eq(&json::render(&report).unwrap());
    expect_file!["../golden/report/junit.xml"].assert_eq(&junit::render(&report).unwrap());
    expect_file!["../golden/report/junit-sabotaged.xml"]
        .assert_eq(&junit::render(&sample::sabotaged()).unwrap());
}

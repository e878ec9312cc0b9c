//! The reports of hand-written runs, held against golden files. `UPDATE_EXPECT=1 cargo test` writes them anew.

mod files;
mod sample;
mod schema;

use expect_test::expect_file;
use touchstone::{
    outcome::Report,
    report::{
        console::{self, Style},
        json, junit,
    },
};
use unicode_width::UnicodeWidthStr as _;

fn on_console(report: &Report, width: usize) -> String {
    console::render(
        report,
        &Style { width, ..Style::default() },
        &["reports/report.json".into(), "reports/junit.xml".into()],
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
    let plain = console::render(&sample::conformant(), &style, &[]);
    expect_file!["../golden/report/console-ascii-verbose.txt"].assert_eq(&plain);
    assert!(plain.is_ascii(), "{plain}");
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for width in [32, 40, 60, 71, 72, 80, 100, 120] {
        let reports = [sample::nonconformant(), sample::sabotaged(), sample::conformant(), sample::hostile()];
        for report in reports {
            for line in on_console(&report, width).lines() {
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
    let coloured =
        console::render(&report, &style, &["reports/report.json".into(), "reports/junit.xml".into()]);
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
fn json_and_junit() {
    let report = sample::nonconformant();
    expect_file!["../golden/report/report.json"].assert_eq(&json::render(&report).unwrap());
    expect_file!["../golden/report/junit.xml"].assert_eq(&junit::render(&report).unwrap());
    expect_file!["../golden/report/junit-sabotaged.xml"]
        .assert_eq(&junit::render(&sample::sabotaged()).unwrap());
}

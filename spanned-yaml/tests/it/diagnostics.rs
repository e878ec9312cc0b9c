//! How findings look, and how a mapping is read.

#![expect(clippy::needless_raw_string_hashes, reason = "`UPDATE_EXPECT=1` writes them so")]

use expect_test::{Expect, expect};
use spanned_yaml::{Diagnostics, Fields, Source, Span};

use super::parse;

fn rendered(text: &str, expected: &Expect) {
    let (_, diagnostics) = parse(text);
    expected.assert_eq(&diagnostics.to_string());
}

#[test]
fn a_finding_shows_its_line_and_what_to_do() {
    rendered(
        "a: 1\näé: 2\näé: 3\n",
        &expect![[r#"
        error: duplicate key `äé`
         --> file.yaml:3:1
          |
        3 | äé: 3
          | ^^
          |
          = help: it is already set in line 2"#]],
    );
}

#[test]
fn a_carriage_return_is_not_shown() {
    rendered(
        "a: 1\r\na: 2\r\n",
        &expect![[r#"
        error: duplicate key `a`
         --> file.yaml:2:1
          |
        2 | a: 2
          | ^
          |
          = help: it is already set in line 1"#]],
    );
}

#[test]
fn an_empty_file_and_an_open_bracket() {
    rendered(
        "",
        &expect![[r#"
        error: the file is empty
         --> file.yaml:1:1
          |
        1 |
          | ^"#]],
    );
    rendered(
        "a: [1,\n",
        &expect![[r#"
        error: while parsing a node, did not find expected node content
         --> file.yaml:2:1
          |
        2 |
          | ^"#]],
    );
}

#[test]
fn a_variable_in_braces_needs_quotes() {
    rendered(
        "a: {b: x${c}}\n",
        &expect![[r#"
        error: while parsing a flow mapping, did not find expected ',' or '}'
         --> file.yaml:1:10
          |
        1 | a: {b: x${c}}
          |          ^
          |
          = help: inside `{…}` and `[…]` a text with `${…}` in it needs quotes"#]],
    );
}

#[test]
fn findings_stand_in_the_order_of_the_file() {
    let mut diagnostics = Diagnostics::new(Source::new("file.yaml", "one\ntwo\n"));
    diagnostics.error(Span { start: 4, end: 7 }, "second").label("here");
    diagnostics.warning(Span { start: 0, end: 3 }, "first").help("why not");
    expect![[r#"
        warning: first
         --> file.yaml:1:1
          |
        1 | one
          | ^^^
          |
          = help: why not

        error: second
         --> file.yaml:2:1
          |
        2 | two
          | ^^^ here"#]]
    .assert_eq(&diagnostics.to_string());
}

#[test]
fn a_long_line_is_cut_and_its_column_is_right() {
    let mut diagnostics = Diagnostics::new(Source::new(
        "file.yaml",
        format!("a\n{}é here {}", "é".repeat(5_000), "y".repeat(5_000)),
    ));
    let start = 2 + 5_001 * 2 + 1;
    diagnostics.error(Span { start, end: start + 4 }, "found");
    let text = diagnostics.to_string();
    assert!(text.contains("file.yaml:2:5003"), "{text}");
    assert!(text.len() < 1_500, "{}", text.len());
}

#[test]
fn control_characters_do_not_reach_the_terminal() {
    let mut diagnostics = Diagnostics::new(Source::new("file.yaml", "a: \u{1b}[31m\u{202e}\u{7}x\n"));
    diagnostics
        .error(Span { start: 3, end: 4 }, "`\u{1b}[31m\u{202e}x\ny`")
        .label("\u{9b}")
        .help("\u{2066}\u{0}");
    let text = diagnostics.render(false);
    assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{7}', '\u{9b}', '\u{2066}', '\0']), "{text:?}");
}

#[test]
fn a_span_beyond_the_file_is_shown_at_its_end() {
    let mut diagnostics = Diagnostics::new(Source::new("file.yaml", "aé"));
    diagnostics.error(Span { start: 2, end: 90 }, "inside a character");
    diagnostics.error(Span { start: 70, end: 90 }, "beyond");
    assert_eq!(diagnostics.to_string().matches("error:").count(), 2);
}

#[test]
fn many_findings_are_counted() {
    let mut diagnostics = Diagnostics::new(Source::new("file.yaml", "a"));
    for _ in 0..60 {
        diagnostics.error(Span::default(), "x");
    }
    assert!(diagnostics.render(false).ends_with("… and 10 more in file.yaml\n\n"));
}

#[test]
fn a_mapping_is_read_key_by_key() {
    let (node, mut diagnostics) =
        parse("nmae: x\ncount: [1]\nflag: yes\nempty: ''\nkind: blu\nlist: x\nunknown: 1\n");
    let node = node.unwrap();
    let mut fields = Fields::new(&node, "a thing", &mut diagnostics).unwrap();
    assert_eq!(fields.required_text("name", &mut diagnostics), None);
    assert_eq!(fields.text("count", &mut diagnostics), None);
    assert_eq!(fields.boolean("flag", &mut diagnostics), None);
    assert_eq!(fields.required_text("empty", &mut diagnostics), None);
    assert_eq!(fields.choice("kind", &[("blue", 1), ("red", 2)], &mut diagnostics), None);
    assert!(fields.texts("list", &mut diagnostics).is_empty());
    fields.finish(&mut diagnostics);
    expect![[r#"
        error: a thing needs `name`
         --> file.yaml:1:1
          |
        1 | nmae: x
          | ^^^^

        error: a thing has no `nmae`
         --> file.yaml:1:1
          |
        1 | nmae: x
          | ^^^^
          |
          = help: did you mean `name`?

        error: expected a string, found a list
         --> file.yaml:2:8
          |
        2 | count: [1]
          |        ^^^

        error: expected `true` or `false`, found a string
         --> file.yaml:3:7
          |
        3 | flag: yes
          |       ^^^

        error: `empty` is empty
         --> file.yaml:4:8
          |
        4 | empty: ''
          |        ^^

        error: `blu` is no kind
         --> file.yaml:5:7
          |
        5 | kind: blu
          |       ^^^
          |
          = help: did you mean `blue`? there are `blue`, `red`

        error: expected a list, found a string
         --> file.yaml:6:7
          |
        6 | list: x
          |       ^

        error: a thing has no `unknown`
         --> file.yaml:7:1
          |
        7 | unknown: 1
          | ^^^^^^^
          |
          = help: it has `name`, `count`, `flag`, `empty`, `kind`, `list`"#]]
    .assert_eq(&diagnostics.to_string());
}

#[test]
fn a_lenient_mapping_refuses_near_misses_only() {
    let (node, mut diagnostics) = parse("isuser: x\nreplicas: 1\n");
    let node = node.unwrap();
    let mut fields = Fields::new(&node, "a thing", &mut diagnostics).unwrap();
    fields.optional("issuer");
    fields.finish_lenient(&mut diagnostics);
    let found: Vec<_> =
        diagnostics.iter().map(|finding| (finding.severity, finding.message.as_str())).collect();
    expect![[r#"
        [
            (
                Error,
                "a thing has no `isuser`",
            ),
            (
                Warning,
                "a thing has no `replicas`",
            ),
        ]
    "#]]
    .assert_debug_eq(&found);
}

#[test]
fn a_tab_is_shown_where_it_is() {
    for text in ["a: v1\n\tb: x\n", "é: v1\n\tb: x\n"] {
        let (_, diagnostics) = parse(text);
        let at = diagnostics.iter().next().unwrap().span;
        assert_eq!(at.start, text.find('\t').unwrap(), "{diagnostics}");
    }
}

#[test]
fn the_name_of_a_file_does_not_steer_a_terminal() {
    let mut diagnostics =
        Diagnostics::new(Source::new("a\u{1b}[31m.yaml", format!("a: {}", "x".repeat(2_000))));
    diagnostics.error(Span { start: 0, end: 1 }, "first");
    diagnostics.error(Span { start: 1_500, end: 1_501 }, "second");
    assert!(!diagnostics.to_string().contains('\u{1b}'), "{diagnostics}");
}

//! Hostile input ends early, with a message.

use std::fmt::Write as _;

use spanned_yaml::{Diagnostics, Limits, Source, parse_documents};

use super::{messages, parse};

#[test]
fn a_billion_laughs_are_not_laughed() {
    let mut text = "a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]\n".to_owned();
    for level in 1..10 {
        let inner = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(text, "a{level}: &a{level} [{inner}]").unwrap();
    }
    assert_eq!(messages(&text), ["more than 500000 values, aliases counted each time"]);
}

#[test]
fn copies_of_a_long_text_count_by_their_length() {
    let text = "x".repeat(1 << 20);
    let aliases = "*a,".repeat(10_000);
    assert_eq!(
        messages(&format!("a: &a {text}\nb: [{aliases}]\n")),
        ["more than 500000 values, aliases counted each time"]
    );
    assert_eq!(
        messages(&format!("a: &a {{{text}: 1}}\nb: [{aliases}]\n")),
        ["more than 500000 values, aliases counted each time"]
    );
}

#[test]
fn what_is_kept_for_anchors_counts() {
    // Every level is kept once more for its anchor: 60 copies of a list that is itself within the limit.
    let text = format!("[{}]", "x,".repeat(20_000));
    let nested = (0..60).fold(text, |inner, level| format!("&n{level} [{inner}]"));
    assert_eq!(messages(&nested), ["more than 500000 values, aliases counted each time"]);
}

#[test]
fn depth_is_limited_however_it_is_built() {
    let blocks: Vec<_> = (0..100).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    assert_eq!(messages(&blocks.concat()), ["nested more than 64 levels deep"]);
    let brackets = format!("{}{}", "[".repeat(100), "]".repeat(100));
    assert_eq!(messages(&brackets), ["nested more than 64 levels deep"]);
    let aliases = (1..100).fold("k0: &a0 []\n".to_owned(), |text, level| {
        format!("{text}k{level}: &a{level} [*a{}]\n", level - 1)
    });
    assert_eq!(messages(&aliases), ["nested more than 64 levels deep"]);
    let sixty_four = format!("{}{}", "[".repeat(64), "]".repeat(64));
    assert_eq!(messages(&sixty_four), Vec::<String>::new());
}

#[test]
fn a_very_long_run_of_brackets_does_not_end_the_process() {
    assert_eq!(messages(&"[".repeat(200_000)).len(), 1);
    assert_eq!(messages(&"- ".repeat(200_000)).len(), 1);
    assert_eq!(messages(&"{".repeat(200_000)).len(), 1);
}

#[test]
fn documents_are_limited() {
    let limits = Limits { documents: 3, ..Limits::default() };
    let mut diagnostics = Diagnostics::new(Source::new("file.yaml", "---\na\n".repeat(4)));
    assert!(parse_documents(&mut diagnostics, limits).is_empty());
    assert!(diagnostics.to_string().contains("more than 3 documents"));
}

#[test]
fn empty_documents_are_left_out() {
    let mut diagnostics =
        Diagnostics::new(Source::new("file.yaml", "---\n---\na: 1\n---\n# nothing\n---\nb: 2\n"));
    assert_eq!(parse_documents(&mut diagnostics, Limits::default()).len(), 2);
    assert!(diagnostics.is_empty());
}

#[test]
fn duplicates_are_all_reported_up_to_a_limit() {
    assert_eq!(
        messages("a: 1\nb: {c: 1, c: 2}\na: 2\na: 3\n"),
        ["duplicate key `c`", "duplicate key `a`", "duplicate key `a`"]
    );
    let found = messages(&"a: 1\n".repeat(1_000));
    assert_eq!(found.len(), 101);
    assert_eq!(found[100], "more than 100 duplicate keys");
}

#[test]
fn the_first_of_two_equal_keys_is_kept() {
    let (node, _) = parse("a: 1\n'a': 2\n");
    assert_eq!(node.unwrap().to_json(), serde_json::json!({"a": 1}));
}

#[test]
fn what_would_change_a_meaning_silently_is_refused() {
    assert_eq!(messages("a: !!python/object x\n"), ["a YAML tag"]);
    assert_eq!(messages("a: !!int '1'\n"), ["a YAML tag"]);
    assert_eq!(messages("a: !!map {}\n"), ["a YAML tag"]);
    assert_eq!(messages("? {a: b}\n: c\n"), ["a key that is no scalar"]);
    assert_eq!(messages("a: &a [*a]\n"), ["an alias inside the value that it names"]);
    assert_eq!(messages("a: *nobody\n").len(), 1);
    let (node, _) = parse("a: !!str 1\n<<: {b: 2}\n");
    assert_eq!(node.unwrap().to_json(), serde_json::json!({"a": "1", "<<": {"b": 2}}));
}

#[test]
fn anchors_end_with_their_document() {
    assert_eq!(messages("---\na: &x 1\n---\nb: *x\n").len(), 1);
}

#[test]
fn a_file_is_text_of_a_sane_size() {
    let read =
        |bytes: &[u8]| Source::from_bytes("file.yaml", bytes.to_vec()).map_err(|error| error.to_string());
    assert_eq!(read(b"\xef\xbb\xbfa: 1").unwrap().text(), "a: 1");
    assert_eq!(
        read(b"a\0").unwrap_err(),
        "cannot read `file.yaml`: not a text file (byte 1 is not UTF-8 text)"
    );
    assert_eq!(
        read(b"ab\xff").unwrap_err(),
        "cannot read `file.yaml`: not a text file (byte 2 is not UTF-8 text)"
    );
    let huge = vec![b' '; (8 << 20) + 1];
    assert!(read(&huge).unwrap_err().contains("larger than 8 MiB"));
}

#[test]
fn a_large_file_takes_no_time() {
    let rows: Vec<_> = (0..50_000).map(|row| format!("- {{id: {row}, name: ü{row}}}\n")).collect();
    assert_eq!(messages(&rows.concat()), Vec::<String>::new());
    assert_eq!(messages(&"x".repeat(8 << 20)), Vec::<String>::new());
}

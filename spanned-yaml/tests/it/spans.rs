//! Every node knows its place.

use spanned_yaml::{Node, Source, Span, Value};

use super::parse;

/// The text at each node and key, in the order of the tree, collections after a `#`.
fn places(text: &str) -> Vec<String> {
    let (node, diagnostics) = parse(text);
    assert!(!diagnostics.has_errors(), "{diagnostics}");
    let mut found = Vec::new();
    if let Some(node) = node {
        visit(&node, text, &mut found);
    }
    found
}

fn visit(node: &Node, text: &str, found: &mut Vec<String>) {
    let at = |start, end| text.get(start..end).unwrap_or("?").to_owned();
    let own = at(node.span.start, node.span.end);
    match &node.value {
        Value::Scalar(_) => found.push(own),
        Value::Sequence(items) => {
            found.push(format!("#{own}"));
            for item in items {
                visit(item, text, found);
            }
        }
        Value::Mapping(entries) => {
            found.push(format!("#{own}"));
            for entry in entries {
                found.push(at(entry.key_span.start, entry.key_span.end));
                visit(&entry.value, text, found);
            }
        }
    }
}

#[test]
fn flow_collections_reach_to_their_brackets() {
    assert_eq!(
        places("a: [1, {b: c}]  # end\n"),
        ["#a: [1, {b: c}]", "a", "#[1, {b: c}]", "1", "#{b: c}", "b", "c"]
    );
    assert_eq!(places("a: { }\n"), ["#a: { }", "a", "#{ }"]);
}

#[test]
fn block_collections_end_with_their_last_value() {
    assert_eq!(
        places("a:\n  - x\n  - y: z\n\n# comment\nb: 1\n"),
        ["#a:\n  - x\n  - y: z\n\n# comment\nb: 1", "a", "#- x\n  - y: z", "x", "#y: z", "y", "z", "b", "1"]
    );
}

#[test]
fn quotes_belong_to_the_place_and_not_to_the_text() {
    assert_eq!(places("'a b': \"c\\u0041\"\n"), ["#'a b': \"c\\u0041\"", "'a b'", "\"c\\u0041\""]);
    let (node, _) = parse("'a b': \"c\\u0041\"\n");
    assert_eq!(node.unwrap().get("a b").unwrap().as_str(), Some("cA"));
}

#[test]
fn block_scalars_begin_with_their_text() {
    assert_eq!(places("a: |\n  one\n  two\nb: 1\n")[2], "one\n  two\n");
}

#[test]
fn a_missing_value_stands_at_its_colon() {
    let (node, _) = parse("a:\nb: 1\n");
    let node = node.unwrap();
    let nothing = node.get("a").unwrap();
    assert!(nothing.is_null());
    assert_eq!(nothing.span.start, nothing.span.end);
    assert_eq!(nothing.span.start, 1);
}

#[test]
fn windows_line_ends_shift_nothing() {
    assert_eq!(
        places("a:\r\n  b: 1\r\nc: é\r\n"),
        ["#a:\r\n  b: 1\r\nc: é", "a", "#b: 1", "b", "1", "c", "é"]
    );
}

#[test]
fn columns_count_characters_and_offsets_bytes() {
    let text = "日本: [é, x]\n";
    assert_eq!(places(text), ["#日本: [é, x]", "日本", "#[é, x]", "é", "x"]);
    let (node, diagnostics) = parse(text);
    let node = node.unwrap();
    let last = &node.get("日本").unwrap().as_sequence().unwrap()[1];
    assert_eq!(diagnostics.source().position(last.span), (1, 9));
}

#[test]
fn places_hold_beyond_the_first_landmark() {
    let text = format!("a: {}\nb: \"ü{}\"\nc: end\n", "é".repeat(500), "x".repeat(500));
    let found = places(&text);
    assert_eq!(found.last().map(String::as_str), Some("end"));
    assert_eq!(found[4].chars().count(), 503);
}

#[test]
fn an_alias_stands_where_it_is_written() {
    assert_eq!(places("a: &x [1]\nb: *x\n")[4..], ["b", "#*x", "1"]);
}

#[test]
fn a_position_in_a_long_text_is_that_of_a_count() {
    let short = (0..3_000).map(|line| format!("ü{line}\n")).collect::<Vec<_>>().concat();
    // Blocks end in the middle of a character, and a line has many of them.
    let long = format!("a{}\n{}", "é".repeat(9_000), "日".repeat(5_000));
    for text in [short, long] {
        let source = Source::new("file.yaml", &text);
        let places = (0..=text.len()).filter(|at| text.is_char_boundary(*at)).step_by(97);
        for start in
            places.chain([text.len(), text.floor_char_boundary(4096), text.floor_char_boundary(8192)])
        {
            let before = &text[..start];
            let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
            let expected = (before.matches('\n').count() + 1, column);
            assert_eq!(source.position(Span { start, end: start }), expected, "byte {start}");
        }
    }
    let exact = Source::new("file.yaml", "\n".repeat(8192));
    assert_eq!(exact.position(Span { start: 8192, end: 8192 }), (8193, 1));
}

/// JSON has one way to write such a character, and YAML another.
#[test]
fn surrogate_pairs_of_json_are_read_and_places_are_not_moved() {
    let text = r#"{"a\\ud83d": "\ud83d\ude00 x", "é": ["\uD83D\uDE00\n\ud83d\ude01", "é"]}"#;
    let (node, diagnostics) = parse(text);
    assert!(diagnostics.is_empty(), "{diagnostics}");
    let node = node.unwrap();
    assert_eq!(node.get("a\\ud83d").unwrap().as_str(), Some("\u{1f600} x"));
    let list = node.get("é").unwrap().as_sequence().unwrap();
    assert_eq!(list[0].as_str(), Some("\u{1f600}\n\u{1f601}"));
    assert_eq!(&text[list[0].span.start..list[0].span.end], r#""\uD83D\uDE00\n\ud83d\ude01""#);
    assert_eq!(&text[list[1].span.start..list[1].span.end], "\"é\"");
    // Half a pair is no character, and YAML that is no JSON has its own escapes.
    for text in [r#"{"a": "\ud83d"}"#, r#"a: "\ud83d\ude00""#] {
        assert!(parse(text).1.has_errors(), "{text}");
    }
    assert_eq!(parse(r"a: '\ud83d\ude00'").0.unwrap().get("a").unwrap().as_str(), Some(r"\ud83d\ude00"));
}

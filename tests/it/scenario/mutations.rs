//! Whatever becomes of a good file, the reader ends, reports, and shows what it reports.

use std::fs;

use proptest::prelude::{any, proptest};
use spanned_yaml::Source;
use touchstone::{model::identifier::ScenarioId, scenario::read};

use super::context;

fn file() -> String {
    let path = format!("{}/tests/fixtures/scenario/good/everything.yaml", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(path).unwrap_or_default()
}

/// A scenario comes out exactly if no error was reported; rendering works in either case.
fn holds(text: &str) {
    let source = Source::new("mutated.yaml", text);
    let (scenario, found) = read::scenario(ScenarioId::new("area/behaviour"), &source, &context());
    assert_eq!(scenario.is_none(), found.has_errors(), "{text}");
    assert_eq!(found.render(false).is_empty(), found.is_empty());
    if let Some(scenario) = scenario {
        assert!(!scenario.cells().is_empty());
        assert!(!scenario.requirements.is_empty());
    }
}

proptest! {
    #[test]
    fn a_line_less_or_twice(first in any::<usize>(), second in any::<usize>(), indent in 0_usize..6) {
        let file = file();
        let mut lines: Vec<_> = file.lines().map(str::to_owned).collect();
        lines.remove(first % lines.len());
        let moved = lines.remove(second % lines.len());
        lines.insert(first % lines.len(), format!("{}{}", " ".repeat(indent), moved.trim_start()));
        holds(&lines.join("\n"));
    }

    #[test]
    fn characters_replaced(at in any::<usize>(), length in 0_usize..12, new in "[\\[\\]{}:,$'\"|>&*!#?%@` \tné-]{0,4}") {
        let characters: Vec<_> = file().chars().collect();
        let start = at % characters.len();
        let end = (start + length).min(characters.len());
        let text: String =
            characters[..start].iter().copied().chain(new.chars()).chain(characters[end..].iter().copied()).collect();
        holds(&text);
    }
}

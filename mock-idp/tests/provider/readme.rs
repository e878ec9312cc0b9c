//! The README's tables are what the profiles and the conformance suite say.

use std::{collections::BTreeSet, fmt::Write as _};

use expect_test::expect_file;
use mock_idp::{
    profile::{Profile, Section},
    tenants::SHIPPED,
};

use crate::conformance;

const BEGIN: &str = "<!-- fidelity: begin -->\n";
const END: &str = "<!-- fidelity: end -->";
const ROWS_BEGIN: &str = "<!-- conformance: begin -->\n";
const ROWS_END: &str = "<!-- conformance: end -->";

#[test]
fn the_tables_are_those_of_the_profiles_and_the_suite() {
    let readme = include_str!("../../README.md");
    let (before, rest) = readme.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let whole = format!("{before}{BEGIN}{}{END}{after}", table());
    let (before, rest) = whole.split_once(ROWS_BEGIN).unwrap();
    let (_, after) = rest.split_once(ROWS_END).unwrap();
    let expected = format!("{before}{ROWS_BEGIN}{}{ROWS_END}{after}", conformance::table());
    expect_file!["../../README.md"].assert_eq(&expected);
}

#[test]
fn every_shipped_tenant_is_named() {
    let readme = include_str!("../../README.md");
    let program = include_str!("../../src/main.rs");
    for (name, _) in SHIPPED {
        assert!(readme.contains(&format!("`{name}`")), "the README has no `{name}`");
        assert!(program.contains(name), "the help of `--config` has no `{name}`");
    }
}

fn table() -> String {
    let mut text = String::new();
    for profile in Profile::all() {
        write!(text, "\n**{}** (`profiles/{}.yaml`)\n\n", profile.title, profile.name).unwrap();
        text.push_str("| What | Fields | Confidence | Sources |\n|---|---|---|---|\n");
        for section in Section::ALL {
            let fields: Vec<_> = profile.section(section).iter().filter(|field| !field.inherited).collect();
            if fields.is_empty() {
                continue;
            }
            let count =
                |letter: char| fields.iter().filter(|field| field.confidence.letter() == letter).count();
            let known: Vec<_> = ['D', 'S', 'I', 'K']
                .into_iter()
                .filter(|letter| count(*letter) > 0)
                .map(|letter| format!("{} {letter}", count(letter)))
                .collect();
            let sources: BTreeSet<_> = fields.iter().map(|field| field.source.as_str()).collect();
            let sources: Vec<_> = sources.into_iter().collect();
            let what = section.name().replace('_', " ");
            writeln!(text, "| {what} | {} | {} | {} |", fields.len(), known.join(", "), sources.join(", "))
                .unwrap();
        }
        text.push('\n');
        if let Some(parent) = &profile.extends {
            let all = Section::ALL.into_iter().flat_map(|section| profile.section(section));
            let inherited = all.filter(|field| field.inherited).count();
            writeln!(
                text,
                "{inherited} further fields are those of `{parent}`: nothing else is known of them.\n"
            )
            .unwrap();
        }
        for (name, source) in &profile.sources {
            writeln!(text, "- {name}: {source}").unwrap();
        }
    }
    text.push('\n');
    text
}

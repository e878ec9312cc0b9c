//! Suites: the catalogue, coverage, the files that scenarios name, cells, the digest.

use std::collections::BTreeMap;

use expect_test::expect_file;
use spanned_yaml::{Diagnostics, Source};
use touchstone::{
    model::identifier::{RequirementId, ScenarioId},
    scenario::{CheckedSuite, Suite, read::Outside, suite},
};

const SCENARIO: &str = "\
title: a foreign audience is refused at ${matrix.setup}
why: a token for one service must not open another
requirements: [TOK-AUD]
matrix:
  setup: {values: [one, two], repeats: true}
  shape: [string, list]
platform: {values: \"../values/${matrix.setup}.yaml\"}
idp: {tenant: okta}
steps:
  - sign_in: {user: ann@acme.test, as: good}
  - mint: {as: foreign, from: good, claims: {aud: \"${matrix.shape}\"}}
  - accept: {by: enterprise-manager, token: good}
  - refuse: {by: enterprise-manager, token: foreign, rule: TOK-AUD, control: good}
";

const CATALOGUE: &str = "\
sets: {\"1\": [TOK-AUD]}
requirements:
  - {id: TOK-AUD, statement: the audience matches, level: MUST, provenance: [doc], source: PLATFORM §3, implies: [TOK-AUD-TYPE]}
  - {id: TOK-AUD-TYPE, statement: of the right type, level: SHOULD, provenance: [obs], source: PLATFORM §3, untested: no time}
";

fn suite(changes: &[(&str, &str)]) -> Suite {
    let mut files: BTreeMap<String, Source> = BTreeMap::new();
    let usual = [
        ("requirements.yaml", CATALOGUE),
        ("audience/foreign.yaml", SCENARIO),
        ("values/one.yaml", "a: 1\n"),
        ("values/two.yaml", "a: 2\n"),
        ("README.md", "# Words\n"),
    ];
    for (path, text) in usual.iter().chain(changes) {
        files.insert((*path).to_owned(), Source::new(path, text));
    }
    files.retain(|_, source| !source.text().is_empty());
    Suite { name: "scenarios".to_owned(), files }
}

fn good() -> Result<CheckedSuite, Vec<Diagnostics>> {
    suite(&[]).check(Outside::default())
}

/// The findings of all files, one after the other, are those of the golden file.
fn bad(golden: &str, changes: &[(&str, &str)]) {
    let text = match suite(changes).check(Outside::default()) {
        Ok(_) => "no error".to_owned(),
        Err(found) => found.iter().map(|found| found.render(false)).collect(),
    };
    let path = format!("{}/tests/fixtures/scenario/suite/{golden}.err", env!("CARGO_MANIFEST_DIR"));
    expect_file![path].assert_eq(&format!("{}\n", text.trim_end()));
}

#[test]
fn a_suite_has_its_scenarios_and_its_catalogue() {
    let suite = good().unwrap();
    assert!(suite.warnings.is_empty());
    assert!(suite.find(&ScenarioId::new("audience/foreign")).is_some());
    assert_eq!(suite.catalogue.requirements.len(), 2);
    assert_eq!(suite.catalogue.sets["1"], [RequirementId::new("TOK-AUD")]);
}

#[test]
fn cells_come_in_the_order_written() {
    let suite = good().unwrap();
    let scenario = &suite.scenarios[0];
    let cells = scenario.cells();
    let ids: Vec<_> = cells.iter().map(|cell| cell.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "audience/foreign[setup=one,shape=string]",
            "audience/foreign[setup=one,shape=list]",
            "audience/foreign[setup=two,shape=string]",
            "audience/foreign[setup=two,shape=list]",
        ]
    );
    assert_eq!(scenario.distinct_cases(), 2);
    assert_eq!(scenario.distinct_key(&cells[2]).as_str(), "audience/foreign[shape=string]");
    assert_eq!(scenario.title.fill(&cells[2]).unwrap(), "a foreign audience is refused at two");
}

#[test]
fn the_digest_changes_with_names_and_contents() {
    let digest = |changes: &[(&str, &str)]| suite(changes).digest();
    assert_eq!(digest(&[]), good().unwrap().digest);
    assert_eq!(digest(&[]).len(), 64);
    assert_ne!(digest(&[]), digest(&[("README.md", "# Other words\n")]));
    assert_ne!(digest(&[("a", "bc")]), digest(&[("ab", "c")]));
}

#[test]
fn references_are_relative_to_the_scenario() {
    let resolve = |reference| suite::resolve(&ScenarioId::new("audience/foreign"), reference);
    assert_eq!(resolve("../values/x.yaml").as_deref(), Some("values/x.yaml"));
    assert_eq!(resolve("./x.yaml").as_deref(), Some("audience/x.yaml"));
    assert_eq!(resolve("../../x.yaml"), None);
    assert_eq!(resolve("/etc/passwd"), None);
}

#[test]
fn a_file_that_a_cell_names_must_exist() {
    bad("values-missing", &[("values/two.yaml", "")]);
    let outside = SCENARIO.replace("../values", "../../values").replace("okta}", "../tenants/okta.yaml}");
    bad("values-outside", &[("audience/foreign.yaml", &outside)]);
}

#[test]
fn a_scenario_has_its_place() {
    bad(
        "misplaced",
        &[("foreign.yaml", SCENARIO), ("audience/prefix.yml", SCENARIO), ("Audience/x.yaml", SCENARIO)],
    );
}

#[test]
fn a_suite_has_a_catalogue() {
    bad("no-catalogue", &[("requirements.yaml", "")]);
}

#[test]
fn every_requirement_is_covered_or_says_why_not() {
    let catalogue = CATALOGUE
        .replace(", implies: [TOK-AUD-TYPE]", ", untested: later")
        .replace(", untested: no time", "");
    bad("coverage", &[("requirements.yaml", &catalogue)]);
}

#[test]
fn the_catalogue_is_checked_at_once() {
    bad("catalogue", &[(
            "requirements.yaml",
            "\
sets: {\"1\": [TOK-AUD, TOK-AUX, TOK-AUD], \"2\": [TOK-OFF], \"3\": TOK-AUD}
requirements:
  - {id: TOK-AUD, statement: the audience matches, level: MUST, provenance: [doc], source: PLATFORM §3, implies: [TOK-AUDD]}
  - {id: TOK-AUD, statement: again, level: MUST, provenance: [doc], source: PLATFORM §3}
  - {id: TOK-OFF, statement: off, level: MUST, provenance: [rfc, doc], source: PLATFORM §3, excluded: cannot}
  - {id: TOK-BOTH, statement: both, level: MAY, provenance: [own], source: here, excluded: x, untested: y}
  - {id: tokens, statement: lower case, level: must, provenance: [docs], source: here}
  - {id: TOK-NO, level: MAY, provenance: [], source: here, untested: }
  - {id: TOK-EMPTY, statement: empty, level: MAY, provenance: [own], source: here, untested: \"\", note: x}
",
        )]);
}

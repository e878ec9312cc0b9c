//! Shapes that others build on, frozen: a change of one of these files is a change for every user.

use expect_test::expect_file;
use schemars::schema_for;
use touchstone::{
    model::rule::Rule,
    outcome::{Capability, Event, ExitCode},
};

#[test]
fn exit_codes_in_the_order_of_precedence() {
    let text: String = ExitCode::PRECEDENCE
        .iter()
        .map(|code| format!("{} {}\n", code.code(), serde_json::to_value(code).unwrap().as_str().unwrap()))
        .collect();
    expect_file!["../golden/shapes/exit-codes.txt"].assert_eq(&text);
}

#[test]
fn outcome_events() {
    let schema = serde_json::to_string_pretty(&schema_for!(Event)).unwrap();
    expect_file!["../golden/shapes/event.schema.json"].assert_eq(&format!("{schema}\n"));
}

#[test]
fn capabilities() {
    let all = [
        Capability::ClockControl,
        Capability::FaultInjection,
        Capability::KeyRotation,
        Capability::Minting,
        Capability::Journal,
    ];
    let text: String = all.iter().map(|capability| format!("{}\n", capability.name())).collect();
    for capability in all {
        assert_eq!(serde_json::to_value(capability).unwrap(), capability.name());
    }
    expect_file!["../golden/shapes/capabilities.txt"].assert_eq(&text);
}

/// The ids of the catalogue, their order, level and provenance; and which of them can be broken.
#[test]
fn requirements() {
    let text = include_str!("../../scenarios/requirements.yaml");
    let mut diagnostics =
        spanned_yaml::Diagnostics::new(spanned_yaml::Source::new("requirements.yaml", text));
    let catalogue = spanned_yaml::parse(&mut diagnostics).unwrap().to_json();
    let mut lines = String::new();
    for requirement in catalogue["requirements"].as_array().unwrap() {
        let id = requirement["id"].as_str().unwrap();
        let provenance: Vec<_> =
            requirement["provenance"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
        let state = match (requirement.get("untested").is_some(), Rule::by_id(id).is_some()) {
            (true, _) => "untested",
            (false, true) => "tested, can be broken",
            (false, false) => "tested, CANNOT BE BROKEN",
        };
        lines +=
            &format!("{id} {} {} {state}\n", requirement["level"].as_str().unwrap(), provenance.join("+"));
    }
    assert!(!lines.contains("CANNOT"), "{lines}");
    expect_file!["../golden/shapes/requirements.txt"].assert_eq(&lines);
}

//! Shapes that others build on, frozen: a change of one of these files is a change for every user.

use expect_test::expect_file;
use schemars::schema_for;
use touchstone::{
    model::rule::Rule,
    outcome::{Capability, Event, ExitCode},
};

#[test]
fn exit_codes_in_the_order_of_precedence() {
    let name = |code: &ExitCode| serde_json::to_value(code).unwrap().as_str().unwrap().to_owned();
    let lines: Vec<_> =
        ExitCode::PRECEDENCE.iter().map(|code| format!("{} {}", code.code(), name(code))).collect();
    expect_file!["../golden/shapes/exit-codes.txt"].assert_eq(&(lines.join("\n") + "\n"));
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
    let text = all.map(Capability::name).join("\n") + "\n";
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
    let mut lines = Vec::new();
    for requirement in catalogue["requirements"].as_array().unwrap() {
        let id = requirement["id"].as_str().unwrap();
        let provenance: Vec<_> =
            requirement["provenance"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
        let state = match (requirement.get("untested").is_some(), Rule::by_id(id).is_some()) {
            (true, _) => "untested",
            (false, true) => "tested, can be broken",
            (false, false) => "tested, CANNOT BE BROKEN",
        };
        lines.push(format!(
            "{id} {} {} {state}",
            requirement["level"].as_str().unwrap(),
            provenance.join("+")
        ));
    }
    let text = lines.join("\n") + "\n";
    assert!(!text.contains("CANNOT"), "{text}");
    expect_file!["../golden/shapes/requirements.txt"].assert_eq(&text);
}

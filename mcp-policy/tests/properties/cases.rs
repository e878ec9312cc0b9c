//! Worlds that were once decided wrongly, or easily could be: small files with the decisions that they must lead to.
//!
//! The first document of a file says why it is there and what is decided; the rest are the manifests. `any` and `all`
//! are the two readings of a condition's lists, `cedarv1` what the open-source proxy does where that differs.

use std::{fs, path::Path};

use serde_json::Value;
use spanned_yaml::{Diagnostics, Limits, Source};

use super::{
    agreement::{Platform, yaml},
    interpreter::{self, Target, Wish, Within},
};

#[test]
fn kept_cases_are_decided_as_they_must_be() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/properties/cases");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 12, "{} cases", files.len());
    let wrong: Vec<String> = files.iter().flat_map(|file| replay(file)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn replay(file: &Path) -> Vec<String> {
    let mut diagnostics =
        Diagnostics::new(Source::new(file.display().to_string(), fs::read_to_string(file).unwrap()));
    let limits = Limits { documents: 100, ..Limits::default() };
    let nodes = spanned_yaml::parse_documents(&mut diagnostics, limits);
    assert!(!diagnostics.has_errors(), "{}", diagnostics.render(false));
    let mut documents: Vec<Value> = nodes.iter().map(spanned_yaml::Node::to_json).collect();
    let head = documents.remove(0);
    assert!(head["why"].as_str().is_some_and(|why| why.len() > 20), "{}: `why` says nothing", file.display());
    let decisions = head["decisions"].as_array().expect("decisions");
    assert!(!decisions.is_empty(), "{}: no decisions", file.display());
    // As it would be written, and with the order turned round: none of it may matter.
    let turned: Vec<Value> = documents.iter().rev().cloned().collect();
    assert_ne!(yaml(&documents), "");
    let platforms = [Platform::of(&documents), Platform::of(&turned)];
    let mut wrong = Vec::new();
    for decision in decisions {
        let (target, wish) = (target(decision), wish(decision));
        let mut claims = decision["claims"].clone();
        for (claim, value) in [("iss", "https://acme.example/"), ("sub", "somebody")] {
            claims.as_object_mut().expect("claims").entry(claim).or_insert_with(|| value.into());
        }
        let asker = interpreter::asker(&documents, &claims);
        for (within, name) in [(Within::Any, "any"), (Within::All, "all")] {
            let expected = allow(&decision[name]);
            let mut tell = |who: &str, said: bool, expected: bool| {
                if said != expected {
                    wrong.push(format!("{}: {who} says {said} under {name} of {decision}", file.display()));
                }
            };
            tell(
                "the interpreter",
                interpreter::allowed(&documents, &target, &asker, &wish, within),
                expected,
            );
            for platform in &platforms {
                let answers = platform.decide(within, &target, &claims, &wish);
                tell("the compiled form", answers.ours, expected);
                if let Some(shown) = decision.get("shown") {
                    tell("a list", answers.shown, allow(shown));
                    tell(
                        "the interpreter's list",
                        interpreter::shown(&documents, &target, &asker, &wish, within),
                        allow(shown),
                    );
                }
                if let Some(by_proxy) = answers.by_proxy {
                    tell("the proxy", by_proxy, decision.get("cedarv1").map_or(expected, allow));
                }
            }
        }
    }
    wrong
}

fn allow(word: &Value) -> bool {
    match word.as_str() {
        Some("allow") => true,
        Some("deny") => false,
        _ => panic!("`allow` or `deny`, not {word}"),
    }
}

fn target(decision: &Value) -> Target {
    let server = decision["server"].as_str().expect("a server");
    let [namespace, kind, name] = server.split('/').collect::<Vec<_>>()[..] else { panic!("`{server}`") };
    Target { namespace: namespace.to_owned(), kind: kind.to_owned(), name: name.to_owned() }
}

fn wish(decision: &Value) -> Wish {
    Wish {
        action: decision["action"].as_str().expect("an action").to_owned(),
        name: decision["name"].as_str().unwrap_or_default().to_owned(),
        read_only: decision["readOnlyHint"].as_bool(),
        destructive: decision["destructiveHint"].as_bool(),
    }
}

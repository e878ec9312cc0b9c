//! The step `browser` from outside: what it believes, and what a report says of it.

use std::{collections::BTreeSet, fs, path::PathBuf, process::Command};

use serde_json::Value as Json;

const HEAD: &str = "\
title: t
why: w
requirements: [UI-SESSION]
platform: {values: values.yaml}
idp: {tenant: okta-per-component}
steps:
";

/// Somebody signs in, is shown a page and signs out; beside it a callback that signs nobody in, and a copy.
const STEPS: &str = "  - browser: {does: sign_in, user: ann@acme.test, callback: {set: {state: other}}, signed_in: false, expect: {status: {ge: 400}}}
  - browser: {does: begin, user: ann@acme.test, capture: {link: '', code: code}, signed_in: false}
  - browser: {does: open, path: '${capture.link}', signed_in: true}
  - browser: {does: open, path: /me, signed_in: true, expect: {status: 200}}
  - browser: {name: copy, cookies_of: window, does: open, path: /me, signed_in: true, expect: {status: 200, body: {not: {contains: '${capture.code}'}}}}
  - browser: {does: submit, path: /sign-out, signed_in: false, expect: {status: 303}}
  - browser: {name: copy, does: open, path: /me, signed_in: false}
  - browser: {does: sign_in, user: ann@acme.test, signed_in: true}
";

/// Exit code and report of a run of these steps.
fn run(name: &str, steps: &str) -> (i32, String) {
    let folder = std::env::temp_dir().join(format!("touchstone-browser-{}-{name}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let values = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios/values/okta-cloud-ui.yaml");
    fs::copy(values, folder.join("values.yaml")).unwrap();
    let scenario = folder.join("scenario.yaml");
    fs::write(&scenario, format!("{HEAD}{steps}")).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_touchstone"))
        .args(["--quiet", "run", "--format", "json", "--accept-untested", "UI-SESSION", "--report"])
        .args([&folder, &scenario])
        .output()
        .unwrap();
    let report = fs::read_to_string(folder.join("report.json"))
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    fs::remove_dir_all(&folder).unwrap();
    (output.status.code().unwrap(), report)
}

/// The statuses of the first checks of `browser` steps.
fn statuses(report: &str) -> Vec<String> {
    let report: Json = serde_json::from_str(report).unwrap();
    let steps = report["cases"][0]["steps"].as_array().unwrap().clone();
    let browsers = steps.into_iter().filter(|step| step["kind"] == "browser");
    browsers.map(|step| step["checks"][0]["status"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_browser_is_believed_where_both_answers_were_seen() {
    let (code, report) = run("good", STEPS);
    assert_eq!(code, 0, "{report}");
    assert_eq!(statuses(&report), vec!["pass"; 8]);
}

#[test]
fn a_report_has_no_cookie_code_or_form_field() {
    // A page that is not what was expected is shown as well.
    let wrong = "  - browser: {does: open, path: /, signed_in: false}
  - browser: {does: sign_in, user: ann@acme.test, signed_in: true, expect: {status: 303, headers: {set-cookie: x}}}
  - browser: {does: open, path: /me, signed_in: true, expect: {status: 200, body: x}}
";
    for (name, steps) in [("secrets", STEPS), ("secrets-wrong", wrong)] {
        let (_, report) = run(name, steps);
        for mask in ["__Host-session=[cookie]", "code=[code]", "[form field]"] {
            assert!(report.contains(mask), "{name}: no {mask} in {report}");
        }
        // What the UI makes up is 256 bits: of those only what it tells the identity provider is shown.
        let is_of_an_id = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let words: Vec<_> = report.split(|c| !is_of_an_id(c)).filter(|word| !word.is_empty()).collect();
        let ids = words.windows(2).filter(|pair| pair[1].len() == 43);
        let shown: BTreeSet<_> = ids.map(|pair| pair[0]).collect();
        assert_eq!(shown, ["code_challenge", "nonce", "state"].into(), "{name}");
    }
}

#[test]
fn a_ui_that_lets_everybody_in_or_nobody_or_is_not_there_is_never_green() {
    for (name, fault) in [
        ("everybody", "{of: cloud-ui, endpoint: me, is: body, body: '{}'}"),
        ("nobody", "{of: cloud-ui, endpoint: me, is: status, status: 401}"),
        ("nonsense", "{of: cloud-ui, endpoint: me, is: status, status: 204}"),
        ("gone", "{of: cloud-ui, is: refused}"),
    ] {
        let (code, report) = run(name, &format!("  - fault: {fault}\n{STEPS}"));
        assert_ne!(code, 0, "{name}: {report}");
        let seen = statuses(&report);
        assert!(!seen.is_empty() && !seen.contains(&"pass".to_owned()), "{name}: {seen:?}");
    }
}

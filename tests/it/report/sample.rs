//! A realistic run, written by hand: every status, exchanges, tokens, and what a target may answer.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use touchstone::{
    model::{
        divergence::{Divergence, Reading, Side},
        identifier::{CaseId, Component, DivergenceId, RequirementId, ScenarioId},
        requirement::{Catalogue, Level, Provenance, Requirement},
    },
    outcome::{
        Capability, CaseResult, Cause, Check, CheckStatus, Exchange, HttpRequest, HttpResponse, Location,
        Observation, Report, Selection, StepResult, SuiteIdentity, TargetIdentity, TokenShown,
        redact::{cut_signatures, show_token},
        verdict::{RunParts, Terms, case_cause, case_status},
    },
};

const GOOD: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjVrQ3lWOVQwIiwidHlwIjoiYXBwbGljYXRpb24vb2t0YS1pbnRlcm5hbC1hdCtqd3QifQ.eyJ2ZXIiOjEsImp0aSI6IkFULmZhMSIsImlzcyI6Imh0dHBzOi8vZGV2LTQyLm9rdGEuY29tL29hdXRoMi9hdXMxIiwiYXVkIjoiYXBpOi8vc3RhY2tsb2stZW50ZXJwcmlzZS1tYW5hZ2VyIiwiaWF0IjoxNzY3MjI1NjAwLCJleHAiOjE3NjcyMjkyMDAsInN1YiI6ImFkYUBleGFtcGxlLmNvbSIsInNjcCI6WyJvcGVuaWQiLCJlbnRlcnByaXNlOnJlYWQiXX0.c2lnbmF0dXJlLW9mLWdvb2Q";
const FOREIGN: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjVrQ3lWOVQwIiwidHlwIjoiYXBwbGljYXRpb24vb2t0YS1pbnRlcm5hbC1hdCtqd3QifQ.eyJ2ZXIiOjEsImp0aSI6IkFULmZhMiIsImlzcyI6Imh0dHBzOi8vZGV2LTQyLm9rdGEuY29tL29hdXRoMi9hdXMxIiwiYXVkIjoic3RhY2tsb2stZW50ZXJwcmlzZS1tYW5hZ2VyIiwiaWF0IjoxNzY3MjI1NjAwLCJleHAiOjE3NjcyMjkyMDAsInN1YiI6ImFkYUBleGFtcGxlLmNvbSIsInNjcCI6WyJvcGVuaWQiLCJlbnRlcnByaXNlOnJlYWQiXX0.c2lnbmF0dXJlLW9mLWZvcmVpZ24";

/// The whole suite with failures, an error and everything between.
pub(crate) fn nonconformant() -> Report {
    let cases = vec![
        passing("sign-in/native", "A person signs in with PKCE and reaches the Manager", "CL-LOGIN"),
        passing("audience/array", "An audience in an array is found", "TOK-AUD"),
        audience_fails(),
        warns(),
        unreached(),
        not_applicable(),
        passing("scope/exact", "The scope is an exact element", "TOK-SCOPE"),
        expected_failure(),
    ];
    assemble(parts(cases), &Terms::default())
}

/// TOK-AUD broken on purpose, and seen.
pub(crate) fn sabotaged() -> Report {
    let cases = vec![passing("scope/exact", "The scope is an exact element", "TOK-SCOPE"), audience_fails()];
    let sabotaged = Some(RequirementId::new("TOK-AUD"));
    assemble(RunParts { sabotaged, ..parts(cases) }, &Terms::default())
}

/// Some of the suite; what was selected holds.
pub(crate) fn filtered() -> Report {
    let cases = vec![
        passing("audience/array", "An audience in an array is found", "TOK-AUD"),
        passing("audience/prefix", "The prefix api:// belongs to the audience", "TOK-AUD"),
    ];
    let selection = Selection { selected: 2, total: 61, filter: Some("audience".to_owned()), shard: None };
    assemble(RunParts { selection, ..parts(cases) }, &Terms::default())
}

/// Everything passed, and what was not tested is accepted.
pub(crate) fn conformant() -> Report {
    let cases = vec![
        passing("sign-in/native", "A person signs in with PKCE and reaches the Manager", "CL-LOGIN"),
        passing("audience/array", "An audience in an array is found", "TOK-AUD"),
        passing("audience/prefix", "The prefix api:// belongs to the audience", "TOK-AUD-TYPE"),
        passing("expiry/past", "An expired token is refused", "TOK-EXP"),
        passing("scope/exact", "The scope is an exact element", "TOK-SCOPE"),
        passing("replay/siblings", "A token for one component is refused by the other", "TOK-REPLAY"),
    ];
    let accepted_untested = BTreeSet::from([RequirementId::new("TOK-KEYSET")]);
    assemble(parts(cases), &Terms { accepted_untested, ..Terms::default() })
}

pub(crate) fn catalogue() -> Catalogue {
    let rule = |id: &str, statement: &str, level, source: &str| Requirement {
        id: RequirementId::new(id),
        statement: statement.to_owned(),
        level,
        provenance: vec![Provenance::Doc, Provenance::Rfc],
        source: source.to_owned(),
        implies: Vec::new(),
        untested: None,
        excluded: None,
    };
    let mut requirements = vec![
        rule(
            "TOK-AUD",
            "`aud` has an element equal to the configured audience, `api://` included",
            Level::Must,
            "RFC 7519 §4.1.3",
        ),
        rule(
            "TOK-AUD-TYPE",
            "an `aud` that is a number, an object or a mixed array is refused",
            Level::Should,
            "RFC 7519 §4.1.3",
        ),
        rule(
            "TOK-REPLAY",
            "a token for one component is refused by every sibling with another audience",
            Level::Must,
            "RFC 8725 §3.9",
        ),
        rule(
            "TOK-SCOPE",
            "the required scope is an exact element of `scp` or `scope`",
            Level::Must,
            "RFC 6749 §3.3",
        ),
        rule("TOK-EXP", "`exp` is required and in the future", Level::Must, "RFC 7519 §4.1.4"),
        rule(
            "TOK-KEYSET",
            "the key set is kept for its age, and a bad fetch never replaces a good one",
            Level::Must,
            "RFC 7517",
        ),
        rule(
            "CL-LOGIN",
            "a client signs in by the authorization code flow with PKCE",
            Level::Must,
            "RFC 7636",
        ),
        rule("EM-ETAG", "a matching `If-None-Match` answers 304", Level::May, "RFC 9110 §13.1.2"),
    ];
    for requirement in &mut requirements {
        if requirement.id.as_str() == "TOK-KEYSET" {
            requirement.untested = Some("needs a scenario language for faults".to_owned());
        }
    }
    let ids = requirements.iter().map(|requirement| requirement.id.clone());
    let set = ids.filter(|id| id.as_str() != "EM-ETAG").collect();
    Catalogue { requirements, sets: BTreeMap::from([("1".to_owned(), set)]), divergences: divergences() }
}

/// One that the sample observes on the other side, one that it observes as it should be, one that nobody observes.
fn divergences() -> Vec<Divergence> {
    let side = |says: &str, accepts: &str| Side { says: says.to_owned(), accepts: vec![accepts.to_owned()] };
    let divergence = |id: &str, about: &str, unobserved: Option<&str>| Divergence {
        id: DivergenceId::new(id),
        about: about.to_owned(),
        sides: BTreeMap::from([
            (Reading::Documentation, side("the documentation answers 401", "unauthorized")),
            (Reading::Standards, side("RFC 6750 answers `403`", "forbidden")),
        ]),
        observations: BTreeMap::from([
            ("unauthorized".to_owned(), "401".to_owned()),
            ("forbidden".to_owned(), "403".to_owned()),
        ]),
        unobserved: unobserved.map(str::to_owned),
    };
    vec![
        divergence("missing-scope", "which status answers a missing scope", None),
        divergence("near-miss", "which status answers a scope that is nearly there", None),
        divergence(
            "base64-url",
            "whether the documented command decodes a token",
            Some("it is about a command"),
        ),
    ]
}

pub(crate) fn assemble(parts: RunParts, terms: &Terms) -> Report {
    Report::assemble(parts, &catalogue(), terms)
}

pub(crate) fn parts(cases: Vec<CaseResult>) -> RunParts {
    RunParts {
        suite: SuiteIdentity {
            version: "0.1.0".to_owned(),
            digest: "3f9a1c2e4b7d5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8".to_owned(),
            set: "1".to_owned(),
        },
        target: TargetIdentity {
            name: "embedded".to_owned(),
            description: "the reference implementation in this process".to_owned(),
            capabilities: vec![Capability::ClockControl, Capability::Minting, Capability::Journal],
            clock: "manual".to_owned(),
        },
        seed: "00000000000004d2".to_owned(),
        reading: Reading::Documentation,
        sabotaged: None,
        selection: Selection { selected: cases.len(), total: cases.len(), filter: None, shard: None },
        cases,
        duration_ms: 2_431.7,
    }
}

fn audience_fails() -> CaseResult {
    let steps = vec![
        step(
            "accept",
            "enterprise-manager accepts `good`",
            24,
            vec![check(
                "enterprise-manager accepts `good`",
                Some("TOK-AUD"),
                CheckStatus::Pass,
                "200",
                "200",
            )],
            vec![exchange(GOOD, 200, r#"{"payload":"eyJ2IjoxfQ"}"#, &[("etag", "\"v1-7c2f\"")])],
        ),
        step(
            "refuse",
            "enterprise-manager refuses `foreign` (TOK-AUD)",
            31,
            vec![Check {
                note: Some("control: `good` was accepted by enterprise-manager before".to_owned()),
                cause: Some(Cause::Implementation),
                ..check(
                    "enterprise-manager refuses `foreign` (TOK-AUD)",
                    Some("TOK-AUD"),
                    CheckStatus::Fail,
                    "401 with `invalid_token`, because the audience is not the configured one",
                    "200 with an envelope",
                )
            }],
            vec![exchange(
                FOREIGN,
                200,
                ENVELOPE,
                &[("content-type", "application/json"), ("etag", "\"v1-7c2f\"")],
            )],
        ),
    ];
    CaseResult {
        why: "Two APIs of one Okta tenant differ in nothing but the audience. A platform that compares only the end \
              of it serves its policy to whoever holds a token for the other one."
            .to_owned(),
        matrix: BTreeMap::from([("setup".to_owned(), "okta-shared".to_owned())]),
        tokens: vec![show_token("good", GOOD), show_token("foreign", FOREIGN), show_token("refresh", &"r".repeat(43))],
        requirements: vec![RequirementId::new("TOK-AUD"), RequirementId::new("TOK-REPLAY")],
        ..case("audience/prefix[setup=okta-shared]", "The prefix api:// belongs to the audience", "TOK-AUD", steps)
    }
}

const ENVELOPE: &str = r#"{"payload":{"version":1,"issued_at":"2026-01-01T00:00:00Z","not_after":"2026-01-02T00:00:00Z","directives":[{"kind":"registry","url":"https://registry.example.com"},{"kind":"telemetry","enabled":false},{"kind":"update-channel","channel":"stable"}]},"signature":"MEUCIQD"}"#;

fn warns() -> CaseResult {
    let reason =
        "replay not prevented by this configuration: both components have the same issuer and audience";
    let steps = vec![step(
        "accept",
        "registry-server accepts `good`",
        18,
        vec![check(
            "registry-server accepts `good`",
            Some("TOK-REPLAY"),
            CheckStatus::Warn(reason.to_owned()),
            "401, as the audience is the Manager's",
            "200",
        )],
        vec![],
    )];
    let observed = |divergence: &str, observed: &str| Observation {
        divergence: DivergenceId::new(divergence),
        observed: observed.to_owned(),
    };
    CaseResult {
        cautions: vec!["the Registry Server asks nobody for a token: its mode is `anonymous`".to_owned()],
        observations: vec![observed("missing-scope", "forbidden"), observed("near-miss", "unauthorized")],
        ..case("replay/siblings", "A token for one component is refused by the other", "TOK-REPLAY", steps)
    }
}

fn unreached() -> CaseResult {
    let reason = "enterprise-manager was not reached: connection refused (em.example.com:443 by way of 127.0.0.1:41877)";
    let mut exchange = exchange(GOOD, 0, "", &[]);
    exchange.response = None;
    exchange.error = Some("connection refused (os error 111)".to_owned());
    let steps = vec![step(
        "accept",
        "enterprise-manager accepts `good`",
        14,
        vec![Check {
            cause: Some(Cause::Environment),
            ..check(
                "enterprise-manager accepts `good`",
                Some("TOK-EXP"),
                CheckStatus::Error(reason.to_owned()),
                "200",
                "no answer",
            )
        }],
        vec![exchange],
    )];
    CaseResult {
        tokens: vec![show_token("good", GOOD)],
        ..case("expiry/past", "An expired token is refused", "TOK-EXP", steps)
    }
}

fn not_applicable() -> CaseResult {
    let reason = "the target `embedded` cannot rotate keys".to_owned();
    let status = CheckStatus::NotApplicable(reason);
    CaseResult { status, cause: None, ..case("keys/rotation", "A removed key stops", "TOK-KEYSET", vec![]) }
}

fn expected_failure() -> CaseResult {
    let steps = vec![step(
        "refuse",
        "enterprise-manager refuses `mixed`",
        40,
        vec![check(
            "enterprise-manager refuses `mixed`",
            Some("TOK-AUD-TYPE"),
            CheckStatus::ExpectedFail("vendor ticket 4711, until 2026-12-31 (identity team)".to_owned()),
            "401",
            "200",
        )],
        vec![],
    )];
    case("audience/mixed-array", "An audience array with a number is refused", "TOK-AUD-TYPE", steps)
}

fn passing(id: &str, title: &str, rule: &str) -> CaseResult {
    let good = check("enterprise-manager accepts `good`", Some(rule), CheckStatus::Pass, "200", "200");
    let bad = check("enterprise-manager refuses `bad`", Some(rule), CheckStatus::Pass, "401", "401");
    let steps = vec![
        step("accept", "enterprise-manager accepts `good`", 12, vec![good], vec![]),
        step("refuse", "enterprise-manager refuses `bad`", 16, vec![bad], vec![]),
    ];
    case(id, title, rule, steps)
}

fn case(id: &str, title: &str, rule: &str, mut steps: Vec<StepResult>) -> CaseResult {
    let scenario = id.split('[').next().unwrap_or(id);
    for step in &mut steps {
        step.location.file = format!("scenarios/{scenario}.yaml");
    }
    CaseResult {
        id: CaseId::new(id),
        scenario: ScenarioId::new(scenario),
        title: title.to_owned(),
        why: "What is let in by mistake is not seen again.".to_owned(),
        requirements: vec![RequirementId::new(rule)],
        tags: vec!["token".to_owned()],
        matrix: BTreeMap::new(),
        status: case_status(&steps),
        cause: case_cause(&steps),
        steps,
        steps_not_taken: 0,
        tokens: Vec::<TokenShown>::new(),
        notes: Vec::new(),
        cautions: Vec::new(),
        observations: Vec::new(),
        logs: Vec::new(),
        duration_ms: 38.25,
    }
}

fn step(kind: &str, title: &str, line: usize, checks: Vec<Check>, exchanges: Vec<Exchange>) -> StepResult {
    StepResult {
        kind: kind.to_owned(),
        title: title.to_owned(),
        location: Location { file: String::new(), line },
        checks,
        exchanges,
    }
}

fn check(what: &str, rule: Option<&str>, status: CheckStatus, expected: &str, observed: &str) -> Check {
    Check {
        what: what.to_owned(),
        requirement: rule.map(RequirementId::new),
        status,
        expected: expected.to_owned(),
        observed: observed.to_owned(),
        note: None,
        cause: None,
    }
}

fn exchange(token: &str, status: u16, body: &str, headers: &[(&str, &str)]) -> Exchange {
    let pairs =
        |headers: &[(&str, &str)]| headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    Exchange {
        component: Component::new("enterprise-manager"),
        request: HttpRequest {
            method: "GET".to_owned(),
            url: "https://em.example.com/api/v1/config".to_owned(),
            headers: pairs(&[
                ("accept", "application/json"),
                ("authorization", &cut_signatures(&format!("Bearer {token}"))),
            ]),
            body: None,
        },
        response: Some(HttpResponse { status, headers: pairs(headers), body: Some(body.to_owned()) }),
        error: None,
        duration_ms: 3.4,
    }
}

/// A run in which nothing can be trusted to be short or polite.
pub(crate) fn hostile() -> Report {
    let mut report = nonconformant();
    for case in &mut report.cases {
        case.title = "\u{1b}[32m\u{fffe}東京".repeat(40);
        case.tokens.push(TokenShown {
            name: "odd".to_owned(),
            header: Some(json!({"alg": ["\u{1b}", {"x": null}]})),
            claims: Some(json!({"": "", "a".repeat(90): "b".repeat(300)})),
            form: "JWT".to_owned(),
        });
    }
    report
}

/// A run whose every text is an attempt to be more than text. It has the shape of [`nonconformant`].
pub(crate) fn malicious() -> Report {
    const ATTEMPT: &str = "</code></pre><script>alert(1)</script>\"><img src=x onerror=alert(1)> | a | b \\| \
        @everyone #1 [x](https://evil.example) ![y](http://evil.example) ```` ` </details></td></tr></table> www.evil.example \
        \u{1b}[2J\u{202e}\r\n\n# heading\n- item\n{{ 7 * 7 }} <!-- ";
    let mut report = nonconformant();
    let hostile = |text: &mut String| text.push_str(ATTEMPT);
    hostile(&mut report.target.description);
    hostile(&mut report.suite.set);
    for row in &mut report.requirements {
        hostile(&mut row.statement);
        hostile(&mut row.source);
    }
    for case in &mut report.cases {
        [&mut case.title, &mut case.why].into_iter().for_each(hostile);
        case.tags.push(ATTEMPT.to_owned());
        reason(&mut case.status).into_iter().for_each(hostile);
        for token in &mut case.tokens {
            hostile(&mut token.name);
            hostile(&mut token.form);
            if let Some(serde_json::Value::Object(claims)) = &mut token.claims {
                claims.values_mut().for_each(|value| *value = json!(format!("{value}{ATTEMPT}")));
            }
        }
        for step in &mut case.steps {
            [&mut step.title, &mut step.location.file].into_iter().for_each(hostile);
            for check in &mut step.checks {
                [&mut check.what, &mut check.expected, &mut check.observed].into_iter().for_each(hostile);
                check.note.iter_mut().for_each(hostile);
                reason(&mut check.status).into_iter().for_each(hostile);
            }
            for exchange in &mut step.exchanges {
                hostile(&mut exchange.request.url);
                exchange.error.iter_mut().for_each(hostile);
                if let Some(response) = &mut exchange.response {
                    response.body = Some(ATTEMPT.to_owned());
                    response.headers.iter_mut().for_each(|(_, value)| hostile(value));
                }
            }
        }
    }
    report
}

fn reason(status: &mut CheckStatus) -> Option<&mut String> {
    match status {
        CheckStatus::Pass | CheckStatus::Fail => None,
        CheckStatus::Warn(reason)
        | CheckStatus::Skipped(reason)
        | CheckStatus::NotApplicable(reason)
        | CheckStatus::NotExercised(reason)
        | CheckStatus::Error(reason)
        | CheckStatus::ExpectedFail(reason)
        | CheckStatus::UnexpectedPass(reason) => Some(reason),
    }
}

/// No component answered.
pub(crate) fn unreachable() -> Report {
    assemble(parts(vec![unreached()]), &Terms::default())
}

/// A filter that matches nothing.
pub(crate) fn empty() -> Report {
    let selection = Selection { selected: 0, total: 61, filter: Some("`<b>`".to_owned()), shard: None };
    assemble(RunParts { selection, ..parts(Vec::new()) }, &Terms::default())
}

//! The HTML report: well-formed, self-contained, every place linked, and nothing of a target is markup.

use std::collections::BTreeSet;

use expect_test::expect_file;
use touchstone::{
    model::identifier::RequirementId,
    outcome::Report,
    report::{html, json},
};

use super::sample;

fn samples() -> Vec<Report> {
    vec![
        sample::nonconformant(),
        sample::sabotaged(),
        sample::filtered(),
        sample::conformant(),
        sample::unreachable(),
        sample::hostile(),
        sample::malicious(),
        sample::empty(),
    ]
}

/// The page without its stylesheet and script, which are not HTML and are files of their own.
fn markup(report: &Report) -> String {
    let page = html::render(report).unwrap();
    let (head, rest) = page.split_once("<style>").unwrap();
    let (_, rest) = rest.split_once("</style>").unwrap();
    let (body, rest) = rest.split_once("<script>").unwrap();
    let (_, end) = rest.split_once("</script>").unwrap();
    format!("{head}{body}{end}")
}

/// A tag of the page: its name, attributes with their values, and whether it closes.
#[derive(Debug)]
struct Tag<'a> {
    name: &'a str,
    attributes: Vec<(&'a str, &'a str)>,
    closes: bool,
}

/// Every tag in order. As strict as the page is written: attributes in double quotes or without a value, and no `<`
/// that opens no tag.
fn tags(markup: &str) -> Vec<Tag<'_>> {
    let mut tags = Vec::new();
    let mut rest = markup.strip_prefix("<!doctype html>").unwrap();
    while let Some((_, after)) = rest.split_once('<') {
        let closes = after.starts_with('/');
        let after = after.trim_start_matches('/');
        let end = after.find(|c: char| !c.is_ascii_alphanumeric()).unwrap();
        let (name, mut inside) = after.split_at(end);
        assert!(!name.is_empty(), "no tag: {}", &after[..after.len().min(80)]);
        let mut attributes = Vec::new();
        loop {
            inside = inside.trim_start();
            if let Some(after) = inside.strip_prefix('>') {
                rest = after;
                break;
            }
            let end = inside.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap();
            let (attribute, after) = inside.split_at(end);
            assert!(!attribute.is_empty(), "no attribute: {}", &inside[..inside.len().min(80)]);
            let (value, after) = match after.strip_prefix("=\"") {
                Some(value) => value.split_once('"').unwrap(),
                None => ("", after),
            };
            assert!(!value.contains('<'), "{attribute}={value}");
            attributes.push((attribute, value));
            inside = after;
        }
        tags.push(Tag { name, attributes, closes });
    }
    tags
}

fn unescaped(value: &str) -> String {
    let named = [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")];
    named.iter().fold(value.to_owned(), |value, (entity, character)| value.replace(entity, character))
}

#[test]
fn the_page_of_a_sabotaged_run() {
    expect_file!["../../golden/report/page-sabotaged.html"].assert_eq(&markup(&sample::sabotaged()));
}

#[test]
fn tags_are_balanced() {
    const VOID: [&str; 4] = ["meta", "input", "br", "link"];
    for report in samples() {
        let markup = markup(&report);
        let mut open = Vec::new();
        for tag in tags(&markup).iter().filter(|tag| !VOID.contains(&tag.name)) {
            if tag.closes {
                assert_eq!(open.pop(), Some(tag.name), "{tag:?} in {open:?}");
            } else {
                open.push(tag.name);
            }
        }
        assert!(open.is_empty(), "{open:?}");
    }
}

#[test]
fn nothing_is_loaded_and_no_attribute_runs_code() {
    const KNOWN: [&str; 25] = [
        "lang",
        "charset",
        "http-equiv",
        "content",
        "name",
        "class",
        "id",
        "href",
        "role",
        "aria-label",
        "aria-live",
        "scope",
        "tabindex",
        "hidden",
        "open",
        "value",
        "type",
        "placeholder",
        "autocomplete",
        "spellcheck",
        "data-status",
        "data-find",
        "for",
        "title",
        "rel",
    ];
    for report in samples() {
        let page = html::render(&report).unwrap();
        let style = page.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
        assert!(!style.contains("url(") && !style.contains("@import"), "{style}");
        assert_eq!(page.matches("<script").count(), 1);
        assert_eq!(page.matches("<style").count(), 1);
        for tag in tags(&markup(&report)) {
            assert!(!["img", "iframe", "object", "embed", "link", "base"].contains(&tag.name), "{tag:?}");
            for (name, value) in &tag.attributes {
                assert!(KNOWN.contains(name), "{tag:?}");
                assert!(*name != "href" || value.starts_with('#'), "{tag:?}");
            }
        }
    }
}

#[test]
fn the_policy_allows_the_script_of_the_page_and_no_other() {
    use base64::Engine as _;
    let page = html::render(&sample::conformant()).unwrap();
    let script = page.split_once("<script>").unwrap().1.split_once("</script>").unwrap().0;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, script.as_bytes());
    let hash = base64::engine::general_purpose::STANDARD.encode(digest);
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'"
    );
    let markup = markup(&sample::conformant());
    let tags = tags(&markup);
    let meta =
        tags.iter().find(|tag| tag.attributes.contains(&("http-equiv", "Content-Security-Policy"))).unwrap();
    let content = meta.attributes.iter().find(|(name, _)| *name == "content").unwrap().1;
    // The parser decodes a reference within an attribute before the policy is read.
    assert_eq!(unescaped(content).replace("&#43;", "+"), policy);
}

#[test]
fn every_case_and_rule_has_a_place_and_every_link_leads_to_one() {
    for report in samples() {
        let markup = markup(&report);
        let tags = tags(&markup);
        let values = |wanted: &str| {
            let attributes = tags.iter().flat_map(|tag| &tag.attributes).filter(|(name, _)| *name == wanted);
            attributes.map(|(_, value)| *value).collect::<Vec<_>>()
        };
        let ids = values("id");
        let places: BTreeSet<_> = ids.iter().copied().collect();
        assert_eq!(places.len(), ids.len(), "an id twice");
        for link in values("href") {
            assert!(places.contains(link.trim_start_matches('#')), "{link}");
        }
        for place in &places {
            assert!(place.chars().all(|c| c.is_ascii_alphanumeric() || "-._~/=,()".contains(c)), "{place}");
        }
        assert_eq!(ids.iter().filter(|id| id.starts_with("case-")).count(), report.cases.len());
        for rule in report.requirements.iter().map(|row| &row.id).filter(|rule| rule.as_str().is_ascii()) {
            assert!(rule.as_str().contains(' ') || places.contains(rule.as_str()), "{rule}");
        }
    }
    let markup = markup(&sample::nonconformant());
    assert!(markup.contains(r#"id="case-audience/prefix(setup=okta-shared)""#), "{markup}");
}

#[test]
fn a_target_writes_no_markup_and_no_control_character() {
    let clean = markup(&sample::nonconformant());
    let malicious = markup(&sample::malicious());
    let count = |markup: &str, name: &str| tags(markup).iter().filter(|tag| tag.name == name).count();
    for name in ["script", "b", "a", "img", "svg", "details", "table", "p", "tr", "td", "li", "pre", "div"] {
        assert_eq!(count(&malicious, name), count(&clean, name), "{name}");
    }
    assert!(malicious.contains("&#60;/pre&#62;&#60;script&#62;alert(1)"), "{malicious}");
    let page = html::render(&sample::malicious()).unwrap();
    let harmful = page.chars().find(|c| (c.is_control() && *c != '\n' && *c != '\t') || *c == '\u{202e}');
    assert_eq!(harmful, None);
}

#[test]
fn the_first_sentence_is_the_verdict_and_only_a_clean_run_is_green() {
    let classes = [
        (sample::conformant(), "good"),
        (sample::nonconformant(), "bad"),
        (sample::unreachable(), "bad"),
        (sample::sabotaged(), "void"),
    ];
    for (report, class) in classes {
        let markup = markup(&report);
        let verdict = &report.summary.verdict;
        assert!(unescaped(&markup).contains(&format!("<h1 class=\"{class}\">{verdict}</h1>")), "{markup}");
    }
    assert!(markup(&sample::sabotaged()).contains(r#"<p class="banner">"#));
}

#[test]
fn a_question_without_a_test_says_so() {
    let markup = markup(&sample::conformant());
    let (_, access) = markup.split_once(r#"<article id="topic-access">"#).unwrap();
    let (access, _) = access.split_once("</article>").unwrap();
    assert!(
        access.contains("Not tested") && access.contains("this suite has no rule about it yet"),
        "{access}"
    );
    // The rule about keys is accepted as untested, and that is no good answer.
    let (_, keys) = markup.split_once(r#"<article id="topic-keys">"#).unwrap();
    let (keys, _) = keys.split_once("</article>").unwrap();
    assert!(keys.contains("its one rule was not put to the test"), "{keys}");
}

#[test]
fn what_could_not_be_judged_is_not_said_to_be_tested() {
    let markup = markup(&sample::unreachable());
    let (_, refusal) = markup.split_once(r#"<article id="topic-refusal">"#).unwrap();
    let (refusal, _) = refusal.split_once("</article>").unwrap();
    assert!(refusal.contains(r#"<b class="a void">Could not be judged</b>"#), "{refusal}");
    assert!(refusal.contains("Nothing: no case about it could be judged."), "{refusal}");
    assert!(!markup.contains(r#"class="a good""#), "{markup}");
}

#[test]
fn a_rule_that_no_question_knows_is_shown_all_the_same() {
    let mut report = sample::conformant();
    report.requirements[0].id = RequirementId::new("ACME-1");
    let markup = markup(&report);
    let (_, other) = markup.split_once(r#"<article id="topic-other">"#).unwrap();
    assert!(other.contains("What else was tested?") && other.contains("#ACME-1"), "{other}");
}

#[test]
fn a_large_run_stays_below_three_megabytes() {
    let small = sample::nonconformant();
    let failing = small.cases.iter().find(|case| case.status.name() == "fail").unwrap();
    let mut report = small.clone();
    report.cases = (0..400)
        .map(|number| {
            let mut case = failing.clone();
            case.id = touchstone::model::identifier::CaseId::new(format!("{}-{number}", failing.id));
            for exchange in case.steps.iter_mut().flat_map(|step| &mut step.exchanges) {
                exchange.response.as_mut().unwrap().body = Some("x".repeat(16 * 1024));
            }
            case
        })
        .collect();
    assert!(json::render(&report).unwrap().len() > 8_000_000);
    let page = html::render(&report).unwrap();
    assert!(page.len() < 3_000_000, "{}", page.len());
    assert!(page.contains("To keep this page small"));
}

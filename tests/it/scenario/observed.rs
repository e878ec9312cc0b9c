//! What is kept of a token, or of a refusal of the identity provider, and which side of a divergence it is.

use std::fs;

use regex::Regex;

use super::own_files::{CHECKS, Folder};

fn file(path: &str) -> String {
    fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// A tenant of one Okta server a component, and what is done there.
fn run(name: &str, tenant: &str, steps: &str, reading: &str) -> (i32, String, String) {
    let folder = Folder::new(name);
    folder.write("values/okta.yaml", &file("scenarios/values/okta-per-component.yaml"));
    folder.write("tenants/okta.yaml", tenant);
    folder.write(
        "own.yaml",
        &format!(
            "title: t\nwhy: w\nrequirements: [TOK-AUD]\nplatform: {{values: values/okta.yaml}}\nidp: {{tenant: tenants/okta.yaml}}\n\
             steps:\n  - sign_in: {{user: ann@acme.test, as: good}}\n{CHECKS}{steps}"
        ),
    );
    let (code, out, err) =
        folder.touchstone(&["--quiet", "run", "own.yaml", "--reading", reading, "--report", "out"]);
    assert!(!out.is_empty(), "{err}");
    (code, out, folder.read("out/report.json"))
}

fn tenant() -> String {
    file("mock-idp/tenants/okta-per-component.yaml")
}

const FORBIDDEN: &str = "  - observe: {divergence: forbidden-scope, value: \"${capture.scopes}\", is: {dropped: {all: [{contains: openid}, \
                         {not: {contains: \"toolhive:config:read\"}}]}, refused: {equals: {error: access_denied}}}}\n";

#[test]
fn whether_a_token_comes_may_be_open_but_not_beside_what() {
    let open = |asked: &str, control: &str| {
        let steps = format!(
            "  - sign_in: {{user: ann@acme.test, as: control, {control}}}\n  \
             - sign_in: {{user: ann@acme.test, {asked}, control: control, capture: {{scopes: {{claims: /scp}}}}}}\n{FORBIDDEN}"
        );
        run("open", &tenant(), &steps, "documentation")
    };
    let (poor, rich) = ("client_id: 0oaunpermitted01", "client_id: 0oaclitouchstone1");
    let (few, many) = ("scopes: [openid]", "scopes: [openid, \"toolhive:config:read\"]");
    let (code, out, _) = open(&format!("{poor}, {many}"), &format!("{poor}, {few}"));
    assert_eq!(code, 0, "refused: {out}");
    let (code, out, report) = open(&format!("{rich}, {many}"), &format!("{rich}, {few}"));
    assert!(code == 1 && out.contains("neither side"), "a token with the scope: {out}");
    assert!(out.contains("configuration: whoever set up"), "the IdP is its operator's: {out}");
    let (code, out, _) = open(&format!("{poor}, {many}"), &format!("{rich}, {few}"));
    assert!(code == 3 && out.contains("differ in client_id, scopes"), "{out}");
    // Claims are kept, tokens are not: a JWT is shown without its signature.
    assert!(report.contains("eyJ"), "a token was on the wire");
    let whole = Regex::new(r"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]{16,}").unwrap();
    assert_eq!(whole.find(&report), None);
}

#[test]
fn the_side_is_the_one_of_the_tenant_at_hand() {
    let steps = "  - token: {token: good, capture: {groups: {claims: /groups}}}\n  \
                 - observe: {divergence: okta-user-groups, value: \"${capture.groups}\", is: {groups: {contains: engineering}, nothing: {equals: null}}}\n";
    assert_eq!(run("groups", &tenant(), steps, "documentation").0, 0);
    // A member of the groups whose profile says nothing of them.
    let tenant = tenant();
    let bare: Vec<_> = tenant.lines().filter(|line| !line.starts_with("        groups: ")).collect();
    let bare = bare.join("\n");
    let (code, out, _) = run("groups", &bare, steps, "documentation");
    assert!(code == 1 && out.contains("no claim"), "{out}");
    assert_eq!(run("groups", &bare, steps, "standards").0, 0);
}

#[test]
fn of_what_is_no_jwt_nothing_is_kept_but_its_form() {
    let tenant = file("scenarios/tenants/okta-org-opaque-beside-custom.yaml");
    let kept = |what: &str, is: &str| {
        let steps = format!(
            "  - sign_in: {{user: ann@acme.test, as: org, issuer: \"https://acme.okta.com\", scopes: [openid]}}\n  \
             - token: {{token: org, capture: {{it: {{{what}}}}}}}\n  - observe: {{value: \"${{capture.it}}\", {is}}}\n"
        );
        run("opaque", &tenant, &steps, "documentation")
    };
    let form = "divergence: okta-org-token, is: {opaque: opaque, jwt: jwt}";
    let (code, out, _) = kept("form: true", form);
    assert_eq!(code, 0, "{out}");
    // It has no claim that is absent.
    let groups =
        "divergence: okta-user-groups, is: {groups: {contains: engineering}, nothing: {equals: null}}";
    let (code, out, _) = kept("claims: /groups", groups);
    assert!(code == 1 && out.contains("no JWT"), "{out}");
}

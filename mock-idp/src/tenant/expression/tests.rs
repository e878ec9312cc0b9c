//! Expressions with their values, and with what is wrong with them.

use serde_json::json;

use super::*;
use crate::secret::Secret;

const ATTRIBUTES: [&str; 9] =
    ["firstName", "lastName", "middleName", "email", "level", "roles", "contractor", "none", "groups"];

fn parse(text: &str) -> Result<Expression, Mistake> {
    let attributes = ATTRIBUTES.map(str::to_owned);
    let group_ids = [("00g1".to_owned(), "mcp-admin".to_owned()), ("00g2".to_owned(), "sales".to_owned())];
    Expression::parse(text, Names { attributes: &attributes, group_ids: &group_ids })
}

fn ann() -> User {
    let profile = json!({
        "firstName": "Ann", "lastName": "O'Hara", "email": "ann@acme.test", "level": 3,
        "roles": ["reader", "writer"], "contractor": false, "middleName": "",
    });
    User {
        id: Some("00uann".to_owned()),
        login: "ann@acme.test".to_owned(),
        password: Secret::new("x"),
        groups: vec!["mcp-admin".to_owned(), "engineering".to_owned()],
        profile: profile.as_object().unwrap().clone(),
    }
}

fn about(user: Option<&User>) -> About<'_> {
    About { user, client: Some("0oacli"), everyone: Some("Everyone") }
}

fn assert_values(cases: &[(&str, Json)]) {
    let ann = ann();
    for (text, expected) in cases {
        let value = parse(text).map(|expression| expression.evaluate(about(Some(&ann))));
        assert_eq!(value, Ok(Ok(expected.clone())), "{text}");
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        format!("{self:?}") == format!("{other:?}")
    }
}

/// `user.groups` is an attribute like any other: who is in groups, and has no such attribute, has none there.
#[test]
fn memberships_are_no_attribute() {
    assert_values(&[("user.groups", Json::Null), (r#"isMemberOfGroupName("mcp-admin")"#, json!(true))]);
    let mut ann = ann();
    ann.profile.insert("groups".to_owned(), json!(["mirrored"]));
    let value = parse("user.groups").unwrap().evaluate(about(Some(&ann)));
    assert_eq!(value, Ok(json!(["mirrored"])));
}

/// The examples of Okta's own reference.
#[test]
fn the_documented_examples_hold() {
    assert_values(&[
        (r#"String.append("This is", " a test")"#, json!("This is a test")),
        (r#"String.join(",", "This", "is", "a", "test")"#, json!("This,is,a,test")),
        (r#"String.join("", "This", "is", "a", "test")"#, json!("Thisisatest")),
        (r#"String.len("This")"#, json!(4)),
        (r#"String.removeSpaces("This is a test")"#, json!("Thisisatest")),
        (r#"String.replace("This is a test", "is", "at")"#, json!("That at a test")),
        (r#"String.replaceFirst("This is a test", "is", "at")"#, json!("That is a test")),
        (r#"String.stringContains("This is a test", "test")"#, json!(true)),
        (r#"String.stringContains("This is a test", "doesn'tExist")"#, json!(false)),
        (r#"String.stringSwitch("This is a test", "default", "key1", "value1")"#, json!("default")),
        (r#"String.stringSwitch("This is a test", "default", "test", "value1")"#, json!("value1")),
        (
            r#"String.stringSwitch("First match wins", "default", "absent", "value1", "wins", "value2", "match", "value3")"#,
            json!("value2"),
        ),
        (r#"String.stringSwitch("Substrings count", "default", "ring", "value1")"#, json!("value1")),
        (r#"String.substring("This is a test", 2, 9)"#, json!("is is a")),
        (r#"String.substringAfter("abc@okta.com", "@")"#, json!("okta.com")),
        (r#"String.substringBefore("abc@okta.com", "@")"#, json!("abc")),
        (r#"String.toUpperCase("This")"#, json!("THIS")),
        (r#"String.toLowerCase("ThiS")"#, json!("this")),
        ("Arrays.add({10, 20, 30}, 40)", json!([10, 20, 30, 40])),
        ("Arrays.remove({10, 20, 30}, 20)", json!([10, 30])),
        ("Arrays.clear({10, 20, 30})", json!([])),
        ("Arrays.get({0, 1, 2}, 0)", json!(0)),
        ("Arrays.flatten(10, {20, 30}, 40)", json!([10, 20, 30, 40])),
        ("Arrays.contains({10, 20, 30}, 10)", json!(true)),
        ("Arrays.contains({10, 20, 30}, 50)", json!(false)),
        ("Arrays.size({10, 20, 30})", json!(3)),
        ("Arrays.size(NULL)", json!(0)),
        ("Arrays.isEmpty({10, 20})", json!(false)),
        ("Arrays.isEmpty(NULL)", json!(true)),
        (r#"Arrays.toCsvString({"This", "is", " a ", "test"})"#, json!("This,is, a ,test")),
        ("Convert.toInt('1234')", json!(1234)),
        ("Convert.toInt(123.4)", json!(123)),
        ("Convert.toInt(123.6)", json!(124)),
        ("Convert.toNum('3.25')", json!(3.25)),
        ("'Hello world'", json!("Hello world")),
        ("1234", json!(1234)),
        ("3.25", json!(3.25)),
        ("true", json!(true)),
        (r#"user.firstName + " " + user.lastName"#, json!("Ann O'Hara")),
        ("user.level == 123 ? 'Sales' : 'Other'", json!("Other")),
        (
            r#"user.firstName + " " + (String.len(user.middleName) == 0 ? "" : (String.substring(user.middleName, 0, 1) + ". ")) + user.lastName"#,
            json!("Ann O'Hara"),
        ),
        ("(appuser != null) ? appuser.userName : app.clientId", json!("ann@acme.test")),
        (
            r#"String.stringContains(user.email, "@") ? String.substringBefore(user.email, "@") : user.email"#,
            json!("ann"),
        ),
        (r#"String.substringAfter(user.email, "@") == "example.com""#, json!(false)),
    ]);
}

#[test]
fn operators_have_their_rank() {
    assert_values(&[
        ("1 + 2 == 3 AND !false", json!(true)),
        ("true || false && false", json!(true)),
        ("(true OR false) and not true", json!(false)),
        ("10 - 2 - 3", json!(5)),
        ("-3 + 1", json!(-2)),
        ("1 + 1.5", json!(2.5)),
        ("1 == 1.0", json!(true)),
        ("user.level >= 3 && user.level < 4", json!(true)),
        ("'a' < 'b'", json!(true)),
        ("true ? 1 : true ? 2 : 3", json!(1)),
        ("'it''s ' + \"a \"\"word\"\"\"", json!("it's a \"word\"")),
        ("user.contractor ? 'in' : 'out'", json!("out")),
        ("user.none == null", json!(true)),
        ("user.firstName + user.none", json!("Annnull")),
        ("user.level + 1", json!(4)),
        ("false AND Convert.toInt('x') == 1", json!(false)),
    ]);
}

#[test]
fn groups_are_listed_and_asked_for() {
    assert_values(&[
        (r#"Groups.startsWith("OKTA", "mcp", 100)"#, json!(["mcp-admin"])),
        (r#"Groups.endsWith("OKTA", "ing", 100)"#, json!(["engineering"])),
        (r#"Groups.contains("OKTA", "n", 2)"#, json!(["Everyone", "mcp-admin"])),
        (r#"Groups.contains("OKTA", "zz", 2)"#, Json::Null),
        (r#"getFilteredGroups({"00g1", "00g2"}, "group.name", 40)"#, json!(["mcp-admin"])),
        (r#"isMemberOfGroupName("engineering")"#, json!(true)),
        (r#"isMemberOfGroupName("engineer")"#, json!(false)),
        (r#"isMemberOfGroupName("Everyone")"#, json!(true)),
        (r#"isMemberOfGroupNameStartsWith("mcp-")"#, json!(true)),
        (r#"isMemberOfGroupNameContains("gin")"#, json!(true)),
        (r#"isMemberOfGroupNameRegex("mcp-.*")"#, json!(true)),
        (r#"isMemberOfGroup("00g1")"#, json!(true)),
        (r#"isMemberOfGroup("00g2")"#, json!(false)),
        (r#"isMemberOfAnyGroup("00g2", "00g1")"#, json!(true)),
        (r#"isMemberOfGroupName("sales") ? {"abc"} : {"def", "ghi"}"#, json!(["def", "ghi"])),
        (
            r#"Arrays.flatten(String.replace(getFilteredGroups({"00g1"}, "group.name", 40), "mcp-", ""))"#,
            json!(["admin"]),
        ),
        (
            r#"Arrays.isEmpty(Arrays.toCsvString(Groups.startsWith("OKTA", "zz", 100))) ? {} : Groups.startsWith("OKTA", "zz", 100)"#,
            json!([]),
        ),
        ("user.getInternalProperty(\"id\")", json!("00uann")),
        ("Arrays.contains(user.roles, 'writer')", json!(true)),
    ]);
}

#[test]
fn a_claim_of_nothing_is_left_out() {
    let ann = ann();
    for text in [
        "null",
        "{}",
        "user.none",
        "appuser",
        r#"Groups.startsWith("OKTA", "zz", 100)"#,
        "String.toUpperCase(user.none)",
        // These fail.
        "Convert.toInt('x')",
        "Arrays.get({1}, 1)",
        "String.substring('abc', 1, 4)",
        "user.none ? 1 : 2",
        "1 + true",
        "user.roles + 1",
        r#"Arrays.flatten(Groups.startsWith("OKTA", "zz", 100), {1})"#,
    ] {
        assert_eq!(parse(text).unwrap().claim(about(Some(&ann))), None, "{text}");
    }
    assert_eq!(parse("''").unwrap().claim(about(Some(&ann))), Some(json!("")), "an empty text is a value");
}

#[test]
fn a_machine_has_no_user() {
    for (text, expected) in [
        ("(appuser != null) ? appuser.userName : app.clientId", Some(json!("0oacli"))),
        ("'text'", Some(json!("text"))),
        ("user.email", None),
        ("user.getInternalProperty('status')", None),
        ("isMemberOfGroupName('Everyone')", Some(json!(false))),
        (r#"Groups.startsWith("OKTA", "Every", 100)"#, None),
    ] {
        assert_eq!(parse(text).unwrap().claim(about(None)), expected, "{text}");
    }
}

#[test]
fn a_mistake_is_told_at_its_place() {
    for (text, place, message, help) in [
        ("", "", "expected a value, found the end", "the mock reads"),
        ("user.emial", "user.emial", "the user profile has no `emial`", "did you mean `user.email`?"),
        ("user.profile.email", "user.profile.email", "not understood", "`user.…` is enough"),
        (
            "'a' + user.isMemberOf({'group.id': '00g1'})",
            "user.isMemberOf",
            "not understood",
            "isMemberOfGroupName",
        ),
        ("String.lenght('a')", "String.lenght", "not understood", "did you mean `String.len"),
        ("String.len('a', 'b')", "String.len('a', 'b')", "with 2 arguments", "String.len(text)"),
        ("hasWorkdayUser()", "hasWorkdayUser", "not understood", "the mock reads"),
        ("google.email", "google.email", "not understood", "the mock reads"),
        ("appuser.role", "appuser.role", "not understood", "nothing but `userName`"),
        ("user.level = 3", "=", "found `=`", "`==` compares"),
        ("user.roles[0]", "[", "found `[`", "Arrays.get"),
        ("(user.level", "", "expected `)`, found the end", ""),
        ("'a' 'b'", "'b'", "expected the end", ""),
        ("user.level == 1 == 2", "==", "expected the end", ""),
        ("'open", "'open", "a text without an end", ""),
        ("12ab", "12ab", "no number", ""),
        ("a # b", "#", "no meaning", ""),
        (
            r#"isMemberOfGroup("00g9")"#,
            r#"isMemberOfGroup("00g9")"#,
            "cannot be read",
            "no group of this file has the id `00g9`",
        ),
        ("isMemberOfGroup()", "isMemberOfGroup()", "cannot be read", "it is written"),
        (
            "isMemberOfGroupNameRegex('(')",
            "isMemberOfGroupNameRegex('(')",
            "cannot be read",
            "no regular expression",
        ),
        (
            r#"Groups.startsWith("active_directory", "a", 9)"#,
            r#"Groups.startsWith("active_directory", "a", 9)"#,
            "cannot be read",
            "the source is `\"OKTA\"`",
        ),
        (
            r#"Groups.contains("OKTA", "a", 101)"#,
            r#"Groups.contains("OKTA", "a", 101)"#,
            "cannot",
            "1 to 100",
        ),
        ("user.getInternalProperty('x')", "user.getInternalProperty('x')", "internal", "`\"id\"`"),
    ] {
        let mistake = parse(text).unwrap_err();
        assert_eq!(text.get(mistake.at.clone()), Some(place), "{text}: {mistake:?}");
        assert!(mistake.message.contains(message), "{text}: {mistake:?}");
        assert!(mistake.help.contains(help), "{text}: {mistake:?}");
    }
}

#[test]
fn an_expression_has_an_end_in_depth_and_length() {
    for text in [
        format!("{}1{}", "(".repeat(100_000), ")".repeat(100_000)),
        format!("{}true", "!".repeat(300)),
        format!("{}1", "1 + ".repeat(1_000)),
    ] {
        let message = parse(&text).unwrap_err().message;
        assert!(message.contains("too"), "{message}");
    }
    assert!(parse(&format!("{}1{}", "(".repeat(30), ")".repeat(30))).is_ok());
}

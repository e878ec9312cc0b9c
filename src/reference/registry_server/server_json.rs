//! An entry of the catalogue: the `server.json` of the MCP registry, kept as it was published, and the order of its
//! versions.

use std::cmp::Ordering;

use semver::Version;
use serde_json::{Map, Value as Json};

use super::form::is_name;

/// The longest name of a server, in bytes.
const MAX_SERVER_NAME: usize = 200;

/// The version that stands for the newest one.
pub(super) const LATEST: &str = "latest";

/// Members that are strings, objects, and arrays of objects where they are there.
const TEXTS: [&str; 5] = ["$schema", "description", "status", "title", "websiteUrl"];
const OBJECTS: [&str; 2] = ["_meta", "repository"];
const LISTS: [&str; 3] = ["icons", "packages", "remotes"];

/// A server with a name and a version.
#[derive(Clone, Debug)]
pub(super) struct ServerJson {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) document: Map<String, Json>,
}

impl ServerJson {
    /// Takes a document with anything for a name that one segment of a path can carry. The error says what is wrong.
    pub(super) fn read(document: Map<String, Json>) -> Result<Self, String> {
        let text = |key: &str| document.get(key).and_then(Json::as_str);
        let name = text("name").filter(|name| is_name(name) && name.len() <= MAX_SERVER_NAME);
        let version = text("version").filter(|version| is_version(version));
        let (Some(name), Some(version)) = (name, version) else {
            return Err(
                "a server has `name` and `version`, strings without white space; `latest`, a range and what a path \
                 cannot carry is no version"
                    .into(),
            );
        };
        let wrong = |keys: &'static [&'static str], fits: fn(&Json) -> bool| {
            keys.iter().find(|key| document.get(**key).is_some_and(|value| !fits(value)))
        };
        let list_of_objects =
            |value: &Json| value.as_array().is_some_and(|items| items.iter().all(Json::is_object));
        let wrong = wrong(&TEXTS, Json::is_string)
            .or_else(|| wrong(&OBJECTS, Json::is_object))
            .or_else(|| wrong(&LISTS, list_of_objects));
        if let Some(key) = wrong {
            return Err(format!("the server's `{key}` has another type than the MCP registry gives it"));
        }
        let (name, version) = (name.to_owned(), version.to_owned());
        Ok(Self { name, version, document })
    }

    /// The text occurs in the name, the title or the description, whatever its case.
    pub(super) fn mentions(&self, lower_case: &str) -> bool {
        ["name", "title", "description"]
            .iter()
            .filter_map(|key| self.document.get(*key)?.as_str())
            .any(|text| text.to_lowercase().contains(lower_case))
    }
}

/// One version, which a path can carry: neither the word for the newest one nor a range of several.
fn is_version(version: &str) -> bool {
    let in_a_path = ![".", ".."].contains(&version) && !version.contains(['/', '\\']);
    let range = version.starts_with(['^', '~', '<', '>', '=']) || version.contains(['*', '|']);
    is_name(version) && version != LATEST && in_a_path && !range
}

/// `namespace/name` in reverse-DNS form: what may be published.
pub(super) fn is_server_name(name: &str) -> bool {
    let part = |text: &str, inner: &[u8]| {
        let bytes = text.as_bytes();
        let ends = [bytes.first(), bytes.last()];
        ends.iter().all(|end| end.is_some_and(u8::is_ascii_alphanumeric))
            && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || inner.contains(byte))
    };
    name.len() <= MAX_SERVER_NAME
        && name.split_once('/').is_some_and(|(space, name)| part(space, b".-") && part(name, b"._-"))
}

/// Semantic versions by their precedence, a `v` before them allowed; others come before all of those, as texts.
pub(super) fn by_age(one: &str, other: &str) -> Ordering {
    let semantic = |text: &str| Version::parse(text.strip_prefix('v').unwrap_or(text)).ok();
    match (semantic(one), semantic(other)) {
        (Some(a), Some(b)) => a.cmp_precedence(&b).then_with(|| one.cmp(other)),
        (a, b) => a.is_some().cmp(&b.is_some()).then_with(|| one.cmp(other)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_reverse_dns_with_one_slash() {
        for good in ["io.github.x/y", "com.example/my_server.v2", "a/b", "A-1.b/C"] {
            assert!(is_server_name(good), "{good}");
        }
        let long = format!("a/{}", "b".repeat(199));
        for bad in [
            "", "github", "/", "a/", "/b", "a//b", "a/b/c", "a_b/c", ".a/b", "a/b-", "ä/b", "a/b c", "a\0/b",
            &long,
        ] {
            assert!(!is_server_name(bad), "{bad}");
        }
    }

    #[test]
    fn the_newest_version_is_the_greatest_semantic_one() {
        let sorted =
            ["2", "nightly", "0.9.0", "1.0.0-alpha.2", "1.0.0-alpha.11", "1.0.0", "v1.0.1", "1.10.0"];
        for (index, one) in sorted.iter().enumerate() {
            for (place, other) in sorted.iter().enumerate() {
                assert_eq!(by_age(one, other), index.cmp(&place), "{one} {other}");
            }
        }
    }

    #[test]
    fn a_document_has_a_name_a_version_and_the_types_of_the_mcp_registry() {
        let read = |json: Json| {
            let Json::Object(document) = json else { unreachable!() };
            ServerJson::read(document)
        };
        let good = json!({ "name": "a/b", "version": "1.0.0", "title": "T", "packages": [{}], "own": 7 });
        assert_eq!(Json::Object(read(good.clone()).unwrap().document), good);
        for bad in [
            json!({}),
            json!({ "name": "a/b" }),
            json!({ "version": "1" }),
            json!({ "name": "", "version": "1" }),
            json!({ "name": "a b", "version": "1" }),
            json!({ "name": 7, "version": "1" }),
            json!({ "name": "a/b", "version": "latest" }),
            json!({ "name": "a/b", "version": ["1"] }),
            json!({ "name": "a/b", "version": ".." }),
            json!({ "name": "a/b", "version": "1/2" }),
            json!({ "name": "a/b", "version": "^1.2.3" }),
            json!({ "name": "a/b", "version": ">=1||2" }),
            json!({ "name": "a/b", "version": "1".repeat(256) }),
            json!({ "name": "a/b", "version": "1", "title": null }),
            json!({ "name": "a/b", "version": "1", "remotes": {} }),
            json!({ "name": "a/b", "version": "1", "packages": ["x"] }),
            json!({ "name": "a/b", "version": "1", "repository": "x" }),
        ] {
            assert!(read(bad.clone()).is_err(), "{bad}");
        }
    }
}

//! What a vendor's provider answers, as data with sources (`profiles/*.yaml`).
//!
//! Paths, documents, tokens, lifetimes and error texts are read from the profile; the code only interprets them.
//! A profile knows nothing of a tenant: what differs from tenant to tenant comes in through placeholders.

mod section;
pub(crate) mod template;

use std::{collections::BTreeMap, sync::LazyLock};

use serde_json::{Map, Value as Json};
use spanned_yaml::{Diagnostics, Fields, Node, Source, parse};

pub use self::section::Section;
use self::template::Vars;
use crate::refusal::{Rule, Text};

/// How well a field is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// Vendor documentation or the text of a standard.
    Documented,
    /// Read in public source.
    Source,
    /// Reported in a public issue.
    Issue,
    /// General knowledge, kept where it is easy to correct.
    Knowledge,
}

/// One fact about a provider.
#[derive(Clone, Debug)]
pub struct Field {
    /// The member, header, path, setting or rule.
    pub name: String,
    /// Its value, with placeholders.
    pub value: Json,
    /// Where it is known from: a key of [`Profile::sources`].
    pub source: String,
    /// How well.
    pub confidence: Confidence,
    /// The documents that have it; all where empty.
    only: Vec<String>,
    /// The scope that must have been granted.
    scope: Option<String>,
}

/// A vendor's provider.
#[derive(Clone, Debug)]
pub struct Profile {
    /// `okta`, `okta-org`, `entra-v2` or `generic`: the name of its file.
    pub name: String,
    /// For people.
    pub title: String,
    /// The sources that the fields name.
    pub sources: BTreeMap<String, String>,
    sections: BTreeMap<Section, Vec<Field>>,
}

static OKTA: LazyLock<Profile> =
    LazyLock::new(|| embedded("okta.yaml", include_str!("../profiles/okta.yaml")));
static OKTA_ORG: LazyLock<Profile> =
    LazyLock::new(|| embedded("okta-org.yaml", include_str!("../profiles/okta-org.yaml")));
static ENTRA_V2: LazyLock<Profile> =
    LazyLock::new(|| embedded("entra-v2.yaml", include_str!("../profiles/entra-v2.yaml")));
static GENERIC: LazyLock<Profile> =
    LazyLock::new(|| embedded("generic.yaml", include_str!("../profiles/generic.yaml")));

impl Profile {
    /// Okta's custom authorization servers.
    #[must_use]
    pub fn okta() -> &'static Self {
        &OKTA
    }

    /// Okta's org authorization server.
    #[must_use]
    pub fn okta_org() -> &'static Self {
        &OKTA_ORG
    }

    /// Microsoft Entra ID with tokens of version 2.0.
    #[must_use]
    pub fn entra_v2() -> &'static Self {
        &ENTRA_V2
    }

    /// A provider as the standards describe it.
    #[must_use]
    pub fn generic() -> &'static Self {
        &GENERIC
    }

    /// Every profile.
    #[must_use]
    pub fn all() -> [&'static Self; 4] {
        [Self::okta(), Self::okta_org(), Self::entra_v2(), Self::generic()]
    }

    /// The fields of a section, in the order in which they are sent.
    #[must_use]
    pub fn section(&self, section: Section) -> &[Field] {
        self.sections.get(&section).map_or(&[], Vec::as_slice)
    }

    /// The section as a JSON object.
    pub(crate) fn render(&self, section: Section, vars: &Vars) -> Map<String, Json> {
        self.render_for(section, "", &[], vars)
    }

    /// The section as one of several documents, or for granted scopes.
    pub(crate) fn render_for(
        &self,
        section: Section,
        document: &str,
        scopes: &[String],
        vars: &Vars,
    ) -> Map<String, Json> {
        let mut object = Map::new();
        for field in self.section(section) {
            let elsewhere = !field.only.is_empty() && !field.only.iter().any(|only| only == document);
            let withheld = field.scope.as_ref().is_some_and(|scope| !scopes.contains(scope));
            if elsewhere || withheld {
                continue;
            }
            let Some(value) = vars.expand(&field.value) else { continue };
            match (field.name.as_str(), value) {
                ("*", Json::Object(members)) => object.extend(members),
                (name, value) => {
                    if let Some(name) = vars.expand_text(name) {
                        object.insert(name, value);
                    }
                }
            }
        }
        object
    }

    /// A setting's value.
    pub(crate) fn setting(&self, name: &str) -> &Json {
        self.section(Section::Settings)
            .iter()
            .find(|field| field.name == name)
            .map_or(&Json::Null, |field| &field.value)
    }

    /// A setting that is a whole number, of seconds for the most part.
    pub(crate) fn seconds(&self, name: &str) -> i64 {
        self.setting(name).as_i64().unwrap_or_default()
    }

    /// A setting that is a list of words.
    pub(crate) fn words(&self, name: &str) -> impl Iterator<Item = &str> {
        self.setting(name).as_array().into_iter().flatten().filter_map(Json::as_str)
    }

    /// The scope is one of `OpenID` Connect's, not of an API.
    pub(crate) fn is_openid(&self, scope: &str) -> bool {
        self.words("openid_scopes").any(|known| known == scope)
    }

    /// How the provider words a refusal.
    pub(crate) fn refusal(&self, rule: Rule) -> Text<'_> {
        let fields = [Section::Errors, Section::ApiErrors].map(|section| self.section(section));
        let value =
            fields.into_iter().flatten().find(|field| field.name == rule.name()).map(|field| &field.value);
        let text = |key| value.and_then(|value| value.get(key)).and_then(Json::as_str).unwrap_or_default();
        let status = value.and_then(|value| value.get("status")).and_then(Json::as_u64);
        Text {
            status: status.and_then(|status| u16::try_from(status).ok()).unwrap_or(500),
            error: text("error"),
            code: value.and_then(|value| value.get("code")).and_then(Json::as_u64),
            description: text("description"),
        }
    }
}

impl Confidence {
    /// The letter in the profile files.
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            Self::Documented => 'D',
            Self::Source => 'S',
            Self::Issue => 'I',
            Self::Knowledge => 'K',
        }
    }
}

fn embedded(name: &str, text: &str) -> Profile {
    let mut diagnostics = Diagnostics::new(Source::new(name, text));
    read(&mut diagnostics)
}

/// Reads a profile file. The shipped ones are free of mistakes: a test holds that.
fn read(diagnostics: &mut Diagnostics) -> Profile {
    let mut profile = Profile {
        name: String::new(),
        title: String::new(),
        sources: BTreeMap::new(),
        sections: BTreeMap::new(),
    };
    let Some(node) = parse(diagnostics) else { return profile };
    let Some(mut fields) = Fields::new(&node, "a profile", diagnostics) else { return profile };
    profile.name.push_str(fields.required_text("profile", diagnostics).unwrap_or_default());
    profile.title.push_str(fields.required_text("title", diagnostics).unwrap_or_default());
    for entry in fields.required("sources", diagnostics).and_then(Node::as_mapping).unwrap_or_default() {
        profile.sources.insert(entry.key.clone(), entry.value.as_text().unwrap_or_default().to_owned());
    }
    for section in Section::ALL {
        fields.required(section.name(), diagnostics);
        let nodes = fields.list(section.name(), diagnostics);
        let read = nodes.iter().filter_map(|node| read_field(node, &profile.sources, diagnostics)).collect();
        profile.sections.insert(section, read);
    }
    fields.finish(diagnostics);
    profile
}

fn read_field(
    node: &Node,
    sources: &BTreeMap<String, String>,
    diagnostics: &mut Diagnostics,
) -> Option<Field> {
    const LETTERS: [(&str, Confidence); 4] = [
        ("D", Confidence::Documented),
        ("S", Confidence::Source),
        ("I", Confidence::Issue),
        ("K", Confidence::Knowledge),
    ];
    let mut fields = Fields::new(node, "a field", diagnostics)?;
    let name = fields.required_text("name", diagnostics);
    let value = fields.required("value", diagnostics).map(Node::to_json);
    let source = fields.required_text("source", diagnostics);
    if let Some(source) = source
        && !sources.contains_key(source)
    {
        diagnostics.error(node.span, format!("`{source}` is not among the sources"));
    }
    fields.required("confidence", diagnostics);
    let confidence = fields.choice("confidence", &LETTERS, diagnostics);
    let only = fields.texts("only", diagnostics).into_iter().map(str::to_owned).collect();
    let scope = fields.text("scope", diagnostics).map(str::to_owned);
    if let Some(value) = &value {
        for unknown in template::unknown_names(value) {
            diagnostics.error(node.span, format!("there is no placeholder `{unknown}`"));
        }
    }
    fields.finish(diagnostics);
    Some(Field {
        name: name?.to_owned(),
        value: value?,
        source: source?.to_owned(),
        confidence: confidence?,
        only,
        scope,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: [(&str, &str); 4] = [
        ("okta.yaml", include_str!("../profiles/okta.yaml")),
        ("okta-org.yaml", include_str!("../profiles/okta-org.yaml")),
        ("entra-v2.yaml", include_str!("../profiles/entra-v2.yaml")),
        ("generic.yaml", include_str!("../profiles/generic.yaml")),
    ];

    #[test]
    fn the_shipped_profiles_are_free_of_mistakes() {
        for (name, text) in SHIPPED {
            let mut diagnostics = Diagnostics::new(Source::new(name, text));
            let profile = read(&mut diagnostics);
            assert!(diagnostics.is_empty(), "{diagnostics}");
            assert_eq!(format!("{}.yaml", profile.name), name);
        }
    }

    #[test]
    fn every_rule_has_words_in_every_profile() {
        for profile in Profile::all() {
            for rule in Rule::ALL {
                let text = profile.refusal(*rule);
                assert!(text.status >= 400 && !text.error.is_empty(), "{}: {}", profile.name, rule.name());
            }
            let named = profile.section(Section::Errors).len() + profile.section(Section::ApiErrors).len();
            assert_eq!(named, Rule::ALL.len(), "{}: a refusal that no rule uses", profile.name);
        }
    }

    #[test]
    fn every_source_is_used() {
        for profile in Profile::all() {
            for source in profile.sources.keys() {
                let used = Section::ALL.iter().flat_map(|section| profile.section(*section));
                assert!(used.into_iter().any(|field| field.source == *source), "{}: {source}", profile.name);
            }
        }
    }
}

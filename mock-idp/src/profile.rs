//! What a vendor's provider answers, as data with sources (`profiles/*.yaml`): Okta, Microsoft Entra ID, Keycloak,
//! Auth0, Google, Amazon Cognito, and the standards alone.
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
    /// It is a field of the profile that this one extends.
    pub inherited: bool,
    /// The documents that have it; all where empty.
    only: Vec<String>,
    /// The scope that must have been granted.
    scope: Option<String>,
    /// The placeholder that must have a value.
    when: Option<String>,
}

/// A vendor's provider.
#[derive(Clone, Debug)]
pub struct Profile {
    /// `okta`, `entra-v2` and so on: the name of its file.
    pub name: String,
    /// For people.
    pub title: String,
    /// The profile whose fields it has where it says nothing itself.
    pub extends: Option<String>,
    /// The sources that the fields name.
    pub sources: BTreeMap<String, String>,
    sections: BTreeMap<Section, Vec<Field>>,
}

macro_rules! profiles {
    ($($(#[$doc:meta])* $function:ident = $name:literal,)*) => {
        /// Names and texts of the profile files.
        const SHIPPED: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../profiles/", $name, ".yaml"))),)*];

        impl Profile {
            $(
                $(#[$doc])*
                #[must_use]
                pub fn $function() -> &'static Self {
                    static READ: LazyLock<Profile> = LazyLock::new(|| embedded($name));
                    &READ
                }
            )*

            /// The profile of that name.
            #[must_use]
            pub fn named(name: &str) -> Option<&'static Self> {
                match name {
                    $($name => Some(Self::$function()),)*
                    _ => None,
                }
            }
        }
    };
}

profiles! {
    /// Okta's custom authorization servers.
    okta = "okta",
    /// Okta's org authorization server.
    okta_org = "okta-org",
    /// Microsoft Entra ID with tokens of version 2.0.
    entra_v2 = "entra-v2",
    /// Microsoft Entra ID, endpoints and tokens of version 1.0.
    entra_v1 = "entra-v1",
    /// Microsoft Entra ID, the endpoints of no tenant.
    entra_multitenant = "entra-multitenant",
    /// A provider as the standards describe it.
    generic = "generic",
    /// A provider that follows RFC 9068 to the letter.
    rfc9068 = "rfc9068",
    /// Keycloak's realms.
    keycloak = "keycloak",
    /// Auth0's tenants.
    auth0 = "auth0",
    /// Google's accounts.
    google = "google",
    /// User pools of Amazon Cognito.
    cognito = "cognito",
}

impl Profile {
    /// Every profile.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        SHIPPED.iter().filter_map(|(name, _)| Self::named(name))
    }

    /// The fields of a section, in the order in which they are sent.
    #[must_use]
    pub fn section(&self, section: Section) -> &[Field] {
        self.sections.get(&section).map_or(&[], Vec::as_slice)
    }

    /// The section as a JSON object.
    pub(crate) fn render(&self, section: Section, vars: &Vars) -> Map<String, Json> {
        self.render_for(section, &[], &[], vars)
    }

    /// The section as one of several documents, by the names that `only` has, or for granted scopes.
    pub(crate) fn render_for(
        &self,
        section: Section,
        documents: &[&str],
        scopes: &[String],
        vars: &Vars,
    ) -> Map<String, Json> {
        let mut object = Map::new();
        for field in self.section(section) {
            let elsewhere =
                !field.only.is_empty() && !field.only.iter().any(|only| documents.contains(&only.as_str()));
            let withheld = field.scope.as_ref().is_some_and(|scope| !scopes.contains(scope));
            let idle = field.when.as_ref().is_some_and(|name| !vars.has(name));
            if elsewhere || withheld || idle {
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

    /// What its servers have a second key for, if they have one: `id_token`, or `encryption`.
    pub(crate) fn second_key(&self) -> Option<&str> {
        self.setting("second_key").as_str()
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

    /// A scope as the provider writes it in its answers: Google's short names have long ones.
    pub(crate) fn long_name<'n>(&'n self, scope: &'n str) -> &'n str {
        self.setting("scope_names").get(scope).and_then(Json::as_str).unwrap_or(scope)
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
            has_uri: value.and_then(|value| value.get("uri")) == Some(&Json::Bool(true)),
            description: text("description"),
        }
    }
}

impl Field {
    fn inherit(&self) -> Self {
        Self { inherited: true, ..self.clone() }
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

fn embedded(name: &str) -> Profile {
    let text = SHIPPED.iter().find(|(known, _)| *known == name).map_or("", |(_, text)| text);
    let mut diagnostics = Diagnostics::new(Source::new(name, text));
    read(&mut diagnostics)
}

/// Reads a profile file. The shipped ones are free of mistakes: a test holds that.
fn read(diagnostics: &mut Diagnostics) -> Profile {
    let mut profile = Profile {
        name: String::new(),
        title: String::new(),
        extends: None,
        sources: BTreeMap::new(),
        sections: BTreeMap::new(),
    };
    let Some(node) = parse(diagnostics) else { return profile };
    let Some(mut fields) = Fields::new(&node, "a profile", diagnostics) else { return profile };
    profile.name.push_str(fields.required_text("profile", diagnostics).unwrap_or_default());
    profile.title.push_str(fields.required_text("title", diagnostics).unwrap_or_default());
    let parent = fields.text("extends", diagnostics).and_then(Profile::named);
    if let (None, Some(node)) = (parent, fields.optional("extends")) {
        diagnostics.error(node.span, "there is no such profile");
    }
    profile.extends = parent.map(|parent| parent.name.clone());
    for entry in fields.required("sources", diagnostics).and_then(Node::as_mapping).unwrap_or_default() {
        if parent.is_some_and(|parent| parent.sources.contains_key(&entry.key)) {
            diagnostics.error(entry.key_span, format!("the extended profile has a source `{}`", entry.key));
        }
        profile.sources.insert(entry.key.clone(), entry.value.as_text().unwrap_or_default().to_owned());
    }
    for section in Section::ALL {
        let inherited = parent.map_or(&[][..], |parent| parent.section(section));
        if parent.is_some() && fields.optional(section.name()).is_none() {
            profile.sections.insert(section, inherited.iter().map(Field::inherit).collect());
            continue;
        }
        fields.required(section.name(), diagnostics);
        let nodes = fields.list(section.name(), diagnostics);
        let own = nodes.iter().filter_map(|node| read_field(node, &profile, parent, diagnostics)).collect();
        let merged = if section.is_keyed() { merge(inherited, own) } else { own };
        profile.sections.insert(section, merged);
    }
    fields.finish(diagnostics);
    profile
}

/// The fields of a section without order: each of one's own takes the place of that of the same name, and one
/// without a value takes it away.
fn merge(inherited: &[Field], own: Vec<Field>) -> Vec<Field> {
    let replaced = |field: &&Field| !own.iter().any(|own| own.name == field.name);
    let mut merged: Vec<_> = inherited.iter().filter(replaced).map(Field::inherit).collect();
    merged.extend(own.into_iter().filter(|field| !field.value.is_null()));
    merged
}

fn read_field(
    node: &Node,
    profile: &Profile,
    parent: Option<&Profile>,
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
    // Null is a value: it takes a field of the extended profile away, or is sent as it stands.
    let value = match (fields.optional("value"), node.get("value"), parent) {
        (None, Some(null), _) => Some(null.to_json()),
        (None, None, Some(_)) => Some(Json::Null),
        _ => fields.required("value", diagnostics).map(Node::to_json),
    };
    let source = fields.required_text("source", diagnostics);
    if let Some(source) = source
        && !profile.sources.contains_key(source)
        && !parent.is_some_and(|parent| parent.sources.contains_key(source))
    {
        diagnostics.error(node.span, format!("`{source}` is not among the sources"));
    }
    fields.required("confidence", diagnostics);
    let confidence = fields.choice("confidence", &LETTERS, diagnostics);
    let only = fields.texts("only", diagnostics).into_iter().map(str::to_owned).collect();
    let scope = fields.text("scope", diagnostics).map(str::to_owned);
    let when = fields.text("when", diagnostics).map(str::to_owned);
    if let Some(unknown) = when.as_ref().filter(|name| !template::is_known(name)) {
        diagnostics.error(node.span, format!("there is no placeholder `{unknown}`"));
    }
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
        inherited: false,
        only,
        scope,
        when,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_profiles_are_free_of_mistakes() {
        for (name, text) in SHIPPED {
            let mut diagnostics = Diagnostics::new(Source::new(name, text));
            let profile = read(&mut diagnostics);
            assert!(diagnostics.is_empty(), "{diagnostics}");
            assert_eq!(profile.name, *name);
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
    fn no_words_are_lost_with_a_placeholder() {
        for profile in Profile::all() {
            for rule in Rule::ALL {
                let text = profile.refusal(*rule);
                let said = Vars::default().expand_sentence(text.description);
                assert_eq!(said.is_empty(), text.description.is_empty(), "{}: {}", profile.name, rule.name());
            }
        }
    }

    #[test]
    fn every_source_is_used() {
        for profile in Profile::all() {
            for source in profile.sources.keys() {
                let mut used = Section::ALL.iter().flat_map(|section| profile.section(*section));
                assert!(used.any(|field| field.source == *source), "{}: {source}", profile.name);
            }
        }
    }
}

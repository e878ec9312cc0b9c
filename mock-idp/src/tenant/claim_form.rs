//! How a claim's values are written: what providers do to a list of groups or roles.

use serde_json::{Value as Json, json};

/// The form of a claim of the tenant's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ClaimForm {
    /// As the attribute is.
    #[default]
    AsIs,
    /// A single value alone, several as a list.
    ArrayIfSeveral,
    /// Values with blanks between them.
    String,
    /// Values with commas between them.
    Csv,
    /// With the path to them, as in `/engineering/platform`.
    Paths,
    /// Without the path to them.
    Names,
    /// Distinguished names of a directory.
    Dn,
    /// In an object's member `roles`.
    Object,
}

impl ClaimForm {
    /// By the words of the generic tenant file.
    pub(crate) const WORDS: [(&'static str, Self); 8] = [
        ("array", Self::AsIs),
        ("array if several", Self::ArrayIfSeveral),
        ("string", Self::String),
        ("csv", Self::Csv),
        ("paths", Self::Paths),
        ("names", Self::Names),
        ("DN", Self::Dn),
        ("object", Self::Object),
    ];

    /// The value in this form. What is no list stays as it is.
    pub(crate) fn apply(self, value: Json) -> Json {
        let Json::Array(values) = value else { return value };
        let joined = |separator| values.iter().map(text).collect::<Vec<_>>().join(separator).into();
        let each = |write: fn(&str) -> String| values.iter().map(text).map(write).collect();
        match self {
            Self::AsIs => Json::Array(values),
            Self::ArrayIfSeveral => match values.as_slice() {
                [one] => one.clone(),
                _ => Json::Array(values),
            },
            Self::String => joined(" "),
            Self::Csv => joined(","),
            Self::Paths => each(|name| format!("/{}", name.trim_start_matches('/'))),
            Self::Names => each(|name| name.rsplit('/').next().unwrap_or_default().to_owned()),
            Self::Dn => each(|name| format!("CN={name},OU=Groups,DC=acme,DC=test")),
            Self::Object => json!({"roles": values}),
        }
    }
}

fn text(value: &Json) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_take_every_form() {
        let written = |form: ClaimForm| form.apply(json!(["platform/admins", "engineering"]));
        assert_eq!(written(ClaimForm::AsIs), json!(["platform/admins", "engineering"]));
        assert_eq!(written(ClaimForm::ArrayIfSeveral), written(ClaimForm::AsIs));
        assert_eq!(ClaimForm::ArrayIfSeveral.apply(json!(["one"])), json!("one"));
        assert_eq!(written(ClaimForm::String), json!("platform/admins engineering"));
        assert_eq!(written(ClaimForm::Csv), json!("platform/admins,engineering"));
        assert_eq!(written(ClaimForm::Paths), json!(["/platform/admins", "/engineering"]));
        assert_eq!(written(ClaimForm::Names), json!(["admins", "engineering"]));
        assert_eq!(ClaimForm::Dn.apply(json!(["a"])), json!(["CN=a,OU=Groups,DC=acme,DC=test"]));
        assert_eq!(ClaimForm::Object.apply(json!(["a"])), json!({"roles": ["a"]}));
        assert_eq!(ClaimForm::Csv.apply(json!(true)), json!(true));
    }
}

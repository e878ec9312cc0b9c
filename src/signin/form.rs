//! The forms of a page, as far as a browser without scripts sends them (HTML §4.10.21).

use std::sync::LazyLock;

use regex::Regex;
use url::Url;

/// A form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// Where it is sent.
    pub action: Url,
    /// Its inputs, in order.
    pub inputs: Vec<Input>,
}

/// An input with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// `hidden`, `password`; `text` where it says nothing.
    pub kind: String,
    /// What the page has put into it.
    pub value: String,
}

impl Form {
    /// Every form of a page, in order.
    #[must_use]
    pub fn all(page: &Url, html: &str) -> Vec<Self> {
        html.split("<form").skip(1).filter_map(|form| Self::read(page, form)).collect()
    }

    fn read(page: &Url, form: &str) -> Option<Self> {
        let form = form.get(..form.find("</form>").unwrap_or(form.len()))?;
        let tag = form.get(..form.find('>')?)?;
        let action = page.join(&attribute(tag, "action").unwrap_or_default()).ok()?;
        let tags = form.split("<input").skip(1);
        let inputs = tags.filter_map(|rest| {
            let tag = rest.get(..rest.find('>').unwrap_or(rest.len()))?;
            Some(Input {
                name: attribute(tag, "name")?,
                kind: attribute(tag, "type").unwrap_or_else(|| "text".to_owned()),
                value: attribute(tag, "value").unwrap_or_default(),
            })
        });
        Some(Self { action, inputs: inputs.collect() })
    }

    /// The fields that nobody fills in, with their values.
    #[must_use]
    pub fn hidden(&self) -> Vec<(String, String)> {
        let hidden = self.inputs.iter().filter(|input| input.kind == "hidden");
        hidden.map(|input| (input.name.clone(), input.value.clone())).collect()
    }
}

/// The quoted attributes of a tag, each with its value. Compiled once: it costs more than a whole sign-in.
static ATTRIBUTES: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"\s([^\s="']+)\s*=\s*(?:"([^"]*)"|'([^']*)')"#).ok());

/// A quoted attribute of a tag, its five basic character references resolved.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let mut attributes = ATTRIBUTES.as_ref()?.captures_iter(tag);
    let found = attributes.find(|found| found.get(1).is_some_and(|found| found.as_str() == name))?;
    let value = found.get(2).or_else(|| found.get(3))?.as_str();
    let resolved =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#34;", "\""), ("&#39;", "'"), ("&#x27;", "'")]
            .iter()
            .fold(value.to_owned(), |text, (reference, character)| text.replace(reference, character));
    Some(resolved.replace("&#38;", "&").replace("&amp;", "&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_a_page() {
        let page = Url::parse("https://ui.example.com/me").unwrap();
        let html = r#"<form method="get" action="/servers"><input name="search"></form>
            <form method="post" action='/sign-out?a=1&amp;b=2'><input type="hidden" name="token" value="a&quot;b"><button>Go</button></form>"#;
        let forms = Form::all(&page, html);
        let actions: Vec<_> = forms.iter().map(|form| form.action.as_str()).collect();
        assert_eq!(actions, ["https://ui.example.com/servers", "https://ui.example.com/sign-out?a=1&b=2"]);
        assert_eq!(forms[0].hidden(), []);
        assert_eq!(forms[1].hidden(), [("token".to_owned(), "a\"b".to_owned())]);
        let tag = r#"input title=" name='not' " name = 'q' value="1=2""#;
        assert_eq!(attribute(tag, "name").as_deref(), Some("q"), "what is in a value is no attribute");
        assert_eq!(attribute(tag, "value").as_deref(), Some("1=2"));
        assert_eq!(attribute(tag, "action"), None);
        assert!(Form::all(&page, "<p>no form</p>").is_empty());
        assert_eq!(Form::all(&page, "<form").len(), 0, "cut in the middle of the tag");
    }
}

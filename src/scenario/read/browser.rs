//! `browser`: what a person does at the Cloud UI, and whether anybody is signed in afterwards.

use spanned_yaml::{Fields, Node};

use super::{
    ledger::Origin,
    reader::Reader,
    variable::Place,
    words::{CLOUD_UI, VISITS},
};
use crate::{
    model::identifier::Component,
    scenario::{
        syntax::{BrowserStep, Callback, Visit},
        template::{JsonTemplate, Template},
    },
};

/// The browser of a scenario that has one only.
const WINDOW: &str = "window";

/// What every step has.
const ALWAYS: [&str; 5] = ["name", "cookies_of", "does", "signed_in", "rule"];

impl Reader<'_> {
    pub(super) fn browser(&mut self, node: &Node) -> Option<BrowserStep> {
        let mut fields = Fields::new(node, "`browser`", &mut self.found)?;
        let does = fields.required("does", &mut self.found);
        let signed_in = fields.required("signed_in", &mut self.found);
        for key in ALWAYS {
            fields.entry(key);
        }
        let all: Vec<_> =
            VISITS.iter().flat_map(|(_, needed, allowed)| needed.iter().chain(*allowed)).copied().collect();
        for key in &all {
            fields.entry(key);
        }
        let word = does.and_then(|node| self.text(node).zip(Some(node.span)));
        let known = word.as_ref().and_then(|(word, _)| VISITS.iter().find(|(visit, ..)| visit == word));
        for key in known.map_or(&[][..], |(_, needed, _)| needed) {
            fields.required(key, &mut self.found);
        }
        fields.finish(&mut self.found);
        self.ledger.check();
        let rule = self.rule(node.get("rule"));
        // What the Registry Server shows somebody is seen in the catalogue's pages.
        if let Some(rule) = rule.as_ref().filter(|rule| !rule.as_str().starts_with("RS-")) {
            self.at_home(rule, &Component::new(CLOUD_UI), node.get("rule").unwrap_or(node));
        }
        let Some((visit, needed, allowed)) = known else {
            if let Some((word, span)) = word {
                self.unknown(span, &word, "deed of a browser", VISITS.iter().map(|(visit, ..)| *visit));
            }
            return None;
        };
        self.only(node, &format!("does: {visit}"), &all, &ALWAYS, &[needed, allowed]);
        let signed_in = signed_in.and_then(|node| self.flag(node).zip(Some(node.span)));
        if let Some((signed_in, span)) = signed_in {
            self.ledger.visit(signed_in, span);
            if *visit == "sign_in" && !signed_in && node.get("expect").is_none() {
                self.found
                    .error(span, "why nobody is signed in is left open")
                    .help("say in `expect` what the page says: a sign-in can fail for many reasons");
            }
        }
        let cookies_of = match node.get("cookies_of") {
            Some(node) => {
                let other = self.browser_name(node)?;
                self.ledger.browser_use(&other, node.span);
                Some(other)
            }
            None => None,
        };
        let name = match node.get("name") {
            Some(node) => self.browser_name(node)?,
            None => WINDOW.to_owned(),
        };
        self.ledger.browser(&name);
        let does = self.visit(node, visit);
        let expect = match node.get("expect") {
            // What the page says is beside the point: whether anybody is signed in says which of the two it is.
            Some(node) => Some(self.expect(node, true)?),
            None => None,
        };
        Some(BrowserStep {
            at: Component::new(CLOUD_UI),
            name,
            cookies_of,
            does: does?,
            signed_in: signed_in?.0,
            rule: rule?,
            expect,
        })
    }

    fn visit(&mut self, node: &Node, visit: &str) -> Option<Visit> {
        let path = match node.get("path") {
            Some(node) => Some(self.path(node)?),
            None => None,
        };
        let headers = node.get("headers").map_or(Some(Vec::new()), |node| self.headers(node));
        Some(match visit {
            "sign_in" => {
                let callback = node.get("callback").map_or(Some(Callback::default()), |node| {
                    let mut fields = Fields::new(node, "`callback`", &mut self.found)?;
                    let (set, without) = (fields.entry("set"), fields.entry("without"));
                    fields.finish(&mut self.found);
                    if set.is_none() && without.is_none() {
                        self.found
                            .error(node.span, "this `callback` changes nothing")
                            .help("say what is different: `set`, `without`");
                    }
                    let set = set.map(|entry| self.texts_by_name(&entry.value));
                    let without = without.map(|entry| self.list_of_names(&entry.value));
                    Some(Callback { set: set.flatten(), without: without.flatten() })
                });
                Visit::SignIn { path, user: self.login(node)?, callback: callback? }
            }
            "begin" => {
                let capture = node
                    .get("capture")
                    .map_or(Some(Vec::new()), |node| self.kept(node, Origin::Other, Self::text));
                Visit::Begin { path, user: self.login(node)?, capture: capture? }
            }
            "open" => Visit::Open { path: path?, headers: headers? },
            _ => Visit::Submit {
                path: path?,
                cross_site: self.cross_site(node, headers.as_deref())?,
                headers: headers?,
                form: node.get("form").and_then(|node| self.texts_by_name(node)),
                without: node.get("without").and_then(|node| self.list_of_names(node)),
            },
        })
    }

    /// Whether another site sends a form: which one, its `Origin` says.
    fn cross_site(&mut self, node: &Node, headers: Option<&[(String, Template)]>) -> Option<bool> {
        let Some(written) = node.get("cross_site") else { return Some(false) };
        let cross_site = self.flag(written)?;
        let named = headers?.iter().any(|(name, _)| name.eq_ignore_ascii_case("origin"));
        if cross_site && !named {
            self.found
                .error(written.span, "it is not said which other site this comes from")
                .help("give its `origin` in `headers`, such as https://evil.example.org");
        }
        Some(cross_site)
    }

    fn login(&mut self, node: &Node) -> Option<Template> {
        self.template(node.get("user")?, Place::Step)
    }

    /// Names and texts, or a variable that holds them.
    fn texts_by_name(&mut self, node: &Node) -> Option<JsonTemplate> {
        if node.as_mapping().is_none() && !is_variable(node) {
            self.found.expected(node, "a map of texts");
            return None;
        }
        self.json(node)
    }

    /// A list of names, or a variable that holds it.
    fn list_of_names(&mut self, node: &Node) -> Option<JsonTemplate> {
        if node.as_sequence().is_none() && !is_variable(node) {
            self.found.expected(node, "a list of names");
            return None;
        }
        self.json(node)
    }

    fn browser_name(&mut self, node: &Node) -> Option<String> {
        let text = self.text(node)?;
        self.name(&text, node.span, "a browser")
    }
}

fn is_variable(node: &Node) -> bool {
    node.as_str().is_some_and(|text| text.contains("${"))
}

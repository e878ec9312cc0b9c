//! `request`: any request, with matchers on the answer.

use spanned_yaml::{Entry, Fields, Node, Span};

use super::{
    expect::outcome,
    family::Family,
    ledger::{Beside, Verdict, by_moment, is_of_the_moment},
    reader::Reader,
    variable::Place,
};
use crate::{
    model::identifier::RequirementId,
    scenario::{syntax::Request, template::Template},
};

/// As many requests at once as tell a crowd from one.
const MOST_AT_ONCE: usize = 32;

impl Reader<'_> {
    pub(super) fn request(&mut self, node: &Node) -> Option<Request> {
        let mut fields = Fields::new(node, "`request`", &mut self.found)?;
        let to = fields.required("to", &mut self.found).and_then(|node| self.component(node));
        let method = fields.optional("method").map_or(Some("GET".to_owned()), |node| self.method(node));
        let path = fields.optional("path").map(|node| self.path(node));
        let token = fields.optional("token").map(|node| self.token_use(node));
        let headers = fields.optional("headers").map_or(Some(Vec::new()), |node| self.headers(node));
        let body = fields.optional("body").map(|node| self.template(node, Place::Step));
        let control = fields.optional("control").map(|node| self.named(node));
        let differs_entry = fields.entry("differs");
        let differs = differs_entry.map(|entry| self.differs(&entry.value));
        let at_once = fields.optional("at_once").map_or(Some(1), |node| self.at_once(node));
        let warn = fields.entry("warn");
        let rule_node = fields.optional("rule");
        let of_idp = to.as_ref().is_some_and(|to| to.as_str() == "idp");
        let rule = if of_idp { Some(self.no_rule(rule_node)) } else { self.rule(rule_node).map(Some) };
        let control_given = fields.optional("control").is_some();
        let expect_node = fields.required("expect", &mut self.found);
        let expect = expect_node.and_then(|node| self.expect(node, control_given));
        let capture_entry = fields.entry("capture");
        let capture = capture_entry.map_or(Some(Vec::new()), |entry| self.captures(&entry.value));
        let shown = fields.optional("token").map(|node| node.span).or_else(|| authorization(node));
        fields.finish(&mut self.found);
        self.ledger.check();
        // The moment may differ, whatever is shown.
        let moment =
            matches!(&differs, Some(Some(differs)) if differs.iter().all(|what| is_of_the_moment(what)));
        if let Some(entry) = differs_entry
            && (control.is_none() || (token.is_none() && !moment))
        {
            self.found
                .error(entry.key_span, "`differs` compares a token with its control")
                .help("show one as `token:` and name the other as `control:`, or leave `differs` out");
        }
        if let (Some(to), Some(Some(rule))) = (&to, &rule) {
            self.at_home(rule, to, rule_node.unwrap_or(node));
        }
        if let Some(Some(rule)) = &rule
            && Family::of(rule).needs_a_token()
            && shown.is_none()
            && !control_given
        {
            let first = node.as_mapping().and_then(<[_]>::first).map_or(node.span, |entry| entry.key_span);
            self.found
                .error(
                    rule_node.map_or(first, |node| node.span),
                    format!("no token is shown, so `{rule}` is not at stake here"),
                )
                .help("show one as `token:`, or name the requirement that is at stake as `rule:`");
        }

        let (to, expect) = (to?, expect?);
        let differs = differs.flatten();
        let token = token.map_or(Some(None), |token| token.map(Some))?;
        let control = control.map_or(Some(None), |control| control.map(Some))?;
        let (name, control_name) = (
            token.as_ref().map(|token| token.name.clone()),
            control.as_ref().map(|control| control.name.clone()),
        );
        let verdict = expect.status.as_ref().and_then(outcome);
        self.fits([capture_entry, warn], at_once, verdict);
        let warn = warn.map(|entry| self.template(&entry.value, Place::Step));
        if let (Some(verdict), Some(token)) = (verdict, &token) {
            self.ledger.judge(&to, verdict, &token.name);
        }
        match (verdict, shown) {
            (Some(Verdict::Refuses), _) => self.ledger.refuses(&to),
            (Some(Verdict::Accepts), Some(span)) => self.ledger.accepts(&to, span),
            // Open: either may happen, and either counts beside the other.
            (None, Some(span)) if control.is_some() => self.ledger.accepts(&to, span),
            _ => {}
        }
        if control.is_some() {
            self.ledger.beside(Beside {
                by: to.clone(),
                verdict: Verdict::Refuses,
                token,
                control,
                by_moment: differs.as_deref().is_some_and(by_moment),
            });
        } else if verdict == Some(Verdict::Refuses) {
            let status = expect_node.and_then(|node| node.get("status")).map_or(node.span, |node| node.span);
            self.found
                .error(status, "a refusal counts only beside its control")
                .help("name a token that the component accepts in this scenario as `control:`");
        }
        Some(Request {
            differs,
            to,
            method: method?,
            path: path.flatten(),
            token: name,
            headers: headers?,
            body: body.flatten(),
            at_once: at_once?,
            rule: rule?,
            control: control_name,
            warn: warn.flatten(),
            expect,
            capture: capture?,
        })
    }

    /// A method is case-sensitive (RFC 9110 §9.1), and all registered ones are in upper case.
    fn method(&mut self, node: &Node) -> Option<String> {
        let text = self.text(node)?;
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-') {
            return Some(text);
        }
        self.found
            .error(node.span, format!("`{text}` is no method"))
            .help("methods are in upper case: `GET`, `POST`");
        None
    }

    pub(super) fn path(&mut self, node: &Node) -> Option<Template> {
        let path = self.template(node, Place::Step)?;
        if ["/", "${", "https://"].iter().any(|start| path.written().starts_with(start)) {
            return Some(path);
        }
        self.found.error(node.span, format!("the path `{}` begins with no slash", path.written())).help(
            "the component's address comes from the target: write the path only, or a whole URL with https",
        );
        None
    }

    fn at_once(&mut self, node: &Node) -> Option<usize> {
        let number = node.to_json().as_u64().and_then(|number| usize::try_from(number).ok());
        let number = number.filter(|number| (2..=MOST_AT_ONCE).contains(number));
        if number.is_none() {
            self.found.expected(node, &format!("a number from 2 to {MOST_AT_ONCE}"));
        }
        number
    }

    /// The IdP is not under test, so nothing that it answers speaks for or against a requirement.
    fn no_rule(&mut self, node: Option<&Node>) -> Option<RequirementId> {
        if let Some(node) = node {
            self.found
                .error(node.span, "no requirement is at stake in what the IdP answers")
                .help("the IdP is not under test: leave out `rule`");
        }
        None
    }

    /// What is captured is of one answer, and what is warned about is served.
    fn fits(
        &mut self,
        [capture, warn]: [Option<&Entry>; 2],
        at_once: Option<usize>,
        verdict: Option<Verdict>,
    ) {
        if let (Some(entry), Some(2..)) = (capture, at_once) {
            let message = "there are several answers, so it is not clear of which this is a part";
            self.found
                .error(entry.key_span, message)
                .help("leave out `at_once`, or capture from another request");
        }
        if let Some(entry) = warn
            && verdict != Some(Verdict::Accepts)
        {
            self.found
                .error(entry.key_span, "a refusal is no reason for a warning")
                .help("`warn` is for what is served, and somebody should know");
        }
    }

    /// Name → text, or a list of texts for a name that stands twice.
    pub(super) fn headers(&mut self, node: &Node) -> Option<Vec<(String, Template)>> {
        let Some(entries) = node.as_mapping() else {
            self.found.expected(node, "a map of headers");
            return None;
        };
        let mut headers = Vec::new();
        for entry in entries {
            let name = self.header_name(&entry.key, entry.key_span);
            let values = match entry.value.as_sequence() {
                Some(nodes) => nodes,
                None => std::slice::from_ref(&entry.value),
            };
            for value in values {
                let value = self.template(value, Place::Step);
                if let (Some(name), Some(value)) = (&name, value) {
                    headers.push((name.clone(), value));
                }
            }
        }
        Some(headers)
    }
}

/// Where a credential stands that is written as a header.
fn authorization(node: &Node) -> Option<Span> {
    let headers = node.get("headers")?.as_mapping()?;
    let header = headers.iter().find(|header| header.key.eq_ignore_ascii_case("authorization"))?;
    Some(header.key_span)
}

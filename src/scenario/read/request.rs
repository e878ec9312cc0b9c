//! `request`: any request, with matchers on the answer.

use spanned_yaml::{Fields, Node};

use super::{
    expect::outcome,
    ledger::{Beside, Verdict},
    reader::Reader,
    variable::Place,
};
use crate::scenario::{syntax::Request, template::Template};

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
        let rule = fields.optional("rule");
        let rule = self.rule(rule);
        let expect_node = fields.required("expect", &mut self.found);
        let expect = expect_node.and_then(|node| self.expect(node));
        let capture = fields.optional("capture").map_or(Some(Vec::new()), |node| self.captures(node));
        fields.finish(&mut self.found);
        self.ledger.check();

        let (to, expect) = (to?, expect?);
        let token = token.map_or(Some(None), |token| token.map(Some))?;
        let control = control.map_or(Some(None), |control| control.map(Some))?;
        let (name, control_name) = (
            token.as_ref().map(|token| token.name.clone()),
            control.as_ref().map(|control| control.name.clone()),
        );
        let verdict = expect.status.as_ref().and_then(outcome);
        if let (Some(verdict), Some(token)) = (verdict, &token) {
            self.ledger.judge(&to, verdict, &token.name);
        }
        if control.is_some() {
            self.ledger.beside(Beside {
                by: to.clone(),
                verdict: Verdict::Refuses,
                token,
                control,
                by_time: false,
            });
        } else if verdict == Some(Verdict::Refuses) {
            let status = expect_node.and_then(|node| node.get("status")).map_or(node.span, |node| node.span);
            self.found
                .error(status, "a refusal counts only beside its control")
                .help("name a token that the component accepts in this scenario as `control:`");
        }
        Some(Request {
            to,
            method: method?,
            path: path.flatten(),
            token: name,
            headers: headers?,
            body: body.flatten(),
            rule: rule?,
            control: control_name,
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

    fn path(&mut self, node: &Node) -> Option<Template> {
        let path = self.template(node, Place::Step)?;
        if path.written().starts_with('/') || path.written().starts_with("${") {
            return Some(path);
        }
        self.found
            .error(node.span, format!("the path `{}` begins with no slash", path.written()))
            .help("the component's address comes from the target: write the path only");
        None
    }

    /// Name → text, or a list of texts for a name that stands twice.
    fn headers(&mut self, node: &Node) -> Option<Vec<(String, Template)>> {
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

//! A request as the endpoints see it: parameters that may be missing, empty or repeated, never a parse error.

use axum::http::{HeaderMap, Method, header::CONTENT_TYPE};
use serde_json::{Map, Value as Json};

use crate::{profile::Profile, provider::Provider, refusal::Rule, route::Place, tenant::Server};

/// A request to an endpoint of a server.
#[derive(Clone, Debug)]
pub(crate) struct Call<'p> {
    pub(crate) provider: &'p Provider,
    pub(crate) server: &'p Server,
    /// The server's index in the tenant.
    pub(crate) index: usize,
    pub(crate) place: Place,
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    pub(crate) query: Params,
    /// Empty where the body is no form.
    pub(crate) form: Params,
}

/// Why a request is refused, with the parameter that the words may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) rule: Rule,
    pub(crate) parameter: Option<&'static str>,
}

/// Parameters of a query or a form, in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl Call<'_> {
    /// The call as one to another server, where several share a path.
    pub(crate) fn to_server(&self, index: usize) -> Option<Self> {
        if index == self.index {
            return Some(self.clone());
        }
        let server = self.provider.tenant.servers.get(index)?;
        Some(Self { server, index, ..self.clone() })
    }

    pub(crate) fn profile(&self) -> &'static Profile {
        self.server.profile
    }

    /// The APIs that a request names, by the parameter that the provider has for them.
    pub(crate) fn targets<'q>(&self, params: &'q Params) -> impl Iterator<Item = &'q str> + use<'q> {
        params.all(self.profile().setting("target_parameter").as_str().unwrap_or("resource"))
    }

    /// The body is declared as a form, or as what the provider takes for one.
    pub(crate) fn is_form(&self) -> bool {
        is_form(&self.headers) || takes_json(self.server, self.place, &self.headers)
    }
}

impl From<Rule> for Refusal {
    fn from(rule: Rule) -> Self {
        Self { rule, parameter: None }
    }
}

impl Params {
    pub(crate) fn parse(encoded: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(encoded).into_owned().collect())
    }

    /// The texts of a JSON object; none of anything else.
    pub(crate) fn parse_json(body: &[u8]) -> Self {
        let members: Map<String, Json> = serde_json::from_slice(body).unwrap_or_default();
        let text = |(name, value): (String, Json)| Some((name, value.as_str()?.to_owned()));
        Self(members.into_iter().filter_map(text).collect())
    }

    /// A parameter that stands at most once. Without a value it counts as left out (RFC 6749 §3.1).
    pub(crate) fn one(&self, name: &'static str) -> Result<Option<&str>, Refusal> {
        let mut values = self.all(name);
        let first = values.next();
        if values.next().is_some() {
            return Err(Refusal { rule: Rule::ParameterRepeated, parameter: Some(name) });
        }
        Ok(first)
    }

    /// The first value of a parameter.
    pub(crate) fn first(&self, name: &'static str) -> Option<&str> {
        self.all(name).next()
    }

    /// All values of a parameter.
    pub(crate) fn all<'q>(&'q self, name: &'static str) -> impl Iterator<Item = &'q str> + use<'q> {
        self.0
            .iter()
            .filter(move |(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }
}

/// The body is JSON, and the provider takes that for a token request.
pub(crate) fn takes_json(server: &Server, place: Place, headers: &HeaderMap) -> bool {
    place == Place::Token
        && server.profile.setting("json_token_requests") == true
        && has_type(headers, "application/json")
}

/// RFC 6749 appendix B.
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    has_type(headers, "application/x-www-form-urlencoded")
}

fn has_type(headers: &HeaderMap, wanted: &str) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_parameters_are_left_out_and_repeated_ones_refused() {
        let params = Params::parse(b"a=1&b=&c=2&c=3&d=%ff");
        assert_eq!(params.one("a"), Ok(Some("1")));
        assert_eq!(params.one("b"), Ok(None));
        assert_eq!(params.one("c").unwrap_err().parameter, Some("c"));
        assert_eq!(params.one("d"), Ok(Some("\u{fffd}")));
    }
}

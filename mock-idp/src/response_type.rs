//! What an authorization request asks for, and the way that it comes back (OAuth 2.0 Multiple Response Types,
//! OAuth 2.0 Form Post Response Mode).

use crate::{
    refusal::Rule,
    request::{Params, Refusal},
    tenant::{Client, Grant, Server},
};

/// The words of `response_type`, in any order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ResponseType {
    pub(crate) code: bool,
    pub(crate) token: bool,
    pub(crate) id_token: bool,
}

/// How the answer travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResponseMode {
    Query,
    Fragment,
    /// In a form that posts itself.
    FormPost,
}

impl ResponseType {
    fn parse(text: &str) -> Option<Self> {
        let mut parsed = Self::default();
        for word in text.split(' ') {
            let flag = match word {
                "code" => &mut parsed.code,
                "token" => &mut parsed.token,
                "id_token" => &mut parsed.id_token,
                _ => return None,
            };
            if std::mem::replace(flag, true) {
                return None;
            }
        }
        Some(parsed)
    }

    /// Of a request, if the provider has it and the client is set up for it.
    pub(crate) fn of(server: &Server, client: &Client, params: &Params) -> Result<Self, Refusal> {
        let text = params.one("response_type")?.ok_or(Rule::ResponseTypeMissing)?;
        let asked = Self::parse(text).ok_or(Rule::ResponseTypeUnsupported)?;
        if asked.has_tokens() {
            let known = server.profile.words("implicit_response_types").filter_map(Self::parse);
            let permitted = client.grants.contains(&Grant::Implicit)
                && (client.implicit.access_tokens || !asked.token)
                && (client.implicit.id_tokens || !asked.id_token);
            if !permitted || !known.into_iter().any(|known| known == asked) {
                return Err(Rule::ResponseTypeUnsupported.into());
            }
        }
        if asked.code && !client.grants.contains(&Grant::AuthorizationCode) {
            return Err(Rule::GrantNotAllowed.into());
        }
        Ok(asked)
    }

    /// Tokens come from the authorization endpoint itself.
    pub(crate) fn has_tokens(self) -> bool {
        self.token || self.id_token
    }

    /// What the policies are asked for.
    pub(crate) fn grant(self) -> Grant {
        if self.has_tokens() { Grant::Implicit } else { Grant::AuthorizationCode }
    }
}

impl ResponseMode {
    /// Of a request. Tokens never travel in a query (OAuth 2.0 Multiple Response Types §5).
    pub(crate) fn of(server: &Server, params: &Params, asked: ResponseType) -> Result<Self, Refusal> {
        let posts = server.profile.setting("form_post") == true;
        match params.one("response_mode")? {
            None if asked.has_tokens() => Ok(Self::Fragment),
            None => Ok(Self::Query),
            Some("query") if !asked.has_tokens() => Ok(Self::Query),
            Some("fragment") => Ok(Self::Fragment),
            Some("form_post") if posts => Ok(Self::FormPost),
            Some(_) => Err(Rule::ResponseModeUnsupported.into()),
        }
    }

    /// For an error in a request that may be wrong in its type and mode too.
    pub(crate) fn for_error(server: &Server, params: &Params) -> Self {
        let words = params.first("response_type").unwrap_or_default();
        let asked = ResponseType::parse(words).unwrap_or_default();
        let fallback = if asked.has_tokens() { Self::Fragment } else { Self::Query };
        Self::of(server, params, asked).unwrap_or(fallback)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_in_any_order_and_once() {
        let hybrid = ResponseType { code: true, token: false, id_token: true };
        assert_eq!(ResponseType::parse("id_token code"), Some(hybrid));
        for wrong in ["", "code code", "code  id_token", "none", "Code"] {
            assert_eq!(ResponseType::parse(wrong), None, "{wrong:?}");
        }
    }
}

//! `sign_in`: a client obtains a token by a real flow, is refused, or it is open which of the two.

use spanned_yaml::{Entry, Fields, Node};

use super::{ledger::Origin, matching::Actual, reader::Reader, variable::Place, words::FLOWS};
use crate::scenario::syntax::{Flow, OpenSignIn, Refuser, SignIn, SignInRefused};

impl Reader<'_> {
    pub(super) fn sign_in(&mut self, node: &Node) -> Option<SignIn> {
        let mut fields = Fields::new(node, "`sign_in`", &mut self.found)?;
        let name = fields.optional("as");
        let id_token = fields.optional("id_token_as");
        let flow = fields.choice("flow", &FLOWS, &mut self.found).unwrap_or(Flow::AuthorizationCode);
        let user = fields.optional("user");
        let from = fields.entry("from");
        let redirect_uri = fields.optional("redirect_uri");
        let mut template = |key| fields.optional(key).and_then(|node| self.template(node, Place::Step));
        let issuer = template("issuer");
        let client_id = template("client_id");
        let client_secret = template("client_secret");
        let resource = template("resource");
        let scopes = fields.optional("scopes").map(|node| self.templates(node));
        let refused = fields.optional("refused");
        let open = [fields.entry("capture"), fields.entry("control")];
        fields.finish(&mut self.found);

        self.fits_flow(node, flow, [user, redirect_uri, id_token], from.is_some());
        if let (Some(entry), true) = (from, flow != Flow::RefreshToken) {
            self.found
                .error(entry.key_span, "`from` has no meaning here")
                .help("it goes with `flow: refresh_token`");
        }
        let from = match from {
            Some(entry) => Some(self.token_use(&entry.value)?.name),
            None => None,
        };
        let user = user.and_then(|node| self.template(node, Place::Step));
        let redirect_uri = redirect_uri.and_then(|node| self.template(node, Place::Step));
        let mut sign_in = SignIn {
            name: "token".to_owned(),
            id_token: None,
            flow,
            user,
            from,
            issuer,
            client_id,
            client_secret,
            redirect_uri,
            scopes: scopes.flatten(),
            resource,
            refused: None,
            open: None,
        };
        if let Some(refused) = refused {
            for node in [name, id_token].into_iter().flatten() {
                self.found.error(node.span, "a refused `sign_in` gives no token").help("remove the name");
            }
            for entry in open.into_iter().flatten() {
                self.found
                    .error(entry.key_span, format!("`{}` has no meaning beside `refused`", entry.key))
                    .help("it is for a sign-in of which it is open whether a token comes");
            }
            sign_in.refused = Some(self.sign_in_refused(refused)?);
        } else if open.iter().any(Option::is_some) {
            for node in [name, id_token].into_iter().flatten() {
                self.found
                    .error(node.span, "whether a token comes is open, so it has no name")
                    .help("remove the name; or keep something of the token in a step `token`");
            }
            sign_in.open = Some(self.open_sign_in(node, open)?);
        } else {
            sign_in.name = self.define_token(name, "token", fields_start(node), Origin::SignIn)?;
            if let Some(node) = id_token {
                sign_in.id_token = Some(self.define_token(Some(node), "", node.span, Origin::Other)?);
            }
        }
        Some(sign_in)
    }

    /// Reports what is missing in a flow, and what has no meaning there.
    fn fits_flow(
        &mut self,
        node: &Node,
        flow: Flow,
        [user, redirect_uri, id_token]: [Option<&Node>; 3],
        from: bool,
    ) {
        match flow {
            Flow::AuthorizationCode | Flow::DeviceCode if user.is_none() => {
                self.found
                    .error(fields_start(node), "`sign_in` needs `user`")
                    .help("the login of the person who signs in; or `flow: client_credentials`");
            }
            Flow::ClientCredentials => {
                for (key, node) in [("user", user), ("redirect_uri", redirect_uri), ("id_token_as", id_token)]
                {
                    let Some(node) = node else { continue };
                    self.found
                        .error(node.span, format!("`{key}` has no meaning in the client credentials flow"))
                        .help("nobody signs in there: remove it");
                }
            }
            Flow::RefreshToken => {
                for (key, node) in [("user", user), ("redirect_uri", redirect_uri)] {
                    let Some(node) = node else { continue };
                    self.found
                        .error(node.span, format!("`{key}` has no meaning where a token is refreshed"))
                        .help("nobody signs in there: remove it");
                }
                if !from {
                    self.found
                        .error(fields_start(node), "`flow: refresh_token` needs `from`")
                        .help("the token of the sign-in whose refresh token is shown");
                }
            }
            Flow::DeviceCode => {
                if let Some(node) = redirect_uri {
                    self.found
                        .error(node.span, "`redirect_uri` has no meaning in the device flow")
                        .help("the device polls: remove it");
                }
            }
            Flow::AuthorizationCode => {}
        }
    }

    fn open_sign_in(&mut self, node: &Node, [capture, control]: [Option<&Entry>; 2]) -> Option<OpenSignIn> {
        if control.is_none() {
            self.found.error(fields_start(node), "`capture` needs `control`").help(
                "the token of a sign-in at the same issuer that differs in one thing, so that a refusal is for that",
            );
        }
        if capture.is_none() {
            self.found
                .error(fields_start(node), "`control` needs `capture`")
                .help("what to keep of the token; or `refused`, with its own `control`");
        }
        let capture = capture.and_then(|entry| self.token_captures(&entry.value));
        let control = self.named(&control?.value)?;
        let name = control.name.clone();
        self.ledger.use_of_sign_in(control);
        Some(OpenSignIn { control: name, capture: capture? })
    }

    fn sign_in_refused(&mut self, node: &Node) -> Option<SignInRefused> {
        let mut fields = Fields::new(node, "`refused`", &mut self.found)?;
        let error = fields.entry("error");
        let by = fields.entry("by");
        let description = fields.optional("description").and_then(|node| self.matcher(node, Actual::Text));
        let control = fields.required("control", &mut self.found).and_then(|node| self.named(node));
        let rule = fields.required("rule", &mut self.found).and_then(|node| self.rule(Some(node)));
        fields.finish(&mut self.found);
        self.ledger.check();
        let by = match (error, by) {
            (Some(entry), None) => self.literal(&entry.value).map(Refuser::Idp),
            (None, Some(entry)) => {
                self.one_of(&entry.value, "refuser", &[("client", ())]).map(|()| Refuser::Client)
            }
            (Some(_), Some(entry)) => {
                self.found
                    .error(entry.key_span, "the IdP refuses with an `error`, or the client does")
                    .help("keep one of `error` and `by: client`");
                None
            }
            (None, None) => {
                self.found.error(fields_start(node), "`refused` needs `error`").help(
                    "the OAuth error code of the IdP; or `by: client` where the client itself must refuse",
                );
                None
            }
        };
        if let (Some(Refuser::Client), None) = (&by, &description) {
            self.found
                .error(fields_start(node), "`by: client` needs `description`")
                .help("the client's words say what it refused");
        }
        let control = control?;
        let name = control.name.clone();
        self.ledger.use_of_sign_in(control);
        Some(SignInRefused { by: by?, description, control: name, rule: rule? })
    }
}

/// Where to point when a map lacks something.
fn fields_start(node: &Node) -> spanned_yaml::Span {
    node.as_mapping().and_then(|entries| entries.first()).map_or(node.span, |entry| entry.key_span)
}

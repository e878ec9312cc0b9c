//! `client` and `tamper`: the simulated client, and whoever reaches its disk.

use serde_json::Value as Json;
use spanned_yaml::{Entry, Fields, Node, Span, closest};

use super::{
    matching::Actual,
    reader::Reader,
    variable::Place,
    words::{
        ASK_ANSWER, CACHE_MEMBERS, DEEDS, DIRECTIVES, MODES, POLL_ANSWER, SIGN_IN_ANSWER, STATUS_ANSWER,
        TAMPERINGS, listed,
    },
};
use crate::scenario::{
    matcher::Matcher,
    syntax::{ClientStep, Deed, Tamper, Tampering, Wish},
};

/// The client of a scenario that has one only.
const LAPTOP: &str = "laptop";

impl Reader<'_> {
    pub(super) fn client(&mut self, node: &Node) -> Option<ClientStep> {
        let mut fields = Fields::new(node, "`client`", &mut self.found)?;
        let name = fields.optional("name");
        let word = fields.required("does", &mut self.found)?;
        let word = self.text(word).zip(Some(word.span));
        let known = word.as_ref().and_then(|(word, _)| DEEDS.iter().find(|(deed, ..)| deed == word));
        let Some((deed, needed, allowed)) = known else {
            let (word, span) = word?;
            self.unknown(span, &word, "deed of a client", DEEDS.iter().map(|(deed, ..)| *deed));
            return None;
        };
        for key in *needed {
            fields.required(key, &mut self.found);
        }
        let capture = fields.optional("capture");
        for key in DEEDS.iter().flat_map(|(_, needed, allowed)| needed.iter().chain(*allowed)) {
            fields.entry(key);
        }
        fields.finish(&mut self.found);
        let all: Vec<_> =
            DEEDS.iter().flat_map(|(_, needed, allowed)| needed.iter().chain(*allowed)).copied().collect();
        self.only(node, &format!("does: {deed}"), &all, &["name", "does", "capture"], &[needed, allowed]);
        let rule = if is_means(node, deed) {
            node.get("rule").and_then(|rule| self.rule(Some(rule)))
        } else {
            self.ledger.check();
            Some(self.rule(node.get("rule"))?)
        };
        let name = match name {
            Some(node) => self.client_name(node)?,
            None => LAPTOP.to_owned(),
        };
        let does = self.deed(node, deed, &name)?;
        self.ledger.client(&name, node.span, &does);
        let expect = node.get("expect").map_or(Some(Vec::new()), |node| self.said(node, &does));
        self.says_why(node, &does, expect.as_deref().unwrap_or_default());
        let capture = capture.map_or(Some(Vec::new()), |node| self.client_captures(node, answer_of(&does)));
        if let (Deed::TrySignIn { .. }, Some(capture)) = (&does, &capture) {
            self.ledger.looked_at(node.span, capture.iter().map(|(name, _)| name.clone()));
        }
        Some(ClientStep { name, does, rule, expect: expect?, capture: capture? })
    }

    fn deed(&mut self, node: &Node, deed: &str, name: &str) -> Option<Deed> {
        let mut template = |key| node.get(key).map(|node| self.template(node, Place::Step));
        Some(match deed {
            "enroll" => Deed::Enroll { user: template("user")?? },
            "sign_in" => {
                let user = template("user")??;
                if node.get("capture").is_none() {
                    return Some(Deed::SignIn { user, refused: self.words(node) });
                }
                if let Some(at) = node.get("refused") {
                    let error =
                        self.found.error(at.span, "a sign-in that is looked at is not demanded to fail");
                    error.help("leave out `refused` or `capture`");
                }
                Deed::TrySignIn { user }
            }
            "start" => {
                let (managed, environment) = (template("managed"), template("environment"));
                let refused = self.words(node);
                Deed::Start { managed: managed.flatten(), environment: environment.flatten(), refused }
            }
            "poll" => Deed::Poll { contact: self.flag(node.get("contact")?)? },
            "status" => Deed::Status,
            "stop" => Deed::Stop,
            _ => {
                let at = node.get("permitted")?;
                let permitted = self.flag(at)?;
                let wish = self.wish(node, deed)?;
                self.ledger.asked(name, wish.word(), permitted, at.span);
                Deed::Ask { wish, permitted }
            }
        })
    }

    fn wish(&mut self, node: &Node, deed: &str) -> Option<Wish> {
        if let "set" | "unset" = deed {
            let directive = node.get("directive")?;
            let text = self.text(directive)?;
            if !text.contains("${") && !DIRECTIVES.contains(&text.as_str()) {
                self.unknown(directive.span, &text, "directive", DIRECTIVES.iter().copied());
            }
            let directive = self.template(directive, Place::Step)?;
            return match deed {
                "set" => Some(Wish::Set(directive, self.json(node.get("value")?)?)),
                _ => Some(Wish::Unset(directive)),
            };
        }
        let server = self.template(node.get("server")?, Place::Step)?;
        Some(match deed {
            "install" => Wish::Install(server),
            "run" => Wish::Run(server),
            _ => Wish::Keep(server),
        })
    }

    /// `refused`: the words of a refusal.
    fn words(&mut self, node: &Node) -> Option<Matcher> {
        self.matcher(node.get("refused")?, Actual::Text)
    }

    pub(super) fn flag(&mut self, node: &Node) -> Option<bool> {
        let flag = node.as_bool();
        if flag.is_none() {
            self.found.expected(node, "`true` or `false`");
        }
        flag
    }

    /// Reports keys of the step that have no meaning beside its word.
    pub(super) fn only(&mut self, node: &Node, word: &str, all: &[&str], always: &[&str], here: &[&[&str]]) {
        for Entry { key, key_span, .. } in node.as_mapping().unwrap_or_default() {
            let known = all.contains(&key.as_str());
            let here_too = always.iter().chain(here.iter().copied().flatten()).any(|known| known == key);
            if here_too || !known {
                continue;
            }
            let error = self.found.error(*key_span, format!("`{key}` has no meaning beside `{word}`"));
            let mut others = here.iter().copied().flatten().copied().peekable();
            if others.peek().is_none() {
                error.help("remove it");
            } else {
                error.help(format!("there are {}", listed(others)));
            }
        }
    }

    /// Matchers on what the client says; its first segment is a member that is there.
    fn said(&mut self, node: &Node, does: &Deed) -> Option<Vec<(String, Matcher)>> {
        let known = answer_of(does);
        let said =
            self.matchers(node, Actual::Json, |reader, text, span| reader.said_pointer(text, span, known))?;
        for (_, matcher) in said.iter().filter(|(pointer, _)| pointer == "/mode") {
            self.mode(matcher, node.get("/mode").map_or(node.span, |node| node.span));
        }
        Some(said)
    }

    pub(super) fn said_pointer(&mut self, text: &str, span: Span, known: &[&str]) -> Option<String> {
        let pointer = self.pointer(text, span)?;
        let first = pointer.split('/').nth(1).unwrap_or_default();
        if known.contains(&first) {
            return Some(pointer);
        }
        let error = self.found.error(span, format!("the client says nothing of `{pointer}` there"));
        match closest(first, known.iter().copied()) {
            Some(near) => error.help(format!("did you mean `/{near}`?")),
            None => error.help(format!("there are {}", listed(known.iter().copied()))),
        };
        None
    }

    /// A poll that is no contact has many reasons: the one that is meant is named.
    fn says_why(&mut self, node: &Node, does: &Deed, expect: &[(String, Matcher)]) {
        let named = expect.iter().any(|(pointer, _)| pointer == "/outcome" || pointer == "/rule");
        if let (Deed::Poll { contact: false }, false, Some(at)) = (does, named, node.get("contact")) {
            self.found.error(at.span, "why it is no contact is left open").help(
                "expect `/outcome` (`none`, `sign-in`, `refused`), or the `/rule` by which an envelope is refused",
            );
        }
    }

    /// What is expected of a mode holds for some of the six, and not for all of them.
    fn mode(&mut self, matcher: &Matcher, span: Span) {
        if matcher.has_variables() {
            return;
        }
        match MODES.iter().filter(|mode| matcher.holds(Some(&Json::from(**mode)))).count() {
            0 => self.found.error(span, "no mode meets this").help(format!("there are {}", listed(MODES))),
            6 => self.found.error(span, "every mode meets this, so nothing is checked").help("name one"),
            _ => return,
        };
    }

    /// A client's name.
    pub(super) fn client_name(&mut self, node: &Node) -> Option<String> {
        let text = self.text(node)?;
        self.name(&text, node.span, "a client")
    }

    pub(super) fn tamper(&mut self, node: &Node) -> Option<Tamper> {
        let mut fields = Fields::new(node, "`tamper`", &mut self.found)?;
        let client = fields.optional("client");
        let by = fields.required("by", &mut self.found);
        let member = fields.entry("member");
        let members = fields.entry("members");
        fields.finish(&mut self.found);
        let client = match client {
            Some(node) => self.client_name(node)?,
            None => LAPTOP.to_owned(),
        };
        let by = by?;
        let word = self.one_of(by, "way to tamper", &TAMPERINGS.map(|word| (word, word)))?;
        self.ledger.tamper(&client, by.span, word);
        for (entry, wanted) in [(member, "flip"), (members, "set")] {
            if let (Some(entry), false) = (entry, word == wanted) {
                let message = format!("`{}` has no meaning beside `by: {word}`", entry.key);
                self.found.error(entry.key_span, message).help("remove it");
            }
        }
        let by = match word {
            "set" => {
                let Some(entry) = members else {
                    self.found
                        .error(by.span, "`by: set` needs `members`")
                        .help("as in `members: {/last_contact: …}`");
                    return None;
                };
                for entry in entry.value.as_mapping().unwrap_or_default() {
                    self.cache_member(&entry.key, entry.key_span);
                }
                Tampering::Set(self.members(&entry.value)?)
            }
            "flip" => {
                let Some(entry) = member else {
                    self.found
                        .error(by.span, "`by: flip` needs `member`")
                        .help("a member of the cache: `envelope`");
                    return None;
                };
                let member = self.template(&entry.value, Place::Step)?;
                if let Some(literal) = member.literal()
                    && !CACHE_MEMBERS.contains(&literal)
                {
                    self.unknown(
                        entry.value.span,
                        literal,
                        "member of the cache",
                        CACHE_MEMBERS.iter().copied(),
                    );
                }
                Tampering::Flip(member)
            }
            "truncate" => Tampering::Truncate,
            "delete" => Tampering::Delete,
            "keep" => Tampering::Keep,
            _ => Tampering::PutBack,
        };
        Some(Tamper { client, by })
    }

    /// A JSON pointer into the cache.
    fn cache_member(&mut self, text: &str, span: Span) {
        let Some(pointer) = self.pointer(text, span) else { return };
        let first = pointer.split('/').nth(1).unwrap_or_default();
        if !CACHE_MEMBERS.contains(&first) {
            self.unknown(span, first, "member of the cache", CACHE_MEMBERS.iter().copied());
        }
    }
}

/// The members of what a client says.
fn answer_of(does: &Deed) -> &'static [&'static str] {
    match does {
        Deed::Poll { .. } => &POLL_ANSWER,
        Deed::Ask { .. } => &ASK_ANSWER,
        Deed::TrySignIn { .. } => &SIGN_IN_ANSWER,
        _ => &STATUS_ANSWER,
    }
}

/// It is done for what follows, and checks nothing by itself.
fn is_means(node: &Node, deed: &str) -> bool {
    matches!(deed, "enroll" | "stop")
        || (matches!(deed, "start" | "sign_in")
            && node.get("refused").is_none()
            && node.get("expect").is_none())
}

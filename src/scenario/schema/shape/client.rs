//! The maps of the steps about the simulated client.

use super::{
    super::form::Form::{self, Any, Boolean, Map, Matcher, SomeIn, Text, Word},
    Shape, may, need,
};
use crate::scenario::read::words::{CACHE_MEMBERS, DEEDS, TAMPERINGS};

pub(super) static CLIENT: Shape = Shape {
    name: "client",
    about: "what the simulated client does, and what it must answer",
    exactly_one: false,
    fields: &[
        may("name", Text, "which client; laptop by default"),
        need("does", Word(|| DEEDS.iter().map(|(deed, ..)| *deed).collect()), "what it does"),
        may("user", Text, "enroll, sign_in: the login of the person"),
        may("managed", Text, "start: the platform URL of a managed preference"),
        may("environment", Text, "start: that of the environment; the Manager's by default"),
        may("refused", Matcher, "start, sign_in: it must fail, with these words"),
        may("server", Text, "install, run, keep: the name of the MCP server"),
        may("directive", Text, "set, unset: the name of the directive"),
        may("value", Any, "set: the local value"),
        may("contact", Boolean, "poll: whether it must be a contact"),
        may("permitted", Boolean, "install, run, keep, set, unset: whether it must be permitted"),
        may("rule", Text, "the requirement at stake; the first of the scenario by default"),
        may("expect", SomeIn(&Matcher), "by JSON pointer into what the client says"),
        may("capture", Map(&Form::Shape(&CLIENT_CAPTURE)), "name: what to keep of what the client says"),
    ],
};

pub(super) static CLIENT_CAPTURE: Shape = Shape {
    name: "client capture",
    about: "what to keep of what a client says",
    exactly_one: true,
    fields: &[may("json", Text, "a JSON pointer into what the client says")],
};

pub(super) static TAMPER: Shape = Shape {
    name: "tamper",
    about: "what is done to the cache of a client on disk",
    exactly_one: false,
    fields: &[
        may("client", Text, "whose; laptop by default"),
        need("by", Word(|| TAMPERINGS.to_vec()), "what is done"),
        may("member", Word(|| CACHE_MEMBERS.to_vec()), "flip: the member that gets another character"),
        may("members", Map(&Any), "set: values by JSON pointer"),
    ],
};

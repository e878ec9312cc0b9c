//! The maps of the step about browsers.

use super::{
    super::form::Form::{self, Boolean, Either, List, Map, Text, Word},
    EXPECT, Shape, may, need,
};
use crate::scenario::read::words::VISITS;

pub(super) static BROWSER: Shape = Shape {
    name: "browser",
    about: "what a person does at the Cloud UI, and whether anybody is signed in afterwards",
    exactly_one: false,
    fields: &[
        may("name", Text, "which browser; window by default"),
        may(
            "cookies_of",
            Text,
            "it has the cookies of the Cloud UI that this browser has now, and no others",
        ),
        need("does", Word(|| VISITS.iter().map(|(visit, ..)| *visit).collect()), "what it does"),
        may("user", Text, "sign_in, begin: the login of the person"),
        may(
            "path",
            Text,
            "open: path and query below the address of the Cloud UI, or a whole URL of its origin; submit: where the form goes; sign_in, begin: where the sign-in begins, /sign-in by default",
        ),
        may("callback", Form::Shape(&CALLBACK), "sign_in: how the query with which it comes back is changed"),
        may(
            "capture",
            Map(&Text),
            "begin: name: a parameter of the address to which the browser would have gone; '' is all of it",
        ),
        may("headers", Map(&Either(&[Text, List(&Text)])), "open, submit: further headers"),
        may("form", Either(&[Map(&Text), Text]), "submit: fields that are set"),
        may("without", Either(&[List(&Text), Text]), "submit: fields that are left out"),
        may(
            "cross_site",
            Boolean,
            "submit: a page of another site sends it; cookies with SameSite=Lax or Strict stay behind",
        ),
        need("signed_in", Boolean, "whether anybody is signed in afterwards: the protected path is asked"),
        may("rule", Text, "the requirement at stake; the first of the scenario by default"),
        may(
            "expect",
            Form::Shape(&EXPECT),
            "sign_in, open, submit: what the answer must be; of a sign-in, to the callback",
        ),
    ],
};

pub(super) static CALLBACK: Shape = Shape {
    name: "callback",
    about: "a change of the query with which a browser comes back",
    exactly_one: false,
    fields: &[
        may("set", Either(&[Map(&Text), Text]), "parameters that are set"),
        may("without", Either(&[List(&Text), Text]), "parameters that are left out"),
    ],
};

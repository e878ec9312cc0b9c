//! `browser`: what a person does at the Cloud UI.

use crate::{
    model::identifier::{Component, RequirementId},
    scenario::{
        syntax::Expect,
        template::{JsonTemplate, Template},
    },
};

/// `browser`
#[derive(Clone, Debug)]
pub struct BrowserStep {
    /// The Cloud UI.
    pub at: Component,
    /// Which browser.
    pub name: String,
    /// It has the UI's cookies that this one has now, and no others.
    pub cookies_of: Option<String>,
    /// What it does.
    pub does: Visit,
    /// Whether somebody is signed in afterwards.
    pub signed_in: bool,
    /// The requirement at stake.
    pub rule: RequirementId,
    /// What the answer must be.
    pub expect: Option<Expect>,
}

/// What a browser does.
#[derive(Clone, Debug)]
pub enum Visit {
    /// A person signs in at the IdP, and the browser comes back. `sign_in`
    SignIn {
        /// Where the sign-in begins; `/sign-in` by default.
        path: Option<Template>,
        /// The person's login.
        user: Template,
        /// The query with which it comes back, where that is not the one that the IdP gave it.
        callback: Callback,
    },
    /// The same up to where the IdP sends the browser back, which it does not go. `begin`
    Begin {
        /// Likewise.
        path: Option<Template>,
        /// Likewise.
        user: Template,
        /// Name → a parameter of the address to which it would have gone; empty for all of it.
        capture: Vec<(String, String)>,
    },
    /// One request. `open`
    Open {
        /// Below the UI's address, or a whole URL of its origin.
        path: Template,
        /// Further headers.
        headers: Vec<(String, Template)>,
    },
    /// The form of the page that is open, which is sent to this path. `submit`
    Submit {
        /// The path of the form's action.
        path: Template,
        /// Further headers, in the place of those that a browser sends.
        headers: Vec<(String, Template)>,
        /// Fields that are set: a map of texts.
        form: Option<JsonTemplate>,
        /// Fields that are left out: a list of names.
        without: Option<JsonTemplate>,
        /// A page of another site sends it: cookies that are not meant for that stay behind.
        cross_site: bool,
    },
}

/// A change of a callback's query.
#[derive(Clone, Debug, Default)]
pub struct Callback {
    /// Parameters that are set: a map of texts.
    pub set: Option<JsonTemplate>,
    /// Parameters that are left out: a list of names.
    pub without: Option<JsonTemplate>,
}

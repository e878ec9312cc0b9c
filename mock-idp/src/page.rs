//! The pages: sign-in, errors, index. The templates escape every value.

use askama::Template;

/// The sign-in form.
#[derive(Debug, Template)]
#[template(path = "login.html")]
pub(crate) struct Login<'a> {
    pub(crate) server: &'a str,
    pub(crate) client: &'a str,
    pub(crate) action: &'a str,
    pub(crate) transaction: &'a str,
    /// Already typed, after a wrong password.
    pub(crate) username: &'a str,
    pub(crate) message: Option<&'a str>,
    /// The logins of the tenant, as a help.
    pub(crate) logins: &'a [String],
}

/// The form for the code that a device shows.
#[derive(Debug, Template)]
#[template(path = "device_code.html")]
pub(crate) struct DeviceCode<'a> {
    pub(crate) action: &'a str,
    pub(crate) message: Option<&'a str>,
}

/// The sign-in form for a device.
#[derive(Debug, Template)]
#[template(path = "device.html")]
pub(crate) struct Device<'a> {
    pub(crate) server: &'a str,
    pub(crate) client: &'a str,
    pub(crate) action: &'a str,
    pub(crate) user_code: &'a str,
    /// Already typed, after a wrong password.
    pub(crate) username: &'a str,
    pub(crate) message: Option<&'a str>,
    /// The logins of the tenant, as a help.
    pub(crate) logins: &'a [String],
}

/// The end of a sign-in for a device.
#[derive(Debug, Template)]
#[template(path = "device_done.html")]
pub(crate) struct DeviceDone<'a> {
    pub(crate) title: &'a str,
    pub(crate) client: &'a str,
    pub(crate) advice: &'a str,
}

/// A form that posts itself to the client.
#[derive(Debug, Template)]
#[template(path = "form_post.html")]
pub(crate) struct FormPost<'a> {
    pub(crate) redirect_uri: &'a str,
    pub(crate) params: &'a [(&'a str, String)],
    pub(crate) script: &'static str,
}

/// The end of a session.
#[derive(Debug, Template)]
#[template(path = "signed_out.html")]
pub(crate) struct SignedOut<'a> {
    pub(crate) server: &'a str,
}

/// An error that must not be redirected.
#[derive(Debug, Template)]
#[template(path = "error.html")]
pub(crate) struct Failure<'a> {
    pub(crate) title: &'a str,
    pub(crate) error: &'a str,
    pub(crate) description: &'a str,
    /// What the person in front of the page can do.
    pub(crate) advice: &'a str,
}

/// `GET /`.
#[derive(Debug, Template)]
#[template(path = "index.html")]
pub(crate) struct Index<'a> {
    pub(crate) title: &'a str,
    pub(crate) issuers: Vec<IndexIssuer<'a>>,
    pub(crate) clients: Vec<IndexClient<'a>>,
    pub(crate) users: Vec<IndexUser>,
}

/// An issuer with commands to try.
#[derive(Debug)]
pub(crate) struct IndexIssuer<'a> {
    pub(crate) name: &'a str,
    pub(crate) issuer: &'a str,
    pub(crate) audiences: Vec<&'a str>,
    pub(crate) scopes: Vec<String>,
    pub(crate) commands: Vec<IndexCommand>,
}

/// A command to copy.
#[derive(Debug)]
pub(crate) struct IndexCommand {
    pub(crate) shows: &'static str,
    pub(crate) text: String,
}

/// An application.
#[derive(Debug)]
pub(crate) struct IndexClient<'a> {
    pub(crate) name: &'a str,
    pub(crate) id: &'a str,
    /// A confidential client has one.
    pub(crate) secret: Option<&'a str>,
    pub(crate) grants: Vec<&'static str>,
}

/// A user.
#[derive(Debug)]
pub(crate) struct IndexUser {
    pub(crate) login: String,
    pub(crate) password: String,
    pub(crate) groups: Vec<String>,
}

/// The page as HTML. Rendering into memory does not fail; if it did, the page would be empty.
pub(crate) fn html(page: &impl Template) -> String {
    page.render().unwrap_or_default()
}

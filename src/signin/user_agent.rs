//! The person's browser, as far as a login page needs one: it follows redirects on the authorization server,
//! fills in the form and stops where the server sends it back to the client, or says that the person is signed in.

use url::Url;

use super::{
    Person, SignInError,
    form::{Form, Input},
};
use crate::net::courier::{Answer, Courier, Request};

/// More pages than this is a loop.
const MOST_PAGES: usize = 8;

/// What the last page says where nobody is sent back to a client.
const SIGNED_IN: &str = "You are signed in";

pub(super) struct UserAgent<'a> {
    courier: &'a dyn Courier,
}

impl<'a> UserAgent<'a> {
    pub(super) fn new(courier: &'a dyn Courier) -> Self {
        Self { courier }
    }

    /// Opens the authorization URL, signs the person in, and returns the URL to which the server redirects.
    pub(super) async fn authorize(
        &self,
        url: &Url,
        redirect_uri: &str,
        person: &Person,
    ) -> Result<Url, SignInError> {
        match self.browse(url, Some(redirect_uri), person).await? {
            End::Callback(target) => Ok(target),
            End::Page => Err(SignInError::Credentials(person.login.clone())),
        }
    }

    /// Opens the page on which a person approves a device, signs the person in, and reads that it is done
    /// (RFC 8628 §3.3).
    pub(super) async fn approve(&self, url: &Url, person: &Person) -> Result<(), SignInError> {
        self.browse(url, None, person).await.map(|_| ())
    }

    async fn browse(
        &self,
        url: &Url,
        redirect_uri: Option<&str>,
        person: &Person,
    ) -> Result<End, SignInError> {
        let mut page = url.clone();
        let mut answer = self.courier.send(Request::get(url.as_str())).await?;
        let mut submitted = false;
        for _ in 0..MOST_PAGES {
            match answer.status {
                302 | 303 => {
                    let target = location(&page, &answer)?;
                    if redirect_uri.is_some_and(|uri| is_callback(&target, uri)) {
                        return Ok(End::Callback(target));
                    }
                    answer = self.courier.send(Request::get(target.as_str())).await?;
                    page = target;
                }
                200 if submitted && answer.text().contains(SIGNED_IN) => return Ok(End::Page),
                200 | 400 | 401 | 403 if submitted => {
                    return Err(SignInError::Credentials(person.login.clone()));
                }
                200 => {
                    let (action, fields) = fill_in(&page, &answer.text(), person)?;
                    answer = self.courier.send(Request::form(action.as_str(), &fields)).await?;
                    page = action;
                    submitted = true;
                }
                status => return Err(SignInError::Protocol(format!("the login page answered {status}"))),
            }
        }
        Err(SignInError::Protocol("the login pages go round in circles".into()))
    }
}

/// Where a visit ends.
enum End {
    /// The server sends the browser back to the client.
    Callback(Url),
    /// A page that says so.
    Page,
}

/// The server sends the browser back to the client: same place, whatever the query.
fn is_callback(target: &Url, redirect_uri: &str) -> bool {
    Url::parse(redirect_uri).is_ok_and(|uri| uri.origin() == target.origin() && uri.path() == target.path())
}

fn location(page: &Url, answer: &Answer) -> Result<Url, SignInError> {
    let target = answer.header("location").unwrap_or_default();
    page.join(target).map_err(|_| SignInError::Protocol(format!("a redirect to `{target}`")))
}

/// The first form of the page with its hidden fields, and the person's login and password in the field of type
/// password and the text field before it.
fn fill_in(page: &Url, html: &str, person: &Person) -> Result<(Url, Vec<(String, String)>), SignInError> {
    let no_form = || SignInError::Protocol("the login page has no form with a password field".into());
    let form = Form::all(page, html).into_iter().next().ok_or_else(no_form)?;
    if !form.inputs.iter().any(|input| input.kind == "password") {
        return Err(no_form());
    }
    let filled = form.inputs.into_iter().filter_map(|Input { name, kind, value }| match kind.as_str() {
        "hidden" => Some((name, value)),
        "password" => Some((name, person.password.clone())),
        "text" | "email" => Some((name, person.login.clone())),
        _ => None,
    });
    Ok((form.action, filled.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_filled_in() {
        let page = Url::parse("https://idp.example.com/authorize?x=1").unwrap();
        let person = Person { login: "ann".into(), password: "secret".into() };
        let html = r#"<h1>Hi</h1><form method="post" action="/login?a=1&amp;b=2"><input type="hidden" name="t" value="a&quot;b">
            <input name='username'><input type="checkbox" name="remember"><input type="password" name="password" required></form>"#;
        let (action, fields) = fill_in(&page, html, &person).unwrap();
        assert_eq!(action.as_str(), "https://idp.example.com/login?a=1&b=2");
        let pairs: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(pairs, [("t", "a\"b"), ("username", "ann"), ("password", "secret")]);
        assert!(fill_in(&page, "<p>no form</p>", &person).is_err());
        assert!(fill_in(&page, "<form><input name='a'></form>", &person).is_err());
    }
}

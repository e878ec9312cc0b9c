//! `browser`: a person's browser at the Cloud UI. Whatever its page says, whether anybody is signed in is asked of the
//! protected path, with the cookies that the browser has then.

use serde_json::Value as Json;
use url::Url;

use super::{Context, Done, Stuck, check, fill, request};
use crate::{
    net::courier::{Answer, Courier, Request},
    outcome::{Cause, CheckStatus},
    runner::{browser::Browser, credit::Visited},
    scenario::{
        syntax::{BrowserStep, Visit},
        template::{JsonTemplate, Template},
    },
    signin::{self, Person, SignInError, form::Form},
};

/// Where a sign-in begins.
const SIGN_IN: &str = "/sign-in";

/// What the step does, filled in; two of them are compared by it.
#[derive(Default)]
struct Deed {
    /// As a report has them.
    words: String,
    /// The whole address, whose query may be a secret.
    whole: String,
    callback: String,
    sent: String,
    /// Nothing changes by it for other browsers.
    is_look: bool,
}

pub(super) async fn take(context: &mut Context<'_>, step: &BrowserStep) -> Result<Done, Stuck> {
    let endpoint = context.endpoint(&step.at).map_err(Stuck::harness)?;
    let (base, protected) = (endpoint.base.clone(), endpoint.protected_path.clone());
    let mut browser = match &step.cookies_of {
        None => context.browsers.remove(&step.name).unwrap_or_default(),
        Some(other) => {
            let missing = || Stuck::harness(format!("the browser `{other}` has done nothing yet"));
            let other = context.browsers.get(other).ok_or_else(missing)?;
            Browser::with_cookies_of(other, parsed(&base)?.host_str().unwrap_or_default())
        }
    };
    let (deed, answer) = act(context, step, &base, &mut browser).await?;
    let me = browser.over(&context.wire).send(Request::get(format!("{base}{protected}"))).await?;
    context.browsers.insert(step.name.clone(), browser);

    let others = context.visited.iter().filter(|one| one.browser != step.name && !one.is_look);
    let visited = Visited {
        step: context.step,
        browser: step.name.clone(),
        done_by_others: others.count(),
        moment: context.moment(&step.at),
        signed_in: step.signed_in,
        is_look: deed.is_look,
        deed: format!("{} {}", deed.words, deed.whole),
        callback: deed.callback,
        sent: deed.sent,
    };
    context.visited.push(visited);
    let title = match &step.cookies_of {
        Some(other) => format!("{} in `{}`, with the cookies of `{other}`", deed.words, step.name),
        None => format!("{} in `{}`", deed.words, step.name),
    };
    let (expected, what) = if step.signed_in { (200, "somebody") } else { (401, "nobody") };
    let pass = me.status == expected;
    let status = if pass { CheckStatus::Pass } else { CheckStatus::Fail };
    let cause = (!pass).then_some(Cause::Implementation);
    let mut checks = vec![check(
        &format!("{what} is signed in in `{}`", step.name),
        Some(step.rule.clone()),
        status,
        &format!("{expected} from {protected}"),
        &me.status.to_string(),
        cause,
    )];
    if let (Some(expect), Some(answer)) = (&step.expect, answer) {
        checks.extend(request::checks(context, expect, Some(&step.rule), &answer)?);
    }
    Ok(Done { title, checks, go_on: true })
}

/// What the step does, and the answer that it looks at.
async fn act(
    context: &mut Context<'_>,
    step: &BrowserStep,
    base: &str,
    browser: &mut Browser,
) -> Result<(Deed, Option<Answer>), Stuck> {
    match &step.does {
        Visit::SignIn { path, user, callback } => {
            let login = fill(context, user)?;
            let change = Change::of(context, callback.set.as_ref(), callback.without.as_ref())?;
            let url = change.made(&go_out(context, browser, path.as_ref(), base, &login).await?);
            let words = format!("{login} signs in");
            let deed = Deed { words, callback: change.words(), ..Deed::default() };
            Ok((deed, Some(visit(context, browser, Request::get(url), false).await?)))
        }
        Visit::Begin { path, user, capture } => {
            let login = fill(context, user)?;
            let url = go_out(context, browser, path.as_ref(), base, &login).await?;
            for (name, parameter) in capture {
                context.captures.insert(name.clone(), captured(&url, parameter)?.into());
            }
            Ok((Deed { words: format!("{login} signs in, up to the callback"), ..Deed::default() }, None))
        }
        Visit::Open { path, headers } => {
            let path = fill(context, path)?;
            let headers = filled(context, headers)?;
            let shown = path.split(['?', '#']).next().unwrap_or_default();
            let deed = Deed {
                words: format!("{shown} is opened"),
                whole: path.clone(),
                sent: listed(&headers),
                is_look: path.starts_with('/'),
                ..Deed::default()
            };
            let request = Request { headers, ..Request::get(request::url(base, &path)?) };
            Ok((deed, Some(visit(context, browser, request, false).await?)))
        }
        Visit::Submit { path, headers, form, without, cross_site } => {
            let path = fill(context, path)?;
            let headers = filled(context, headers)?;
            let change = Change::of(context, form.as_ref(), without.as_ref())?;
            let site = if *cross_site { "from another site " } else { "" };
            let sent = format!("{site}{}{}", listed(&headers), change.words());
            let deed = Deed { words: format!("the form for {path} is sent"), sent, ..Deed::default() };
            let request = submission(browser, &request::url(base, &path)?, &change, headers)?;
            Ok((deed, Some(visit(context, browser, request, *cross_site).await?)))
        }
    }
}

/// From the UI's sign-in through the IdP's login page to where the IdP sends the browser back.
async fn go_out(
    context: &Context<'_>,
    browser: &Browser,
    path: Option<&Template>,
    base: &str,
    login: &str,
) -> Result<Url, Stuck> {
    let path = path.map_or_else(|| Ok(SIGN_IN.to_owned()), |path| fill(context, path))?;
    let start = parsed(&request::url(base, &path)?)?;
    let courier = browser.over(&context.wire);
    let answer = courier.send(Request::get(start.as_str())).await?;
    let target = answer.header("location").filter(|_| (300..400).contains(&answer.status));
    let target = target.and_then(|target| start.join(target).ok());
    let back = target.as_ref().and_then(|url| Some((url, parameter(url, "redirect_uri")?)));
    // Nobody got as far as the callback, so nothing was seen of it.
    let Some((target, back)) = back else {
        let reason = format!("{path} sends nobody to the identity provider: {}", answer.status);
        return Err(Stuck { reason, cause: Cause::Implementation });
    };
    let person = Person { login: login.to_owned(), password: context.password(login).await? };
    signin::authorize(&courier, target, &back, &person).await.map_err(|error| match error {
        SignInError::NoAnswer(error) => error.into(),
        error => Stuck { reason: error.to_string(), cause: Cause::Configuration },
    })
}

/// A parameter of an address, or all of it.
fn captured(url: &Url, name: &str) -> Result<String, Stuck> {
    if name.is_empty() {
        return Ok(url.to_string());
    }
    parameter(url, name).ok_or_else(|| Stuck {
        reason: format!("the browser was sent back without a `{name}`"),
        cause: Cause::Configuration,
    })
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find_map(|(known, value)| (known == name).then(|| value.into_owned()))
}

/// One request, of a page here or of another site; its answer is the page that is open then.
async fn visit(
    context: &Context<'_>,
    browser: &mut Browser,
    request: Request,
    cross_site: bool,
) -> Result<Answer, Stuck> {
    let url = parsed(&request.url)?;
    let answer = if cross_site {
        browser.across_sites(&context.wire).send(request).await?
    } else {
        browser.over(&context.wire).send(request).await?
    };
    browser.page = Some((url, answer.clone()));
    Ok(answer)
}

/// The form of the page that is open, as a browser sends it.
fn submission(
    browser: &Browser,
    action: &str,
    change: &Change,
    headers: Vec<(String, String)>,
) -> Result<Request, Stuck> {
    let Some((page, answer)) = &browser.page else {
        return Err(Stuck::harness(
            "the browser has no page open: a step that does `open` stands before this",
        ));
    };
    let forms = Form::all(page, &answer.text());
    let missing = || Stuck {
        reason: format!("the page at {} ({}) has no form for {action}", page.path(), answer.status),
        cause: Cause::Implementation,
    };
    let form = forms.iter().find(|form| form.action.as_str() == action).ok_or_else(missing)?;
    let mut request = Request::form(action, &change.of_pairs(form.hidden()));
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("origin")) {
        request = request.header("origin", page.origin().ascii_serialization());
    }
    request.headers.extend(headers);
    Ok(request)
}

/// A change of names and values, of a query or a form.
#[derive(Default)]
struct Change {
    set: Vec<(String, String)>,
    without: Vec<String>,
}

impl Change {
    fn of(
        context: &Context<'_>,
        set: Option<&JsonTemplate>,
        without: Option<&JsonTemplate>,
    ) -> Result<Self, Stuck> {
        Ok(Self { set: texts(context, set)?, without: names(context, without)? })
    }

    fn words(&self) -> String {
        let without = self.without.iter().map(|name| format!("-{name}"));
        self.set
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .chain(without)
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn of_pairs(&self, pairs: Vec<(String, String)>) -> Vec<(String, String)> {
        let mut pairs = pairs;
        pairs.retain(|(name, _)| !self.without.contains(name) && self.set.iter().all(|(set, _)| set != name));
        pairs.extend(self.set.iter().cloned());
        pairs
    }

    /// The URL with another query; the very same where nothing changes.
    fn made(&self, url: &Url) -> Url {
        let mut made = url.clone();
        if !self.set.is_empty() || !self.without.is_empty() {
            let pairs = self.of_pairs(url.query_pairs().into_owned().collect());
            made.query_pairs_mut().clear().extend_pairs(pairs);
        }
        made
    }
}

fn parsed(url: &str) -> Result<Url, Stuck> {
    Url::parse(url).map_err(|error| Stuck::harness(format!("`{url}` is no URL: {error}")))
}

fn filled(context: &Context<'_>, headers: &[(String, Template)]) -> Result<Vec<(String, String)>, Stuck> {
    headers.iter().map(|(name, value)| Ok((name.clone(), fill(context, value)?))).collect()
}

fn listed(pairs: &[(String, String)]) -> String {
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}

fn texts(context: &Context<'_>, map: Option<&JsonTemplate>) -> Result<Vec<(String, String)>, Stuck> {
    let Some(map) = map else { return Ok(Vec::new()) };
    let text = |(name, value): (String, Json)| match value {
        Json::String(text) => Ok((name, text)),
        Json::Null | Json::Array(_) | Json::Object(_) => Err(Stuck::harness(format!("`{name}` is no text"))),
        scalar => Ok((name, scalar.to_string())),
    };
    match map.fill(context)? {
        Json::Object(members) => members.into_iter().map(text).collect(),
        other => Err(Stuck::harness(format!("this is no map of texts: {other}"))),
    }
}

fn names(context: &Context<'_>, list: Option<&JsonTemplate>) -> Result<Vec<String>, Stuck> {
    let Some(list) = list else { return Ok(Vec::new()) };
    serde_json::from_value(list.fill(context)?).map_err(|_| Stuck::harness("this is no list of names"))
}

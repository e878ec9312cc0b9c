//! Whether somebody must sign in for an authorization request, or has done so before (`OpenID` Connect Core §3.1.2.1).

use jiff::{SignedDuration, Timestamp};

use super::session;
use crate::{
    clock::Clock as _,
    presented,
    profile::Section,
    refusal::Rule,
    request::{Call, Params, Refusal},
    state::Session,
    tenant::User,
};

/// What an authorization request comes to.
#[derive(Debug)]
pub(super) enum Prompt {
    /// Nobody is asked.
    SignedIn { user: Box<User>, session: Session },
    /// The page is shown, with a username in its place if one is known.
    Ask { username: String },
}

/// `create` is of Initiating User Registration 1.0, where nobody is asked twice either.
const PROMPTS: [&str; 5] = ["none", "login", "consent", "select_account", "create"];

/// Reads `prompt`, `max_age`, `login_hint` and `id_token_hint` against the browser's session.
pub(super) async fn decide(call: &Call<'_>, params: &Params) -> Result<Prompt, Refusal> {
    let words: Vec<_> = params.one("prompt")?.unwrap_or_default().split_ascii_whitespace().collect();
    let silent = words.contains(&"none");
    if silent && words.len() > 1 {
        return Err(Rule::PromptContradictory.into());
    }
    if !words.iter().all(|word| PROMPTS.contains(word)) {
        return Err(Rule::PromptUnknown.into());
    }
    let max_age = match params.one("max_age")? {
        Some(text) => Some(text.parse::<u32>().map_err(|_| Rule::MaxAgeMalformed)?),
        None => None,
    };
    let login_hint = params.one("login_hint")?;
    let hinted = match params.one("id_token_hint")? {
        Some(token) => Some(hinted(call, token).await),
        None => None,
    };
    let session = session::current(call);
    // Consent was given by the administrator: `consent` asks for nothing here.
    let asks = words.iter().any(|word| matches!(*word, "login" | "select_account"));
    let now = call.provider.clock.now();
    let fits = |user: &User, auth_time: Timestamp| {
        let age = SignedDuration::from_secs(max_age.unwrap_or(u32::MAX).into());
        // Without a second of patience it is `prompt=login` by another name.
        !asks
            && max_age != Some(0)
            && now.duration_since(auth_time) <= age
            && login_hint.is_none_or(|hint| hint == user.login)
            && hinted.as_ref().is_none_or(|hinted| hinted.as_ref().is_some_and(|it| it.id == user.id))
    };
    match session {
        Some((session, user)) if fits(&user, session.auth_time) => {
            Ok(Prompt::SignedIn { user: Box::new(user), session })
        }
        _ if silent => Err(Rule::LoginRequired.into()),
        session => {
            let known = hinted.flatten().or(session.map(|(_, user)| user)).map(|user| user.login);
            Ok(Prompt::Ask { username: login_hint.map(str::to_owned).or(known).unwrap_or_default() })
        }
    }
}

/// Whom an ID token of the server is about, expired or not.
async fn hinted(call: &Call<'_>, token: &str) -> Option<User> {
    let claims = presented::own_claims(call.provider, call.index, token).await?;
    presented::user(call.provider, call.server, Section::IdTokenClaims, &claims)
}

//! Asking the Manager for the policy: what is a contact (CL-CONTACT), what is put in the place of what (CL-ROLLBACK),
//! and when to ask again (CL-POLL).

use jiff::{SignedDuration, Timestamp, fmt::rfc2822};

use super::{
    Client, Place,
    cache::Held,
    envelope::{self, Envelope, EnvelopeFault},
    mode::Mode,
    platform::{Platform, PlatformError},
    status::{Outcome, Poll},
};
use crate::{
    model::rule::Rule,
    net::courier::{Answer, Courier, Request, SendError},
    signin::{SignIn, SignInError, Tokens},
};

/// How long until the next poll without contact.
const WITHOUT_CONTACT: SignedDuration = SignedDuration::from_secs(5);

/// How asking ended.
struct Asked {
    outcome: Outcome,
    status: Option<u16>,
    rule: Option<Rule>,
    reason: String,
    /// The Manager's time, where it was a contact.
    contact: Option<Timestamp>,
}

/// What became of the access token.
enum Renewal {
    Done,
    /// There is no refresh token.
    Impossible,
    Failed(Asked),
}

impl Client {
    /// Asks the Manager for the policy, once, whether that is due or not. An access token that has expired is
    /// refreshed first; one that the Manager answers with 401 is refreshed and tried again, once.
    pub async fn poll(&mut self, courier: &dyn Courier) -> Poll {
        let mut asked = self.ask(courier).await;
        // CL-CONTACT: nothing but what `ask` found to be one.
        if asked.contact.is_none() && asked.status.is_some() && !self.rules.hold(Rule::ClContact) {
            asked = Asked { outcome: Outcome::Contact, rule: None, contact: Some(self.time.now()), ..asked };
        }
        match asked.outcome {
            Outcome::Contact | Outcome::Unchanged => self.session.taken(),
            Outcome::SignIn => self.session.refused(),
            Outcome::None | Outcome::Refused => {}
        }
        let contact = asked.contact.is_some();
        if let Some(managers) = asked.contact {
            self.contact(managers);
        }
        self.save();
        self.schedule(contact);
        Poll {
            contact,
            outcome: asked.outcome,
            status: asked.status,
            rule: asked.rule.map(|rule| rule.id().to_owned()),
            reason: asked.reason,
            mode: self.mode(),
        }
    }

    /// Polls once if the next poll is due (CL-POLL), however long ago it fell due: a laptop that slept. None if it is
    /// not due, or nobody has ever signed in.
    pub async fn wake(&mut self, courier: &dyn Courier) -> Option<Poll> {
        if self.next_poll? > self.time.now() {
            return None;
        }
        Some(self.poll(courier).await)
    }

    /// A contact moves the last contact to now, in the Manager's time where that is later.
    fn contact(&mut self, managers: Timestamp) {
        // CL-POLL: the first contact ends the degradation at once.
        if self.mode().is_away() && !self.put_off && !self.rules.hold(Rule::ClPoll) {
            self.put_off = true;
            return;
        }
        self.put_off = false;
        self.time.contact(managers);
        self.last_contact = Some(self.time.now());
        self.unsaved_contact = true;
    }

    /// CL-POLL: after a contact in the refresh interval, up to a tenth earlier or later and before the contact grows
    /// old or the envelope ends; otherwise in five seconds, also where the machine's clock is past the envelope's end.
    fn schedule(&mut self, contact: bool) {
        let now = self.time.now();
        let online = contact && self.mode() == Mode::Online;
        let facts = self.facts().filter(|_| online || !self.rules.hold(Rule::ClPoll));
        let next = match &facts {
            Some(facts) => {
                let thousandths = 900 + self.chance.up_to(200);
                let spread = facts
                    .refresh_interval
                    .checked_div(1_000)
                    .zip(i32::try_from(thousandths).ok())
                    .and_then(|(thousandth, count)| thousandth.checked_mul(count));
                let due = now.saturating_add(spread.unwrap_or(facts.refresh_interval));
                let due = due.unwrap_or(Timestamp::MAX);
                let end = facts.recent_until();
                if contact && end > now { due.min(end) } else { due }
            }
            None => now.saturating_add(WITHOUT_CONTACT).unwrap_or(Timestamp::MAX),
        };
        self.next_poll = Some(next);
    }

    async fn ask(&mut self, courier: &dyn Courier) -> Asked {
        if !self.session.has_tokens() {
            return Asked::sign_in(None, "nobody has signed in");
        }
        let platform = match &self.platform {
            Some(platform) => platform.clone(),
            None => match self.discover(courier).await {
                Ok(platform) => platform,
                Err(error) => return Asked::undiscovered(&error),
            },
        };
        let mut renewed = false;
        if self.session.access(self.time.now()).is_none() {
            match self.refresh(courier, &platform).await {
                Renewal::Done => renewed = true,
                Renewal::Impossible => {}
                Renewal::Failed(asked) => return asked,
            }
        }
        let condition = self.condition();
        let mut answer = self.request(courier, &platform, condition.as_deref()).await;
        let unauthorized = answer.as_ref().is_ok_and(|answer| answer.status == 401);
        if unauthorized && !renewed && matches!(self.refresh(courier, &platform).await, Renewal::Done) {
            answer = self.request(courier, &platform, condition.as_deref()).await;
        }
        match answer {
            Ok(answer) => self.judge(courier, &platform, &answer, condition.is_some()).await,
            Err(error) => Asked::none(None, error.to_string()),
        }
    }

    /// CL-CONTACT: which answer is one.
    async fn judge(
        &mut self,
        courier: &dyn Courier,
        platform: &Platform,
        answer: &Answer,
        conditional: bool,
    ) -> Asked {
        match answer.status {
            200 => self.receive(courier, platform, answer).await,
            304 if conditional => self.unchanged(answer),
            304 => Asked::none(Some(304), "an answer 304 to a request that did not ask for it"),
            401 | 403 => {
                let reason = format!("the Manager answered {}: somebody must sign in again", answer.status);
                Asked::sign_in(Some(answer.status), reason)
            }
            status => {
                // The platform may have moved its endpoint.
                if status == 404 {
                    self.platform = None;
                }
                Asked::none(Some(status), format!("the Manager answered {status}"))
            }
        }
    }

    /// A 304 is a contact while the envelope that is held still verifies in full, and had not ended by the answer's
    /// `Date`.
    fn unchanged(&mut self, answer: &Answer) -> Asked {
        let Some(held) = &self.held else { return Asked::none(Some(304), "there is no envelope to keep") };
        let (jws, now) = (&held.envelope.jws, self.time.now());
        let verified = envelope::verify(jws, &held.keys, &self.platform_url, now, self.rules);
        match verified.and_then(|envelope| self.sent_in_time(&envelope, answer)) {
            Ok(managers) => Asked {
                outcome: Outcome::Unchanged,
                status: Some(304),
                rule: None,
                reason: "the policy is unchanged".into(),
                contact: Some(managers),
            },
            Err(fault) => self.refuse(Rule::ClVerify, 304, fault.to_string()),
        }
    }

    /// A 200 is a contact if its body is an envelope that verifies and is not older than the one that is held.
    async fn receive(&mut self, courier: &dyn Courier, platform: &Platform, answer: &Answer) -> Asked {
        let no_keys = |error: PlatformError| Asked::none(Some(200), format!("no keys: {error}"));
        let mut fetched = false;
        let mut keys = match &self.held {
            Some(held) => held.keys.clone(),
            None => match platform.keys(courier).await {
                Ok(keys) => {
                    fetched = true;
                    keys
                }
                Err(error) => return no_keys(error),
            },
        };
        let (jws, now) = (answer.text(), self.time.now());
        let mut verified = envelope::verify(&jws, &keys, &self.platform_url, now, self.rules);
        // The key may be newer than the key set: one fetch a poll.
        if matches!(verified, Err(EnvelopeFault::UnknownKey)) && !fetched {
            keys = match platform.keys(courier).await {
                Ok(keys) => keys,
                Err(error) => return no_keys(error),
            };
            verified = envelope::verify(&jws, &keys, &self.platform_url, now, self.rules);
        }
        let verified = verified.and_then(|envelope| Ok((self.sent_in_time(&envelope, answer)?, envelope)));
        let (managers, envelope) = match verified {
            Ok(verified) => verified,
            Err(fault) => return self.refuse(Rule::ClVerify, 200, fault.to_string()),
        };
        // CL-ROLLBACK
        if let Some(Held { envelope: held, .. }) = &self.held
            && self.rules.hold(Rule::ClRollback)
        {
            if envelope.issued_at < held.issued_at {
                let what = format!("an envelope of {} after one of {}", envelope.issued_at, held.issued_at);
                return self.refuse(Rule::ClRollback, 200, what);
            }
            if envelope.issued_at == held.issued_at && !envelope.says_the_same_as(held) {
                let what = format!("another envelope of {}, with other content", held.issued_at);
                return self.refuse(Rule::ClRollback, 200, what);
            }
        }
        self.held = Some(Held { envelope, keys, etag: answer.header("etag").map(str::to_owned) });
        let reason = "an envelope that verifies".into();
        let contact = Some(managers);
        Asked { outcome: Outcome::Contact, status: Some(200), rule: None, reason, contact }
    }

    /// CL-VERIFY: the Manager's time at an answer, if the envelope that it brings or keeps lasts beyond it.
    ///
    /// Our own time is no judge here: after a clock that jumped ahead it lies beyond the end of every envelope, and no
    /// contact could ever lower it (CL-CLOCK). So a Manager that understates its `Date` gets an envelope taken that it
    /// signed once, none older than the one that is held (CL-ROLLBACK). It gains nothing: the mode goes by the time
    /// that counts afterwards, which is never below the machine's clock. Where that says the same as the lie, nothing
    /// tells this client from one whose clock has returned.
    fn sent_in_time(&self, envelope: &Envelope, answer: &Answer) -> Result<Timestamp, EnvelopeFault> {
        let managers = managers_time(answer, envelope.issued_at);
        if self.rules.hold(Rule::ClVerify) && managers >= envelope.not_after {
            return Err(EnvelopeFault::Ended);
        }
        Ok(managers)
    }

    /// What must not be believed: the envelope that is held stays.
    fn refuse(&mut self, rule: Rule, status: u16, what: String) -> Asked {
        self.record(rule, what.clone());
        Asked {
            outcome: Outcome::Refused,
            status: Some(status),
            rule: Some(rule),
            reason: what,
            contact: None,
        }
    }

    /// Asks the platform what it says of itself. A platform that must not be believed is a security event (CL-PRM).
    pub(super) async fn discover(&mut self, courier: &dyn Courier) -> Result<Platform, PlatformError> {
        self.platform = None;
        match Platform::discover(courier, &self.platform_url, self.rules).await {
            Ok(platform) => {
                self.platform = Some(platform.clone());
                Ok(platform)
            }
            Err(error) => {
                if error.is_security_event() {
                    self.record(Rule::ClPrm, error.to_string());
                }
                Err(error)
            }
        }
    }

    /// The entity tag to ask with. An envelope that has ended by the time that counts is asked for anew: a 304 would
    /// keep a client whose clock returned from the future in it.
    fn condition(&self) -> Option<String> {
        let held = self.held.as_ref()?;
        if self.time.now() >= held.envelope.not_after {
            return None;
        }
        held.etag.clone()
    }

    async fn request(
        &self,
        courier: &dyn Courier,
        platform: &Platform,
        condition: Option<&str>,
    ) -> Result<Answer, SendError> {
        let mut request = Request::get(&platform.config_endpoint).header("accept", "application/jose");
        if let Some(token) = self.session.any_access() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if let Some(etag) = condition {
            request = request.header("if-none-match", etag);
        }
        courier.send(request).await
    }

    async fn refresh(&mut self, courier: &dyn Courier, platform: &Platform) -> Renewal {
        // CL-LOGIN-CHECK
        if !self.rules.hold(Rule::ClLoginCheck) {
            return Renewal::Impossible;
        }
        let refresh_token = match self.session.refresh() {
            Ok(Some(refresh_token)) => refresh_token,
            Ok(None) => return Renewal::Impossible,
            Err(error) => {
                let warning = format!("the secret store cannot be read: {error}");
                self.warn(Place::Store, Some(warning));
                return Renewal::Impossible;
            }
        };
        let mut flow = SignIn { courier, chance: &mut self.chance, rules: self.rules };
        match flow.refresh_token(&platform.registration(), &refresh_token).await {
            Ok(tokens) => {
                self.renew(tokens);
                Renewal::Done
            }
            Err(error @ SignInError::Refused { .. }) => {
                if matches!(&error, SignInError::Refused { error, .. } if error == "invalid_grant") {
                    let forgotten = self.session.forget_refresh(&refresh_token);
                    self.stored(forgotten);
                }
                Renewal::Failed(Asked::sign_in(None, error.to_string()))
            }
            Err(error) => Renewal::Failed(Asked::none(None, format!("no new access token: {error}"))),
        }
    }

    /// Takes new tokens. A store that does not is a warning: the session lasts as long as this client.
    pub(super) fn renew(&mut self, tokens: Tokens) {
        let renewed = self.session.renew(tokens, self.time.now());
        self.stored(renewed);
    }

    fn stored(&mut self, result: std::io::Result<()>) {
        let warning = result.err().map(|error| format!("the secret store cannot be written: {error}"));
        self.warn(Place::Store, warning);
    }
}

impl Asked {
    fn none(status: Option<u16>, reason: impl Into<String>) -> Self {
        let rule = Some(Rule::ClContact);
        Self { outcome: Outcome::None, status, rule, reason: reason.into(), contact: None }
    }

    fn sign_in(status: Option<u16>, reason: impl Into<String>) -> Self {
        Self { outcome: Outcome::SignIn, ..Self::none(status, reason) }
    }

    fn undiscovered(error: &PlatformError) -> Self {
        let status = match error {
            PlatformError::Status { status, .. } => Some(*status),
            _ => None,
        };
        let asked = Self::none(status, error.to_string());
        if error.is_security_event() {
            Self { outcome: Outcome::Refused, rule: Some(Rule::ClPrm), ..asked }
        } else {
            asked
        }
    }
}

/// The later of `issued_at` and the answer's `Date` (RFC 9110 §6.6.1).
fn managers_time(answer: &Answer, issued_at: Timestamp) -> Timestamp {
    answer
        .header("date")
        .and_then(|date| rfc2822::DateTimeParser::new().parse_timestamp(date).ok())
        .map_or(issued_at, |date| date.max(issued_at))
}

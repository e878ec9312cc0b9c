//! The client's tokens: the access token in memory, the refresh token in the secret store, so that a restart has it.
//!
//! No token leaves this file but to the Manager and to the IdP, and none is shown.

use std::{io, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{bootstrap::PlatformUrl, store::SecretStore};
use crate::{model::concealed::Concealed, signin::Tokens};

const REFRESH_TOKEN: &str = "refresh-token";

/// What a sign-in left.
#[derive(Debug)]
pub(super) struct Session {
    store: Arc<dyn SecretStore>,
    platform: PlatformUrl,
    access: Option<Access>,
    refresh: Option<Concealed<String>>,
    /// Since the last sign-in nobody said that a new one is needed.
    accepted: bool,
}

#[derive(Debug)]
struct Access {
    token: Concealed<String>,
    /// None where the IdP did not say.
    expires_at: Option<Timestamp>,
}

/// The refresh token as the store has it. It goes to the IdP of this platform alone.
#[derive(Serialize, Deserialize)]
struct Kept {
    platform_url: String,
    refresh_token: String,
}

impl Session {
    /// The session that an earlier start left in the store, or an empty one. An error is told beside it.
    pub(super) fn resume(store: Arc<dyn SecretStore>, platform: PlatformUrl) -> (Self, Option<io::Error>) {
        let mut session = Self { store, platform, access: None, refresh: None, accepted: true };
        match session.kept() {
            Ok(kept) => session.refresh = kept,
            Err(error) => return (session, Some(error)),
        }
        (session, None)
    }

    /// The store's refresh token of this platform. What cannot be read as one is none: somebody signs in again.
    fn kept(&self) -> io::Result<Option<Concealed<String>>> {
        let kept = self.store.read(REFRESH_TOKEN)?;
        Ok(kept
            .and_then(|bytes| serde_json::from_slice::<Kept>(&bytes).ok())
            .filter(|kept| kept.platform_url == self.platform.as_str())
            .map(|kept| Concealed::new(kept.refresh_token)))
    }

    /// Takes the tokens of a sign-in or a refresh, each in the place of the one before. The error is the store's: the
    /// session goes on without it.
    pub(super) fn renew(&mut self, tokens: Tokens, now: Timestamp) -> io::Result<()> {
        let lifetime = tokens
            .expires_in
            .map(|seconds| SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX)));
        let expires_at = lifetime.map(|lifetime| now.saturating_add(lifetime).unwrap_or(Timestamp::MAX));
        self.access = Some(Access { token: Concealed::new(tokens.access_token), expires_at });
        self.accepted = true;
        let Some(refresh_token) = tokens.refresh_token else {
            self.refresh = None;
            return self.store.remove(REFRESH_TOKEN);
        };
        self.refresh = Some(Concealed::new(refresh_token.clone()));
        let kept = Kept { platform_url: self.platform.as_str().to_owned(), refresh_token };
        self.store.write(REFRESH_TOKEN, serde_json::json!(kept).to_string().as_bytes())
    }

    /// The access token, if it has not expired.
    pub(super) fn access(&self, now: Timestamp) -> Option<&str> {
        let access = self.access.as_ref()?;
        let valid = access.expires_at.is_none_or(|end| now < end);
        valid.then(|| access.token.reveal().as_str())
    }

    /// The access token, expired or not.
    pub(super) fn any_access(&self) -> Option<&str> {
        self.access.as_ref().map(|access| access.token.reveal().as_str())
    }

    /// The refresh token. Another client on the same store may have traded the one that is known here for a new one,
    /// and an old one that comes again ends the session of both (RFC 9700 §4.14.2): the store's goes first.
    pub(super) fn refresh(&mut self) -> io::Result<Option<String>> {
        if let Some(kept) = self.kept()? {
            self.refresh = Some(kept);
        }
        Ok(self.refresh.as_ref().map(|token| token.reveal().clone()))
    }

    /// The IdP will never take this refresh token again.
    pub(super) fn forget_refresh(&mut self, refused: &str) -> io::Result<()> {
        self.refresh = self.kept()?.filter(|kept| kept.reveal() != refused);
        if self.refresh.is_none() { self.store.remove(REFRESH_TOKEN) } else { Ok(()) }
    }

    /// Somebody must sign in again. The tokens stay: the refusal may have been a mistake.
    pub(super) fn refused(&mut self) {
        self.accepted = false;
    }

    /// The Manager takes the tokens.
    pub(super) fn taken(&mut self) {
        self.accepted = true;
    }

    /// There is a token to try.
    pub(super) fn has_tokens(&self) -> bool {
        self.access.is_some() || self.refresh.is_some()
    }

    /// There is a token, and nobody refused it.
    pub(super) fn is_signed_in(&self) -> bool {
        self.accepted && self.has_tokens()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{
        bootstrap::bootstrap,
        fixture::{platform_url, start},
        store::MemoryStore,
    };
    use crate::model::rule::Rules;

    fn tokens(refresh: Option<&str>, expires_in: Option<u64>) -> Tokens {
        Tokens {
            access_token: "s3cret-access".into(),
            token_type: "Bearer".into(),
            id_token: None,
            refresh_token: refresh.map(str::to_owned),
            scope: None,
            expires_in,
        }
    }

    #[test]
    fn the_refresh_token_outlives_a_restart_on_its_own_platform() {
        let store: Arc<dyn SecretStore> = Arc::new(MemoryStore::default());
        let (mut session, error) = Session::resume(Arc::clone(&store), platform_url());
        assert!(error.is_none() && !session.is_signed_in());
        session.renew(tokens(Some("s3cret-one"), Some(60)), start()).unwrap();
        session.renew(tokens(Some("s3cret-two"), Some(60)), start()).unwrap();
        assert!(session.is_signed_in());
        assert!(!format!("{session:?}").contains("s3cret"));
        let (mut again, _) = Session::resume(Arc::clone(&store), platform_url());
        assert_eq!(again.refresh().unwrap().as_deref(), Some("s3cret-two"));
        assert_eq!(again.any_access(), None);
        let other = bootstrap(Some("https://other.example.com"), None, Rules::ALL).unwrap();
        assert!(!Session::resume(Arc::clone(&store), other).0.has_tokens(), "another platform");
        session.renew(tokens(None, None), start()).unwrap();
        assert!(!Session::resume(store, platform_url()).0.has_tokens(), "gone with the sign-in");
    }

    #[test]
    fn two_clients_on_one_store_use_the_newest_refresh_token() {
        let store: Arc<dyn SecretStore> = Arc::new(MemoryStore::default());
        let (mut one, _) = Session::resume(Arc::clone(&store), platform_url());
        one.renew(tokens(Some("first"), None), start()).unwrap();
        let (mut two, _) = Session::resume(store, platform_url());
        two.renew(tokens(Some("second"), None), start()).unwrap();
        one.forget_refresh("first").unwrap();
        assert_eq!(one.refresh().unwrap().as_deref(), Some("second"), "not the one that was refused");
        one.forget_refresh("second").unwrap();
        assert_eq!(one.refresh().unwrap(), None);
    }

    #[test]
    fn an_access_token_lasts_as_long_as_the_idp_says() {
        let (mut session, _) = Session::resume(Arc::new(MemoryStore::default()), platform_url());
        session.renew(tokens(None, Some(60)), start()).unwrap();
        assert!(session.access(start() + SignedDuration::from_secs(59)).is_some());
        assert!(session.access(start() + SignedDuration::from_secs(60)).is_none());
        assert!(session.any_access().is_some());
        for lifetime in [None, Some(u64::MAX)] {
            session.renew(tokens(None, lifetime), start()).unwrap();
            assert!(session.access(start() + SignedDuration::from_hours(10_000)).is_some());
        }
        session.refused();
        assert!(!session.is_signed_in() && session.has_tokens());
        session.taken();
        assert!(session.is_signed_in());
    }
}

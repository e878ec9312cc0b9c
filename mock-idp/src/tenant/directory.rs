//! Whose token it is, where a provider has many tenants behind one host: Entra's `common` is no tenant, and the version
//! of an access token is the API's choice.

use super::{
    Server, Tenant, User,
    app_registration::{AppRegistration, SignInAudience},
};
use crate::refusal::Rule;

/// The tenant of Microsoft's personal accounts.
pub(super) const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

impl Tenant {
    /// The server that issues where `asked` is no tenant itself: that of the user's tenant, or without a user of the
    /// first.
    pub(crate) fn issuing<'s>(&'s self, asked: &'s Server, user: Option<&User>) -> &'s Server {
        if !asked.is_template() {
            return asked;
        }
        let home = self.servers.first().map(|server| server.id.as_str()).unwrap_or_default();
        let id = user.and_then(User::tenant).unwrap_or(home);
        self.version(id, asked.token_version()).unwrap_or(asked)
    }

    /// The server in whose name an access token is: of the same tenant, of the version that the API wants.
    pub(crate) fn access_token_server<'s>(&'s self, issuing: &'s Server, audience: &str) -> &'s Server {
        let wanted = issuing.api(audience).and_then(|api| api.registration.access_token_version);
        wanted.and_then(|wanted| self.version(&issuing.id, Some(wanted))).unwrap_or(issuing)
    }

    fn version(&self, id: &str, version: Option<u64>) -> Option<&Server> {
        self.servers.iter().find(|server| server.id == id && server.token_version() == version)
    }
}

impl Server {
    /// Its issuer is a text with a gap, and in no token.
    pub(crate) fn is_template(&self) -> bool {
        self.issuer.contains('{')
    }

    /// Of the tokens that it issues itself, where its vendor has several.
    fn token_version(&self) -> Option<u64> {
        self.profile.setting("token_version").as_u64()
    }

    /// Nothing where the vendor has no tenants: there an API may have a client's name by chance.
    fn registration(&self, application: &str) -> Option<&AppRegistration> {
        let registration = self.api(application).map(|api| &api.registration);
        registration.filter(|registration| !registration.tenant.is_empty())
    }

    /// Whether an application of another tenant, or of this one, is known here.
    pub(crate) fn knows(&self, application: &str) -> Result<(), Rule> {
        let Some(registration) = self.registration(application) else { return Ok(()) };
        match registration.audience {
            _ if self.id == registration.tenant => Ok(()),
            SignInAudience::MyOrganization if self.is_template() => Err(Rule::ClientOfOneTenant),
            SignInAudience::MyOrganization => Err(Rule::AuthorizeClientUnknown),
            SignInAudience::Organizations if self.id == CONSUMERS => Err(Rule::AuthorizeClientUnknown),
            SignInAudience::Personal if !self.is_template() && self.id != CONSUMERS => {
                Err(Rule::AuthorizeClientUnknown)
            }
            SignInAudience::Organizations | SignInAudience::Everyone | SignInAudience::Personal => Ok(()),
        }
    }

    /// Whether somebody's account can sign in here to that application, and use that API.
    pub(crate) fn admits(&self, user: &User, application: &str, api: Option<&str>) -> Result<(), Rule> {
        let Some(client) = self.registration(application) else { return Ok(()) };
        let tenant = user.tenant().unwrap_or(&client.tenant);
        let is_personal = tenant == CONSUMERS;
        let here =
            if self.is_template() { !(is_personal && self.id == "organizations") } else { self.id == tenant };
        let admitted = match client.audience {
            SignInAudience::MyOrganization => tenant == client.tenant,
            SignInAudience::Organizations => !is_personal,
            SignInAudience::Everyone => true,
            SignInAudience::Personal => is_personal,
        };
        if !here || !admitted {
            return Err(Rule::UserOfAnotherTenant);
        }
        let offers = api.and_then(|api| self.api(api)).map(|api| &api.registration);
        match offers {
            Some(offers) if offers.audience == SignInAudience::MyOrganization && offers.tenant != tenant => {
                Err(Rule::ApiOfAnotherTenant)
            }
            _ => Ok(()),
        }
    }
}

impl User {
    /// The tenant that the account is of, where it is not the one that the file is about.
    pub(crate) fn tenant(&self) -> Option<&str> {
        if self.is_guest() { None } else { self.text("homeTenantId") }
    }

    /// Where a guest's account is: an account here that signs in elsewhere.
    pub(crate) fn guest_of(&self) -> Option<&str> {
        if self.is_guest() { self.text("homeTenantId") } else { None }
    }

    fn is_guest(&self) -> bool {
        self.text("userType") == Some("Guest")
    }

    fn text(&self, attribute: &str) -> Option<&str> {
        self.profile.get(attribute).and_then(serde_json::Value::as_str)
    }
}

#[cfg(test)]
mod tests {
    use spanned_yaml::Source;

    use super::*;
    use crate::tenants::SHIPPED;

    #[test]
    fn an_api_called_like_a_client_is_no_registration_elsewhere() {
        let (_, text) = SHIPPED.iter().find(|(name, _)| *name == "generic").unwrap();
        let (tenant, _) = Tenant::parse(&Source::new("generic", text)).unwrap();
        let mut server = tenant.servers[0].clone();
        server.apis[0].audience = tenant.clients[0].id.clone();
        assert_eq!(server.knows(&tenant.clients[0].id), Ok(()));
        assert_eq!(server.admits(&tenant.users[0], &tenant.clients[0].id, None), Ok(()));
    }
}

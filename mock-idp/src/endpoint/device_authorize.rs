//! The device authorization endpoint (RFC 8628 §3.1): a code for the device, a code for the person.

use axum::{http::StatusCode, response::Response};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value as Json};

use super::client_authentication::{authenticate, uses_header};
use crate::{
    chance::Purpose,
    clock::Clock as _,
    journal::{Note, short},
    policy,
    profile::{Section, template::Vars},
    refusal::Rule,
    request::{Call, Refusal},
    response::{self, api_error, oauth_error},
    route::Place,
    state::{Authorization, Decision, Device},
    tenant::Grant,
};

/// `POST` of a device authorization request.
pub(super) fn device_authorize(call: &Call<'_>, note: &mut Note) -> Response {
    note.scopes = call.form.first("scope").map(|scope| policy::split(&short(scope)));
    note.resource = call.targets(&call.form).next().map(short);
    // A profile that does not say where people enter the code does not have the flow.
    let Some(page) = Place::Device.url(call.server) else {
        return api_error(call.provider, Rule::NotReproduced, &Vars::default(), note);
    };
    match check(call, note) {
        Ok(device) => response::json(StatusCode::OK, "no-store", &wait(call, device, &page)),
        Err(refusal) => oauth_error(call, refusal, uses_header(call), note),
    }
}

fn check(call: &Call<'_>, note: &mut Note) -> Result<Device, Refusal> {
    if !call.is_form() {
        return Err(Rule::RequestMalformed.into());
    }
    let client = authenticate(call, note)?;
    let grant = Grant::DeviceCode;
    if !client.grants.contains(&grant) {
        return Err(Rule::GrantNotAllowed.into());
    }
    let resources: Vec<_> = call.targets(&call.form).collect();
    let scope = call.form.one("scope")?;
    let (_, requested) = policy::resolve(call.server, client, grant, &resources, scope)?;
    let form = call.profile().setting("user_code_form").as_str().unwrap_or_default();
    let user_code = call.provider.state().chance.code(Purpose::UserCode, form);
    let lifetime = SignedDuration::from_secs(call.profile().seconds("device_code_seconds"));
    Ok(Device {
        defaulted: requested.defaulted,
        authorization: Authorization {
            offline: true,
            ..Authorization::waiting(call.index, client, grant, requested)
        },
        user_code,
        expires: call.provider.clock.now().saturating_add(lifetime).unwrap_or(Timestamp::MAX),
        interval: call.profile().seconds("device_interval_seconds"),
        polled: None,
        decision: Decision::Pending,
    })
}

/// Lets the device wait, and answers what RFC 8628 §3.2 wants, in the profile's members.
fn wait(call: &Call<'_>, device: Device, page: &str) -> Map<String, Json> {
    let mut state = call.provider.state();
    let code = state.chance.url_safe(Purpose::DeviceCode, 43);
    let mut vars = Vars::default();
    vars.set("device.code", code.as_str());
    vars.set("device.user_code", device.user_code.as_str());
    vars.set("device.page", page);
    let lifetime = call.profile().seconds("device_code_seconds");
    vars.set("device.lifetime", lifetime);
    vars.set("device.lifetime.text", lifetime.to_string());
    vars.set("device.interval", device.interval);
    vars.set("device.interval.text", device.interval.to_string());
    state.devices.insert(code, device);
    call.profile().render(Section::DeviceAuthorizationResponse, &vars)
}

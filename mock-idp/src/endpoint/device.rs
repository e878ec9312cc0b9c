//! The page on which a person signs in for a device (RFC 8628 §3.3): first the code that the device shows, then
//! the sign-in, which names the application so that nobody signs in for a stranger's device (§5.4).

use axum::{
    http::{Method, StatusCode},
    response::Response,
};
use jiff::Timestamp;

use super::{
    authorize::failure_page,
    login::{self, WRONG_PASSWORD},
    session,
};
use crate::{
    clock::Clock as _,
    journal::Note,
    page::{self, DeviceDone, html},
    refusal::Rule,
    request::Call,
    response,
    route::Place,
    state::{Decision, Device},
    tenant::User,
};

/// `GET` of the page, with or without a code; `POST` of the sign-in form.
pub(super) fn device(call: &Call<'_>, note: &mut Note) -> Response {
    let is_post = call.method == Method::POST;
    let params = if is_post { &call.form } else { &call.query };
    let Some(user_code) = params.first("user_code") else { return code_page(call, StatusCode::OK, None) };
    let now = call.provider.clock.now();
    let found = call.provider.state().waiting_device(user_code, now).cloned();
    // The page's path may be shared by all servers: from here on the call is the device's server's.
    let found = found.and_then(|device| Some((call.to_server(device.authorization.server)?, device)));
    let Some((call, device)) = &found else {
        note.error = Some("user_code_unknown".to_owned());
        let message =
            "No device waits with this code. It may have expired; look at your device and try again.";
        return code_page(call, StatusCode::BAD_REQUEST, Some(message));
    };
    note.issuer = Some(call.server.issuer.clone());
    note.client_id = Some(device.authorization.client.clone());
    if !is_post {
        return sign_in_page(call, device, StatusCode::OK, "", None);
    }
    if call.form.first("decision") == Some("refuse") {
        note.error = Some("refused".to_owned());
        decide(call, device, now, Decision::Refused(Rule::DeviceRefused));
        return done_page(
            call,
            device,
            "The request was refused",
            "The device has no access. You can close this page.",
        );
    }
    let (username, user) = login::user(call);
    let Some(user) = user else {
        note.error = Some("wrong_password".to_owned());
        return sign_in_page(call, device, StatusCode::FORBIDDEN, username, Some(WRONG_PASSWORD));
    };
    note.user = Some(user.login.clone());
    match granted(call, device, &user, now) {
        Ok(()) => {
            done_page(call, device, "You are signed in", "Go back to your device. You can close this page.")
        }
        Err(rule) => failure_page(call, rule.into(), note),
    }
}

/// What the policies make of the request now that the user is known. The device hears the same.
fn granted(call: &Call<'_>, device: &Device, user: &User, now: Timestamp) -> Result<(), Rule> {
    let session = session::new(call, user, now);
    let permitted = login::permitted(call, device.authorization.clone(), device.defaulted, user, &session);
    let decision = match &permitted {
        Ok(authorization) => Decision::Granted(Box::new(authorization.clone())),
        Err(rule) => Decision::Refused(*rule),
    };
    decide(call, device, now, decision);
    permitted.map(|_| ())
}

/// The first decision stands.
fn decide(call: &Call<'_>, device: &Device, now: Timestamp, decision: Decision) {
    if let Some(waiting) = call.provider.state().waiting_device(&device.user_code, now) {
        waiting.decision = decision;
    }
}

fn code_page(call: &Call<'_>, status: StatusCode, message: Option<&str>) -> Response {
    let page = page::DeviceCode { action: &action(call), message };
    response::page(status, html(&page), None)
}

fn sign_in_page(
    call: &Call<'_>,
    device: &Device,
    status: StatusCode,
    username: &str,
    message: Option<&str>,
) -> Response {
    let page = page::Device {
        server: &call.server.name,
        client: client_name(call, device),
        action: &action(call),
        user_code: &device.user_code,
        username,
        message,
        logins: &login::logins(call),
    };
    response::page(status, html(&page), None)
}

fn done_page(call: &Call<'_>, device: &Device, title: &str, advice: &str) -> Response {
    let page = DeviceDone { title, client: client_name(call, device), advice };
    response::page(StatusCode::OK, html(&page), None)
}

fn client_name<'c>(call: &'c Call<'_>, device: &Device) -> &'c str {
    let client = call.provider.tenant.client(&device.authorization.client);
    client.map_or("an application", |client| &client.name)
}

fn action(call: &Call<'_>) -> String {
    Place::Device.path(call.server).unwrap_or_default()
}

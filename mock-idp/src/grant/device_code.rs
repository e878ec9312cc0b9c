//! A device asks whether somebody has signed in for it (RFC 8628 §3.4).
//!
//! It hears so once. `slow_down` is a form of "not yet" (§3.5): what is decided is told however fast it asks.

use jiff::SignedDuration;

use super::{Granted, authorization_code::same_resource, refresh_token};
use crate::{
    clock::Clock as _,
    refusal::Rule,
    request::{Call, Refusal},
    state::{Authorization, Decision, State},
    tenant::Client,
};

/// What `slow_down` adds to the interval, in seconds (RFC 8628 §3.5).
const SLOWER: i64 = 5;

/// Exchanges the device code of the request.
pub(crate) fn poll(call: &Call<'_>, client: &Client) -> Result<Granted, Refusal> {
    let presented = call.form.one("device_code")?.ok_or(Rule::DeviceCodeMissing)?;
    let (authorization, family) = {
        let mut state = call.provider.state();
        let decision = ask(call, client, &mut state, presented)?;
        same_resource(call, client, &decision.audience)?;
        state.devices.remove(presented);
        (decision, state.new_family())
    };
    let refresh_token = refresh_token::first(call, client, &authorization, family);
    Ok(Granted { authorization, refresh_token, family: Some(family) })
}

/// The authorization, if there is one by now.
fn ask(call: &Call<'_>, client: &Client, state: &mut State, presented: &str) -> Result<Authorization, Rule> {
    let now = call.provider.clock.now();
    let device = state
        .devices
        .get_mut(presented)
        .filter(|device| {
            device.authorization.client == client.id && device.authorization.server == call.index
        })
        .ok_or(Rule::DeviceCodeInvalid)?;
    if device.expires <= now {
        return Err(Rule::DeviceCodeExpired);
    }
    match &device.decision {
        Decision::Granted(authorization) => Ok(authorization.as_ref().clone()),
        Decision::Refused(rule) => Err(*rule),
        Decision::Pending => {
            let interval = SignedDuration::from_secs(device.interval);
            // A clock that was set back is not the device's fault.
            let is_early =
                device.polled.is_some_and(|polled| polled <= now && now.duration_since(polled) < interval);
            device.polled = Some(now);
            if is_early {
                device.interval += SLOWER;
                return Err(Rule::DeviceSlowDown);
            }
            Err(Rule::DevicePending)
        }
    }
}

"""MSAL: sign-in by code and by device, silent refresh, a daemon; with the authority named as known.

`instance_discovery=False` is what MSAL wants for an authority that is none of Microsoft's own.
"""

import jwt
import msal
import requests

from setting import control, refused, sign_in, told

cli, web = told["cli"], told["web"]
authority = f"{told['issuer'].removesuffix('/v2.0')}"
scopes = [cli["scope"]]
metadata = requests.get(f"{told['issuer']}/.well-known/openid-configuration").json()
keys = jwt.PyJWKClient(metadata["jwks_uri"])


def verified(token, audience):
    key = keys.get_signing_key_from_jwt(token).key
    return jwt.decode(token, key, algorithms=["RS256"], audience=audience, issuer=told["issuer"])


def public():
    return msal.PublicClientApplication(cli["id"], authority=authority, instance_discovery=False)


# A person in a browser: the code flow with PKCE.
app = public()
flow = app.initiate_auth_code_flow(scopes, redirect_uri=cli["redirect_uri"])
assert "code_challenge=" in flow["auth_uri"] and "code_challenge_method=S256" in flow["auth_uri"]
result = app.acquire_token_by_auth_code_flow(flow, sign_in(flow["auth_uri"]))
assert "error" not in result, result
assert verified(result["access_token"], told["audience"])["scp"] == "access_as_user"
assert result["id_token_claims"]["preferred_username"] == "ann@acme.test"

# The account is known by `client_info`: the person's object id and the tenant.
[account] = app.get_accounts()
assert account["home_account_id"] == f"{result['id_token_claims']['oid']}.{told['tenant']}", account
assert account["username"] == "ann@acme.test"

# Silently: from the cache, then with the refresh token.
cached = app.acquire_token_silent(scopes, account=account)
assert cached["access_token"] == result["access_token"]
refreshed = app.acquire_token_silent(scopes, account=account, force_refresh=True)
assert refreshed["access_token"] != result["access_token"]
assert verified(refreshed["access_token"], told["audience"])["oid"] == account["local_account_id"]
assert len(app.get_accounts()) == 1

# A device: somebody signs in on the page before it asks.
app = public()
device = app.initiate_device_flow(scopes)
assert "user_code" in device, device
form = {"user_code": device["user_code"], "username": "bob@acme.test", "password": "bob-mock-password"}
page = requests.post(device["verification_uri"], data=form)
assert "You are signed in" in page.text, page.text
result = app.acquire_token_by_device_flow(device)
assert "error" not in result, result
assert app.get_accounts()[0]["username"] == "bob@acme.test"

# A daemon.
daemon = msal.ConfidentialClientApplication(
    web["id"], client_credential=web["secret"], authority=authority, instance_discovery=False
)
result = daemon.acquire_token_for_client([web["machine_scope"]])
assert "error" not in result, result
claims = verified(result["access_token"], web["id"])
assert "scp" not in claims and claims["azp"] == web["id"]
assert daemon.acquire_token_for_client([web["machine_scope"]])["token_source"] == "cache"

# What comes back as an error, with Microsoft's numbers.
wrong = msal.ConfidentialClientApplication(
    web["id"], client_credential="wrong", authority=authority, instance_discovery=False
)
result = wrong.acquire_token_for_client([web["machine_scope"]])
assert result["error"] == "invalid_client" and 7000215 in result["error_codes"], result

# What the library itself must refuse: a state and a nonce that are not its own. It leaves the rest of the ID token to
# the application (https://github.com/AzureAD/microsoft-authentication-library-for-python/issues/911).
app = public()
flow = app.initiate_auth_code_flow(scopes, redirect_uri=cli["redirect_uri"])
with refused(ValueError, "state"):
    app.acquire_token_by_auth_code_flow(flow, {**sign_in(flow["auth_uri"]), "state": "another"})
flow = app.initiate_auth_code_flow(scopes, redirect_uri=cli["redirect_uri"])
back = sign_in(flow["auth_uri"])
control("POST", "faults", {"kind": "id_token", "count": 1, "claims": {"nonce": "another"}})
with refused(RuntimeError, "nonce"):
    app.acquire_token_by_auth_code_flow(flow, back)

"""PyJWT: a resource server that verifies access tokens against the published keys; and what it must refuse."""

import jwt
import requests

from setting import control, mint, refused, tampered, told

issuer, audience, algorithm = told["issuer"], told["audience"], told["algorithm"]
metadata = requests.get(f"{issuer}/.well-known/openid-configuration").json()
keys = jwt.PyJWKClient(metadata["jwks_uri"], cooldown_duration=0)


def verify(token, **changes):
    rules = {"audience": audience, "issuer": issuer, "algorithms": [algorithm], **changes}
    key = keys.get_signing_key_from_jwt(token)
    return jwt.decode(token, key.key, options={"require": ["exp", "iat"]}, **rules)


machine = requests.post(
    metadata["token_endpoint"],
    data={"grant_type": "client_credentials", "scope": told["web"]["machine_scope"]},
    auth=(told["web"]["id"], told["web"]["secret"]),
).json()
claims = jwt.decode(machine["access_token"], options={"verify_signature": False})
assert verify(machine["access_token"], audience=claims["aud"]) == claims

token = mint({})
assert verify(token)["iss"] == issuer

# It asks for the keys again when it sees one that it does not know.
control("POST", "keys/rotate", {"issuer": issuer})
rotated = mint({})
assert jwt.get_unverified_header(rotated)["kid"] != jwt.get_unverified_header(token)["kid"]
assert verify(rotated)["iss"] == issuer

with refused(jwt.InvalidAudienceError):
    verify(token, audience="somebody-else")
with refused(jwt.InvalidIssuerError):
    verify(mint({"claims": {"iss": "https://elsewhere.example"}}))
with refused(jwt.ExpiredSignatureError):
    verify(mint({"claims": {"exp": 1}}))
with refused(jwt.MissingRequiredClaimError):
    verify(mint({"without": ["exp"]}))
with refused(jwt.InvalidSignatureError):
    verify(tampered(token))
for signature in ["corrupted", "unpublished", "embedded-jwk"]:
    with refused(jwt.InvalidSignatureError):
        verify(mint({"sign": signature}))
for signature in ["none", "hmac-public-pem"]:
    with refused(jwt.InvalidAlgorithmError):
        verify(mint({"sign": signature}))

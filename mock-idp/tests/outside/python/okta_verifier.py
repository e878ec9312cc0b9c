"""okta-jwt-verifier: what Okta gives to its customers' resource servers, with tokens of a custom server."""

import asyncio

import requests
from okta_jwt_verifier import AccessTokenVerifier, IDTokenVerifier
from okta_jwt_verifier.exceptions import JWTValidationException

from setting import mint, refused, tampered, told

issuer, audience, web = told["issuer"], told["audience"], told["web"]


async def main():
    machine = requests.post(
        f"{issuer}/v1/token",
        data={"grant_type": "client_credentials", "scope": web["machine_scope"]},
        auth=(web["id"], web["secret"]),
    ).json()
    verifier = AccessTokenVerifier(issuer=issuer, audience=audience)
    await verifier.verify(machine["access_token"])
    token = mint({})
    await verifier.verify(token)

    with refused(JWTValidationException, "[Aa]udience"):
        await AccessTokenVerifier(issuer=issuer, audience="cloud-ui").verify(token)
    with refused(JWTValidationException, "[Ss]ignature"):
        await verifier.verify(tampered(token))
    with refused(JWTValidationException, "[Ii]ssuer"):
        await verifier.verify(mint({"claims": {"iss": told["issuers"][1]}}))
    with refused(JWTValidationException, "expired"):
        await verifier.verify(mint({"claims": {"exp": 1}}))
    with refused(JWTValidationException, "alg"):
        await verifier.verify(mint({"sign": "hmac-public-pem"}))

    ids = IDTokenVerifier(issuer=issuer, client_id=told["cli"]["id"], audience=told["cli"]["id"])
    like = {"kind": "id_token", "user": "ann@acme.test", "client_id": told["cli"]["id"], "scopes": ["openid"]}
    id_token = mint({"like": like, "claims": {"nonce": "once"}})
    await ids.verify(id_token, nonce="once")
    with refused(JWTValidationException, "nonce"):
        await ids.verify(id_token, nonce="twice")


asyncio.run(main())

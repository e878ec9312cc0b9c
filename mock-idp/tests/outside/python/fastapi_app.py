"""fastapi-azure-auth: an application that protects an endpoint with Entra's tokens; and what it must refuse."""

from fastapi import FastAPI, Security
from fastapi.testclient import TestClient
from fastapi_azure_auth.auth import AzureAuthorizationCodeBearerBase

from setting import mint, tampered, told

app = FastAPI()
azure = AzureAuthorizationCodeBearerBase(
    app_client_id=told["audience"],
    tenant_id=told["tenant"],
    scopes={told["cli"]["scope"]: "access_as_user"},
    openid_config_url=f"{told['issuer']}/.well-known/openid-configuration",
)


@app.get("/me")
async def me(user=Security(azure, scopes=["access_as_user"])):
    return {"name": user.name, "roles": user.roles, "oid": user.oid}


client = TestClient(app)


def ask(token):
    answer = client.get("/me", headers={"authorization": f"Bearer {token}"})
    return answer.status_code, answer.json()


scopes = ["openid", "profile", told["cli"]["scope"]]
token = mint({}, scopes=scopes)
status, body = ask(token)
assert (status, body["roles"]) == (200, ["mcp-admin"]), body
assert ask(mint({}, user="bob@acme.test", scopes=scopes))[1]["roles"] == ["mcp-viewer"]

refusals = [
    ({"claims": {"aud": "somebody-else"}}, 401),
    ({"claims": {"iss": "https://elsewhere.example"}}, 401),
    ({"claims": {"exp": 1}}, 401),
    ({"claims": {"scp": "another"}}, 403),
    ({"without": ["nbf"]}, 401),
    ({"sign": "corrupted"}, 401),
    ({"sign": "none"}, 401),
    ({"sign": "hmac-public-pem"}, 401),
]
for order, expected in refusals:
    status, body = ask(mint(order, scopes=scopes))
    assert status == expected, (order, status, body)
assert ask(tampered(token))[0] == 401
assert client.get("/me").status_code == 401

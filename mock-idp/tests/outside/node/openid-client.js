// openid-client: discovery, code + PKCE, refresh, client credentials, the device flow; and what it must refuse.
import assert from 'node:assert/strict'
import * as client from 'openid-client'
import { control, signIn, tampered, told } from './setting.js'

const { issuer, cli, web } = told
const server = new URL(issuer)

/** The code flow up to the address that the browser comes back to. */
async function authorize(config, redirect_uri, scope) {
  const checks = {
    pkceCodeVerifier: client.randomPKCECodeVerifier(),
    expectedState: client.randomState(),
    expectedNonce: client.randomNonce(),
    idTokenExpected: true,
  }
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri,
    scope,
    code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
  })
  return { back: await signIn(url), checks }
}

// A public client, as the command line has it.
const config = await client.discovery(server, cli.id, undefined, client.None())
assert.equal(config.serverMetadata().issuer, issuer)
client.enableNonRepudiationChecks(config) // verifies the ID token's signature against the key set
const scope = `openid profile email offline_access ${cli.scope}`
const { back, checks } = await authorize(config, cli.redirect_uri, scope)
const tokens = await client.authorizationCodeGrant(config, back, checks)
assert.equal(tokens.claims().iss, issuer)
assert.equal(tokens.claims().aud, cli.id)
assert.ok(tokens.expires_in > 0)

const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token)
assert.notEqual(refreshed.access_token, tokens.access_token)
assert.equal(refreshed.claims().sub, tokens.claims().sub)

// The code is spent.
await assert.rejects(client.authorizationCodeGrant(config, back, checks), { error: 'invalid_grant' })

// A wrong verifier.
const other = await authorize(config, cli.redirect_uri, scope)
await assert.rejects(
  client.authorizationCodeGrant(config, other.back, { ...other.checks, pkceCodeVerifier: client.randomPKCECodeVerifier() }),
  { error: 'invalid_grant' },
)

// What the library itself must refuse: a state, a nonce and an audience that are not its own, a changed ID token.
const refuses = async (what, pattern, changes = {}) => {
  const { back, checks } = await authorize(config, cli.redirect_uri, scope)
  await what(checks)
  await assert.rejects(client.authorizationCodeGrant(config, back, { ...checks, ...changes }), (error) => {
    assert.match(`${error.message} ${error.cause?.message} ${error.code}`, pattern)
    return true
  })
}
const nothing = async () => {}
await refuses(nothing, /state/, { expectedState: client.randomState() })
await refuses(nothing, /nonce/, { expectedNonce: client.randomNonce() })
const idToken = (claims) => () => control('POST', 'faults', { kind: 'id_token', count: 1, claims })
await refuses(idToken({ aud: 'somebody-else' }), /aud/)
await refuses(idToken({ iss: 'https://elsewhere.example' }), /iss/)
const set = { '/id_token': tampered(tokens.id_token) }
await refuses(() => control('POST', 'faults', { kind: 'document', endpoint: 'token', count: 1, set }), /signature|nonce/)

// A device: somebody has signed in on the page before it asks.
if (cli.device) {
  const device = await client.initiateDeviceAuthorization(config, { scope })
  const body = new URLSearchParams({ user_code: device.user_code, username: 'ann@acme.test', password: 'ann-mock-password' })
  const page = await fetch(device.verification_uri, { method: 'POST', body })
  assert.match(await page.text(), /You are signed in/)
  const granted = await client.pollDeviceAuthorizationGrant(config, { ...device, interval: 0 })
  assert.equal(granted.claims().sub, tokens.claims().sub)
}

// A confidential client, by both ways of showing its secret.
for (const authentication of [client.ClientSecretBasic, client.ClientSecretPost]) {
  const confidential = await client.discovery(server, web.id, undefined, authentication(web.secret))
  const { back, checks } = await authorize(confidential, web.redirect_uri, `openid ${web.scope}`)
  const tokens = await client.authorizationCodeGrant(confidential, back, checks)
  assert.equal(tokens.claims().aud, web.id)
  const machine = await client.clientCredentialsGrant(confidential, { scope: web.machine_scope })
  assert.equal(machine.refresh_token, undefined)
  const wrong = await client.discovery(server, web.id, undefined, authentication('wrong'))
  await assert.rejects(client.clientCredentialsGrant(wrong, { scope: web.machine_scope }))
}

// @okta/jwt-verifier: what Okta gives to its customers' resource servers, with tokens of a custom server.
import assert from 'node:assert/strict'
import OktaJwtVerifier from '@okta/jwt-verifier'
import * as client from 'openid-client'
import { control, signIn, tampered, told } from './setting.js'

const { issuer, cli, audience } = told
const config = await client.discovery(new URL(issuer), cli.id, undefined, client.None())
const pkceCodeVerifier = client.randomPKCECodeVerifier()
const nonce = client.randomNonce()
const url = client.buildAuthorizationUrl(config, {
  redirect_uri: cli.redirect_uri,
  scope: `openid ${cli.scope}`,
  code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: 'S256',
  nonce,
})
const tokens = await client.authorizationCodeGrant(config, await signIn(url), { pkceCodeVerifier, expectedNonce: nonce })

// Its default is where Okta has its keys: issuer + /v1/keys.
const verifier = new OktaJwtVerifier({ issuer, clientId: cli.id, assertClaims: { cid: cli.id, 'scp.includes': [cli.scope] } })
const access = await verifier.verifyAccessToken(tokens.access_token, audience)
assert.equal(access.claims.sub, 'ann@acme.test')
assert.deepEqual(access.claims.groups, ['mcp-admin', 'engineering'])
const ids = new OktaJwtVerifier({ issuer, clientId: cli.id })
assert.equal((await ids.verifyIdToken(tokens.id_token, cli.id, nonce)).claims.iss, issuer)

await assert.rejects(verifier.verifyAccessToken(tokens.access_token, 'cloud-ui'), /does not match expected audience/)
await assert.rejects(verifier.verifyAccessToken(tampered(tokens.access_token), audience), /[Ss]ignature/)
await assert.rejects(ids.verifyIdToken(tokens.id_token, cli.id, 'another'), /nonce/)
await assert.rejects(ids.verifyIdToken(tokens.id_token, 'another', nonce), /client id/)
const like = { user: 'ann@acme.test', client_id: cli.id, scopes: ['openid'] }
const { token } = await control('POST', 'mint', { issuer, like })
await assert.rejects(verifier.verifyAccessToken(token, audience), /scp/)
const elsewhere = new OktaJwtVerifier({ issuer: told.issuers[1] })
await assert.rejects(elsewhere.verifyAccessToken(tokens.access_token, audience), /key|kid/i)

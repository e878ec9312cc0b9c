// jose: a resource server that verifies access tokens against the published keys, through a rotation; and what it
// must refuse.
import assert from 'node:assert/strict'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { control, told } from './setting.js'

const { issuer, cli, audience, algorithm } = told
const metadata = await (await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)).json()
const keys = createRemoteJWKSet(new URL(metadata.jwks_uri), { cooldownDuration: 0 })
const rules = { issuer, audience, algorithms: [algorithm], requiredClaims: ['exp', 'iat'] }
const like = { user: 'ann@acme.test', client_id: cli.id, scopes: [cli.scope] }
const mint = async (order) => (await control('POST', 'mint', { issuer, like, ...order })).token
const refuses = async (order, code) => assert.rejects(jwtVerify(await mint(order), keys, rules), { code })

const { payload, protectedHeader } = await jwtVerify(await mint(), keys, rules)
assert.equal(payload.iss, issuer)
assert.equal(protectedHeader.alg, algorithm)

await control('POST', 'keys/rotate', { issuer })
const rotated = await jwtVerify(await mint(), keys, rules)
assert.notEqual(rotated.protectedHeader.kid, protectedHeader.kid)

await refuses({ claims: { aud: 'somebody-else' } }, 'ERR_JWT_CLAIM_VALIDATION_FAILED')
await refuses({ claims: { iss: 'https://elsewhere.example' } }, 'ERR_JWT_CLAIM_VALIDATION_FAILED')
await refuses({ claims: { exp: 1 } }, 'ERR_JWT_EXPIRED')
await refuses({ without: ['exp'] }, 'ERR_JWT_CLAIM_VALIDATION_FAILED')
await refuses({ sign: 'corrupted' }, 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED')
await refuses({ sign: 'unpublished' }, 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED')
await refuses({ sign: 'embedded-jwk' }, 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED')
await refuses({ sign: 'none' }, 'ERR_JOSE_ALG_NOT_ALLOWED')
await refuses({ sign: 'hmac-public-pem' }, 'ERR_JOSE_ALG_NOT_ALLOWED')

// What every program here needs: what it was told, a person at the sign-in page, and a look at the control wire.
import assert from 'node:assert/strict'

/** The first line of mock-idp, and what the test adds to it. */
export const told = JSON.parse(process.argv[2])

/** A person: opens the page, fills in its form, and comes back with the address that the application is called at. */
export async function signIn(authorizationUrl, username = 'ann@acme.test', password = 'ann-mock-password') {
  const page = await fetch(authorizationUrl)
  const html = await page.text()
  assert.equal(page.status, 200, html)
  const action = new URL(html.match(/action="([^"]+)"/)[1], page.url)
  const transaction = html.match(/name="transaction" value="([^"]+)"/)[1]
  const body = new URLSearchParams({ transaction, username, password })
  const answer = await fetch(action, { method: 'POST', body, redirect: 'manual' })
  assert.equal(answer.status, 303, await answer.text())
  return new URL(answer.headers.get('location'))
}

/** The control wire: a test's hand in the provider. */
export async function control(method, path, order) {
  const answer = await fetch(`https://${told.control_address}/control/${path}`, {
    method,
    headers: { authorization: `Bearer ${told.control_secret}`, 'content-type': 'application/json' },
    body: order && JSON.stringify(order),
  })
  assert.ok(answer.ok, `${path}: ${answer.status}`)
  return answer.status === 204 ? undefined : answer.json()
}

/** The token with one letter of its payload changed. */
export function tampered(token) {
  const [header, payload, signature] = token.split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url'))
  const changed = Buffer.from(JSON.stringify({ ...claims, sub: 'somebody-else' })).toString('base64url')
  return [header, changed, signature].join('.')
}

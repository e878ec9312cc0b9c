// oauth2-mock-server over TLS with an RSA key of 2,048 bits. It gives tokens no id of their own: this adds one.
import { randomUUID } from 'node:crypto'
import { OAuth2Server } from 'oauth2-mock-server'

const [certificate, key] = process.argv.slice(2)
const server = new OAuth2Server(key, certificate)
await server.issuer.keys.generate('RS256')
server.service.on('beforeTokenSigning', (token) => {
  token.payload.jti = randomUUID()
})
await server.start(0, '127.0.0.1')
const { port } = server.address()
server.issuer.url = `https://localhost:${port}`
console.log(JSON.stringify({ address: `127.0.0.1:${port}`, issuers: [server.issuer.url] }))

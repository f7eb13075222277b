// An MCP server as its SDK has them written: streamable HTTP behind `requireBearerAuth`, and metadata that says which
// authorization server gives tokens for it. It believes access tokens by what that server publishes, with jose.

import { createMcpExpressApp, getOAuthProtectedResourceMetadataUrl } from '@modelcontextprotocol/express'
import { mcpAuthMetadataRouter, requireBearerAuth } from '@modelcontextprotocol/express'
import { NodeStreamableHTTPServerTransport } from '@modelcontextprotocol/node'
import { McpServer, OAuthError, OAuthErrorCode } from '@modelcontextprotocol/server'
import { createRemoteJWKSet, jwtVerify } from 'jose'

const asked = JSON.parse(process.argv[2])
const here = new URL(asked.resource)
const scopesSupported = ['tickets:read']
const published = await fetch(`${asked.issuer}/.well-known/oauth-authorization-server`)
const oauthMetadata = await published.json()
const keys = createRemoteJWKSet(new URL(oauthMetadata.jwks_uri))

async function verifyAccessToken(token) {
  const must = { issuer: oauthMetadata.issuer, audience: here.href, typ: 'at+jwt', algorithms: ['ES256', 'RS256'] }
  const { payload } = await jwtVerify(token, keys, must).catch((error) => {
    throw new OAuthError(OAuthErrorCode.InvalidToken, error.code)
  })
  return {
    token,
    clientId: payload.client_id,
    scopes: payload.scope.split(' '),
    expiresAt: payload.exp,
    resource: new URL(payload.aud),
    extra: { sub: payload.sub },
  }
}

function tickets() {
  const server = new McpServer({ name: 'tickets', version: '1.0.0' })
  server.registerTool('whoami', { description: 'Say who is calling' }, (context) => {
    const { extra, clientId, scopes } = context.http.authInfo
    return { content: [{ type: 'text', text: `${extra.sub} by ${clientId} for ${scopes.join(' ')}` }] }
  })
  return server
}

const resourceMetadataUrl = getOAuthProtectedResourceMetadataUrl(here)
const verifier = { verifyAccessToken }
const app = createMcpExpressApp()
app.use(mcpAuthMetadataRouter({ oauthMetadata, resourceServerUrl: here, scopesSupported }))
app.use(
  here.pathname,
  requireBearerAuth({ verifier, requiredScopes: scopesSupported, resourceMetadataUrl, expectedResource: here }),
)
app.post(here.pathname, async (request, response) => {
  const transport = new NodeStreamableHTTPServerTransport({ sessionIdGenerator: undefined })
  await tickets().connect(transport)
  await transport.handleRequest(request, response, request.body)
})
app.all(here.pathname, (_request, response) => response.status(405).end())
app.listen(Number(here.port), '127.0.0.1', () => process.stdout.write('{"told": "ready"}\n'))

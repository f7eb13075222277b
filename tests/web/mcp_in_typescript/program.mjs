// An MCP client whose company manages what it may reach (Enterprise-Managed Authorization), as its SDK has them
// written: it is told where the MCP server is, and has the ID token of whoever signed in. All else it finds out.

import { Client, CrossAppAccessProvider, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { discoverAndRequestJwtAuthGrant } from '@modelcontextprotocol/client'

const asked = JSON.parse(process.argv[2])
const server = new URL(asked.server)
const asks = []

async function granted(context) {
  asks.push({ server: context.authorizationServerUrl, resource: context.resourceUrl, scope: context.scope })
  const { jwtAuthGrant } = await discoverAndRequestJwtAuthGrant({
    idpUrl: asked.home,
    audience: context.authorizationServerUrl,
    resource: context.resourceUrl,
    idToken: asked.idToken,
    clientId: asked.client,
    clientSecret: asked.secret,
    scope: context.scope,
    fetchFn: context.fetchFn,
  })
  return jwtAuthGrant
}

function provider(assertion) {
  const { client: clientId, secret: clientSecret } = asked.there
  return new CrossAppAccessProvider({ assertion, clientId, clientSecret, expectedIssuer: asked.expected })
}

async function called(authProvider) {
  const client = new Client({ name: 'assistant', version: '1.0.0' })
  try {
    await client.connect(new StreamableHTTPClientTransport(server, { authProvider }))
    const { content } = await client.callTool({ name: 'whoami' })
    return { said: content[0].text }
  } catch (error) {
    return { failed: error.message, code: error.code ?? null, type: error.constructor.name }
  } finally {
    await client.close()
  }
}

const stories = {
  async tool() {
    const access = provider(granted)
    const first = await called(access)
    // A second connection has the token at hand, and asks for no other grant.
    const second = await called(access)
    return { first, second, asks, token: access.tokens()?.access_token ?? null }
  },
  async twice() {
    let kept
    const same = async (context) => (kept ??= await granted(context))
    return { first: await called(provider(same)), second: await called(provider(same)) }
  },
}

process.stdout.write(`${JSON.stringify({ told: await stories[asked.story]() })}\n`)
process.exit(0)

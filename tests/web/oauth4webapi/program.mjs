// An app that gets at another company's API with oauth4webapi, as its documentation says to: somebody signs in, the
// app gets a grant at home, redeems it there, and the API judges what came of it. What the person does at the browser
// is for whoever started it: it writes a line `{"open": ADDRESS}` and reads the line that answers.

import { createInterface } from 'node:readline/promises'
import * as oauth from 'oauth4webapi'

const ID_JAG = 'urn:ietf:params:oauth:token-type:id-jag'
const asked = JSON.parse(process.argv[2])
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const loopback = { [oauth.allowInsecureRequests]: true }

function tell(what) {
  process.stdout.write(`${JSON.stringify(what)}\n`)
}

async function opened(address) {
  tell({ open: String(address) })
  return (await lines.next()).value
}

async function refused(doing) {
  try {
    await doing()
  } catch (error) {
    return { error: error.error ?? null, code: error.code ?? String(error), status: error.status ?? null }
  }
  return null
}

async function discovered(issuer, algorithm) {
  const address = new URL(issuer)
  return oauth.processDiscoveryResponse(address, await oauth.discoveryRequest(address, { algorithm, ...loopback }))
}

async function proving({ secret, key, kid }) {
  if (secret) return oauth.ClientSecretBasic(secret)
  const curve = { name: 'ECDSA', namedCurve: 'P-256' }
  const read = await crypto.subtle.importKey('pkcs8', Buffer.from(key, 'base64'), curve, false, ['sign'])
  return oauth.PrivateKeyJwt({ key: read, kid })
}

const home = await discovered(asked.home.issuer, 'oidc')
const there = await discovered(asked.there.issuer, 'oauth2')
const desk = { client_id: asked.home.client }
const acme = { client_id: asked.there.client }
const atHome = await proving(asked.home)
const atThere = await proving(asked.there)
const pair = asked.dpop ? await oauth.generateKeyPair('ES256') : null
const proof = pair ? { DPoP: oauth.DPoP(desk, pair) } : {}
const options = { ...loopback, ...proof }

async function signedIn() {
  const verifier = oauth.generateRandomCodeVerifier()
  const state = oauth.generateRandomState()
  const nonce = oauth.generateRandomNonce()
  const target = new URL(home.authorization_endpoint)
  target.search = new URLSearchParams({
    client_id: desk.client_id,
    response_type: 'code',
    redirect_uri: asked.callback,
    scope: 'openid orders:read',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
  })
  const answer = oauth.validateAuthResponse(home, desk, new URL(await opened(target)), state)
  const response = await oauth.authorizationCodeGrantRequest(
    home, desk, atHome, answer, asked.callback, verifier, loopback,
  )
  return oauth.processAuthorizationCodeResponse(home, desk, response, { expectedNonce: nonce, requireIdToken: true })
}

// A server that wants a nonce in proofs says so once: the same is sent again (RFC 9449 section 8).
async function answered(as, client, proven, grantType, parameters, more) {
  const once = async () => {
    const response = await oauth.genericTokenEndpointRequest(as, client, proven, grantType, parameters, options)
    return oauth.processGenericTokenEndpointResponse(as, client, response, more)
  }
  try {
    return await once()
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error
    return once()
  }
}

function granted(idToken, more = {}) {
  const wanted = {
    subject_token: idToken,
    subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
    requested_token_type: ID_JAG,
    audience: there.issuer,
    resource: asked.api,
    scope: 'tickets:read',
    ...more,
  }
  // The library takes Bearer and DPoP; any other type of token is for whoever asked for it to recognise.
  const n_a = (_response, body) => {
    if (body.issued_token_type !== ID_JAG) throw new Error(`it gave ${body.issued_token_type}`)
  }
  const grantType = 'urn:ietf:params:oauth:grant-type:token-exchange'
  return answered(home, desk, atHome, grantType, wanted, { recognizedTokenTypes: { n_a } })
}

function redeemed(grant) {
  const assertion = grant.access_token
  return answered(there, acme, atThere, 'urn:ietf:params:oauth:grant-type:jwt-bearer', { assertion })
}

// What an API of that company makes of a call: the library judges the very request that it would send.
async function judged(token, audience) {
  let call
  const caught = async (address, request) => {
    call = new Request(address, request)
    return new Response()
  }
  await oauth.protectedResourceRequest(token.access_token, 'GET', new URL(`${asked.api}/7`), undefined, undefined, {
    ...options,
    [oauth.customFetch]: caught,
  })
  return oauth.validateJwtAccessToken(there, call, audience, { ...loopback, requireDPoP: Boolean(pair) })
}

const { id_token: idToken } = await signedIn()
const grant = await granted(idToken)
const token = await redeemed(grant)
tell({
  told: {
    profiles: there.authorization_grant_profiles_supported,
    types: home.identity_chaining_requested_token_types_supported,
    grant,
    token,
    claims: await judged(token, asked.api),
    thumbprint: pair ? await proof.DPoP.calculateThumbprint() : null,
    elsewhere: await refused(() => judged(token, 'https://orders.acme.example')),
    again: await refused(() => redeemed(grant)),
    whole: await refused(() => judged(grant, asked.api)),
    untyped: await refused(async () => {
      const response = await oauth.genericTokenEndpointRequest(
        there, acme, atThere, 'urn:ietf:params:oauth:grant-type:jwt-bearer', { assertion: idToken }, loopback,
      )
      await oauth.processGenericTokenEndpointResponse(there, acme, response)
    }),
    unknown: await refused(() => granted(idToken, { audience: 'https://evil.example' })),
    beyond: await refused(() => granted(idToken, { scope: 'tickets:burn' })),
  },
})
process.exit(0)

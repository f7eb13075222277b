// An app that signs people in with openid-client, as its documentation says to. What the person does at the
// browser is for whoever started it: it writes a line `{"open": ADDRESS}` and reads the line that answers.

import { createInterface } from 'node:readline/promises'
import * as client from 'openid-client'

const asked = JSON.parse(process.argv[2])
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

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
    return error.error ?? error.code ?? String(error)
  }
  return null
}

const config = await client.discovery(
  new URL(asked.issuer),
  asked.client,
  { id_token_signed_response_alg: 'RS256' },
  asked.secret ? client.ClientSecretBasic(asked.secret) : client.None(),
  { execute: [client.allowInsecureRequests] },
)

async function byCode(address) {
  const verifier = client.randomPKCECodeVerifier()
  const state = client.randomState()
  const nonce = client.randomNonce()
  const target = await address(config, {
    redirect_uri: asked.callback,
    scope: asked.scope,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    max_age: '3600',
  })
  const answer = new URL(await opened(target))
  const tokens = await client.authorizationCodeGrant(config, answer, {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
    maxAge: 3600,
    idTokenExpected: true,
  })
  const again = () =>
    client.authorizationCodeGrant(config, answer, {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
    })
  return { target: String(target), tokens, again }
}

async function renewed(tokens) {
  const { sub } = tokens.claims()
  const fresh = await client.refreshTokenGrant(config, tokens.refresh_token)
  const person = await client.fetchUserInfo(config, fresh.access_token, sub)
  const last = await client.refreshTokenGrant(config, fresh.refresh_token)
  const reused = await refused(() => client.refreshTokenGrant(config, tokens.refresh_token))
  const after = await refused(() => client.refreshTokenGrant(config, last.refresh_token))
  return { person, reused, after, sub: fresh.claims().sub }
}

const stories = {
  async code() {
    const { target, tokens, again } = await byCode(client.buildAuthorizationUrl)
    const { sub } = tokens.claims()
    const person = await client.fetchUserInfo(config, tokens.access_token, sub)
    return { target, claims: tokens.claims(), person, again: await refused(again) }
  },
  async pushed() {
    const { target, tokens } = await byCode(client.buildAuthorizationUrlWithPAR)
    return { target, claims: tokens.claims() }
  },
  async refresh() {
    const { tokens } = await byCode(client.buildAuthorizationUrl)
    return renewed(tokens)
  },
  async device() {
    const given = await client.initiateDeviceAuthorization(config, { scope: asked.scope })
    await opened(given.verification_uri_complete)
    const tokens = await client.pollDeviceAuthorizationGrant(config, { ...given, interval: 1 })
    return { shown: given.verification_uri, claims: tokens.claims() }
  },
  async crossed() {
    const { tokens } = await byCode(client.buildAuthorizationUrl)
    const there = await client.discovery(
      new URL(asked.there.issuer),
      asked.there.client,
      undefined,
      client.ClientSecretBasic(asked.there.secret),
      { execute: [client.allowInsecureRequests], algorithm: 'oauth2' },
    )
    const grant = await client.genericGrantRequest(config, 'urn:ietf:params:oauth:grant-type:token-exchange', {
      subject_token: tokens.id_token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
      requested_token_type: 'urn:ietf:params:oauth:token-type:id-jag',
      audience: there.serverMetadata().issuer,
      resource: asked.there.api,
    })
    const redeemed = () =>
      client.genericGrantRequest(there, 'urn:ietf:params:oauth:grant-type:jwt-bearer', {
        assertion: grant.access_token,
      })
    const token = await redeemed()
    return { grant, token, again: await refused(redeemed) }
  },
  async logout() {
    const { tokens } = await byCode(client.buildAuthorizationUrl)
    const leaving = client.buildEndSessionUrl(config, {
      post_logout_redirect_uri: asked.goodbye,
      id_token_hint: tokens.id_token,
      state: 'bye',
    })
    const left = await opened(leaving)
    return { left, after: await refused(() => client.refreshTokenGrant(config, tokens.refresh_token)) }
  },
}

tell({ told: await stories[asked.story]() })
process.exit(0)

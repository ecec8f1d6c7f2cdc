import { expect, test } from 'vitest'
import { type Caller, Gate } from '../../../src/dashboard/gate.ts'

const host = '127.0.0.1:4000'
const call = (url: string, headers: Caller['headers'] = {}, more: Partial<Caller> = {}): Caller => ({
  ...{ method: 'GET', upgrade: false, url },
  headers: { host, ...headers },
  ...more,
})

/** A gate that was entered, and the path behind it. */
function entered(): { gate: Gate; inside: string } {
  const gate = new Gate(4000)
  const verdict = gate.judge(call(`/?token=${gate.token}`))
  if (verdict.to !== 'enter') throw new Error('it did not open')
  return { gate, inside: verdict.location }
}

test('the link leads inside, once', () => {
  const { gate, inside } = entered()
  expect(gate.link).toBe(`http://${host}/?token=${gate.token}`)
  expect(inside).not.toContain(gate.token)
  expect(gate.judge(call(`/?token=${gate.token}`))).toEqual({ to: 'refuse', status: 401 })
  expect(gate.judge(call(`${inside}main.js`))).toMatchObject({ to: 'inside', path: 'main.js' })
  const live = call(`${inside}live?a=b`, { origin: `http://${host}` }, { upgrade: true })
  expect(gate.judge(live)).toMatchObject({ to: 'inside', path: 'live' })
})

test.each([
  ['nothing', call('/')],
  ['a wrong token', call('/?token=x')],
  ['an empty token', call('/?token=')],
  ['a path that is not known', call('/main.js')],
  ['no path', call('*')],
  ['an absolute address', call(`http://${host}/`)],
])('%s gets nothing', (_, caller) => {
  expect(new Gate(4000).judge(caller)).toEqual({ to: 'refuse', status: 401 })
})

test('a name that leads to 127.0.0.1, another origin, and another method get nothing, with the key too', () => {
  const { gate, inside } = entered()
  const status = (caller: Caller) => {
    const verdict = gate.judge(caller)
    return verdict.to === 'refuse' ? verdict.status : verdict.to
  }
  for (const name of ['evil.example:4000', 'localhost:4000', '127.0.0.1', '127.0.0.1:4001', '[::1]:4000'])
    expect(status(call(inside, { host: name }))).toBe(421)
  expect(status(call(inside, { origin: 'http://evil.example' }))).toBe(403)
  expect(status(call(inside, { origin: 'null' }))).toBe(403)
  expect(status(call(inside, { origin: 'http://127.0.0.1:4001' }))).toBe(403)
  expect(status(call(`${inside}live`, {}, { upgrade: true }))).toBe(403)
  expect(status(call(inside, { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }))).toBe(403)
  expect(status(call(inside, { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' }))).toBe(403)
  expect(status(call(inside, { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }))).toBe(
    'inside',
  )
  expect(status(call(inside, {}, { method: 'POST' }))).toBe(405)
})

test('a refused try does not use the link up', () => {
  const gate = new Gate(4000)
  gate.judge(call(`/?token=${gate.token}`, { host: 'evil.example' }))
  gate.judge(call(`/?token=${gate.token}`, { origin: `http://${host}` }, { upgrade: true }))
  expect(gate.judge(call(`/?token=${gate.token}`))).toMatchObject({ to: 'enter' })
})

import { expect, it, onTestFinished } from 'vitest'
import { proxied } from '../../helpers/through-proxy.ts'

const request = 'GET http://web/ HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n'

/** What a client of the proxy is told where a machine says this. */
async function toldOf(said: string): Promise<string> {
  return (await proxied(onTestFinished, request, () => said)).told
}

const head = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n'

it.each([
  ['a status below 100', 'HTTP/1.1 099 Odd\r\nContent-Length: 2\r\n\r\nok'],
  ['control characters in the reason', 'HTTP/1.1 200 O\x01K\r\nContent-Length: 2\r\n\r\nok'],
  ['control characters in a field', `${head}X-Y: a\x01b\r\n\r\nok`],
  ['a field whose name is none', `${head}X@(Y: a\r\n\r\nok`],
  ['a field without a name', `${head}: a\r\n\r\nok`],
  ['another protocol', 'HTTP/1.1 101 So\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nok'],
  ['no HTTP', '\x00\x01\x02\r\n\r\n'],
  ['nothing', ''],
])('a machine that answers with %s harms only its own answer', async (_, said) => {
  expect(await toldOf(said)).toMatch(
    /^HTTP\/1\.1 502 Bad Gateway\r\n[\s\S]*(?:the answer is not HTTP|the server switched)/,
  )
})

it.each([
  ['lines without carriage returns', 'HTTP/1.0 200 OK\nX-Y: a\n\nok'],
  ['an unknown status', 'HTTP/1.1 999 OK\r\nX-Y: a\r\nContent-Length: 2\r\n\r\nok'],
  ['letters beyond ASCII', 'HTTP/1.1 200 \xf6K\r\nX-Y: a\xf6\r\nContent-Length: 2\r\n\r\nok'],
])('%s are passed on', async (_, said) => {
  expect(await toldOf(said)).toMatch(/^HTTP\/1\.1 (200|999) .K\r\nX-Y: a.?\r\n[\s\S]*ok/)
})

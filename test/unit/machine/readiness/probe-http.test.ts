import { describe, expect, it } from 'vitest'
import { judge } from '../../../../src/machine/readiness/probe-http.ts'

describe('judge', () => {
  it.each([
    'HTTP/1.1 200 OK',
    'HTTP/1.0 204 No Content',
    'HTTP/1.1 302 Found',
    'HTTP/1.1 399',
    'HTTP/1.1 200 ',
  ])('%s is ready', (line) => expect(judge(line)).toEqual({ ready: true }))

  it.each([
    ['HTTP/1.1 503 Service Unavailable', 'GET was answered with 503 Service Unavailable'],
    ['HTTP/1.1 404', 'GET was answered with 404'],
    ['HTTP/1.1 101 Switching Protocols', 'GET was answered with 101 Switching Protocols'],
    ['', 'no answer to GET'],
    ['SSH-2.0-OpenSSH_9.2', 'the answer to GET is not HTTP'],
    ['HTTP/1.1 2000 OK', 'the answer to GET is not HTTP'],
    ['HTTP/1.1 -20', 'the answer to GET is not HTTP'],
  ])('%j is not: %s', (line, answer) => expect(judge(line)).toEqual({ ready: false, answer }))
})

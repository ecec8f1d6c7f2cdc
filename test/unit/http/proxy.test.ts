import { describe, expect, it } from 'vitest'
import { proxyFor } from '../../../src/http/proxy.ts'

const https = new URL('https://boxes.example.com/x')

describe('the proxy for an address', () => {
  it.each([
    [{}, null],
    [{ HTTPS_PROXY: 'http://proxy:3128' }, 'http://proxy:3128/'],
    [{ https_proxy: 'http://low:1', HTTPS_PROXY: 'http://up:1' }, 'http://low:1/'],
    [{ HTTP_PROXY: 'http://proxy:3128' }, null],
    [{ ALL_PROXY: 'proxy:3128' }, 'http://proxy:3128/'],
    [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: 'example.com' }, null],
    [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: 'other.org, .example.com' }, null],
    [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: '*.example.com' }, null],
    [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: '*' }, null],
    [{ HTTPS_PROXY: 'http://p:1', no_proxy: 'boxes.example.com:443' }, null],
    [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: 'boxes.example.com:8443' }, 'http://p:1/'],
    [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: 'ample.com' }, 'http://p:1/'],
  ])('%j', (env, expected) => {
    expect(proxyFor(https, env)).toBe(expected)
  })

  it('is none for this computer', () => {
    for (const url of ['https://localhost/', 'http://127.0.0.1:5000/', 'https://[::1]/'])
      expect(proxyFor(new URL(url), { HTTPS_PROXY: 'http://p:1', HTTP_PROXY: 'http://p:1' })).toBeNull()
  })

  it('that is none is refused, its password not shown', () => {
    expect(() => proxyFor(https, { HTTPS_PROXY: 'socks5://me:hunter2@p:1' })).toThrow(
      expect.objectContaining({ code: 'E_TRANSFER', value: 'socks5://p:1' }),
    )
  })
})

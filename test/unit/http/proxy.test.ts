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
    [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: 'boxes.example.com., other' }, null],
    [{ ALL_PROXY: 'socks5h://me@proxy' }, 'socks5h://me@proxy'],
    [{ ALL_PROXY: 'http://all:1', HTTPS_PROXY: 'http://p:1' }, 'http://p:1/'],
    [{ ALL_PROXY: 'http://all:1', NO_PROXY: 'example.com' }, null],
  ])('%j', (env, expected) => {
    expect(proxyFor(https, env)).toBe(expected)
  })

  it.each<[string, string, boolean]>([
    ['https://10.1.2.3/', '10.0.0.0/8', true],
    ['https://10.1.2.3/', '192.168.0.0/16 10.1.2.3', true],
    ['https://11.1.2.3/', '10.0.0.0/8', false],
    ['https://10.1.2.3/', '10.0.0.0/33', false],
    ['https://10.1.2.3:8443/', '10.1.2.3:443', false],
    ['https://10.example/', '10.0.0.0/8', false],
    ['https://[fd00::1]/', 'fd00::/8', true],
    ['https://[fd00::1]/', '[fd00::]/8', true],
    ['https://[fd00::1]/', 'fd00:0:0::1', true],
    ['https://[fd00::1]:8443/', '[fd00::1]:8443', true],
    ['https://[fd00::1]/', '[fd00::1]:8443', false],
    ['https://[fd00::1]/', 'fe80::/10,8000::/1', true],
    ['https://[fe80::1]/', 'fd00::/8,10.0.0.0/8', false],
    ['https://boxes.example.com/', '::/0', false],
  ])('is none for %s where NO_PROXY is %s: %s', (url, list, exempt) => {
    const proxy = proxyFor(new URL(url), { HTTPS_PROXY: 'http://p:1', NO_PROXY: list })
    expect(proxy).toBe(exempt ? null : 'http://p:1/')
  })

  it('is none for this computer', () => {
    for (const url of ['https://localhost/', 'http://127.0.0.1:5000/', 'https://[::1]/'])
      expect(proxyFor(new URL(url), { HTTPS_PROXY: 'http://p:1', HTTP_PROXY: 'http://p:1' })).toBeNull()
  })

  it('that is none is refused, its password not shown', () => {
    expect(() => proxyFor(https, { HTTPS_PROXY: 'socks4://me:hunter2@p:1' })).toThrow(
      expect.objectContaining({
        code: 'E_TRANSFER',
        value: 'socks4://p:1',
        message: expect.stringMatching(/^HTTPS_PROXY is not/),
      }),
    )
    expect(() => proxyFor(https, { ALL_PROXY: 'ftp://p' })).toThrow(/^ALL_PROXY is not/)
  })
})

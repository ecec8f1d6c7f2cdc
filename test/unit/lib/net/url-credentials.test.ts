import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseBoxSource, sourceText, sourceWithChecksum } from '../../../../src/box/source/parse-source.ts'
import { shownUrl } from '../../../../src/lib/net/shown-url.ts'
import { withCredentialsOf, withoutCredentials } from '../../../../src/lib/net/url-credentials.ts'
import { maskedText } from '../../../../src/lib/text/masked-text.ts'

describe('a URL with credentials', () => {
  it.each([
    ['https://me:hunter2@h/x.box', 'https://h/x.box'],
    ['https://h/x?token=S&arch=amd64', 'https://h/x?arch=amd64'],
    ['https://h/x?private_token=S', 'https://h/x'],
    ['https://h/x?X-Amz-Credential=S&X-Amz-Signature=S&a=%20b', 'https://h/x?a=+b'],
    ['https://h/x?sig=S&sv=2020', 'https://h/x?sv=2020'],
    ['https://h/x?apikey=S&api_key=S&X-Api-Key=S', 'https://h/x'],
    ['https://h/dl?key=boxes%2Fweb.box', 'https://h/dl?key=boxes%2Fweb.box'],
    // What is not secret stays as it was written.
    ['https://h/x?keyboard=de&a=%20b', 'https://h/x?keyboard=de&a=%20b'],
    ['https://h/%ff.box', 'https://h/%ff.box'],
  ])('%s is written down as %s', (url, written) => {
    expect(withoutCredentials(url)).toBe(written)
    expect(sourceText(parseBoxSource(url, '/'))).toBe(written)
  })

  it('gets those back that are known for the same server, and for no other', () => {
    const known = ['/srv/boxes.json', 'https://me:hunter2@h:8443/c.json?token=S&v=1']
    expect(withCredentialsOf('https://h:8443/x?v=2', known)).toBe('https://me:hunter2@h:8443/x?v=2&token=S')
    for (const url of ['https://h/x', 'http://h:8443/x', 'https://other:8443/x'])
      expect(withCredentialsOf(url, known)).toBe(url)
    expect(withCredentialsOf('https://you@h:8443/x?token=T', known)).toBe('https://you@h:8443/x?token=T')
  })

  it('keeps its checksum in the state of a machine', () => {
    const hex = 'ab'.repeat(32)
    expect(sourceWithChecksum(parseBoxSource(`https://me:pw@h/x#sha256=${hex}`, '/'))).toBe(
      `https://h/x#sha256=${hex}`,
    )
  })

  it('is not quoted in a message, even where it is not a URL', () => {
    const message = (text: string) => {
      try {
        return parseBoxSource(text, '/').kind
      } catch (error) {
        return JSON.stringify(error, Object.getOwnPropertyNames(error))
      }
    }
    for (const text of [
      'http://me:s3cret@h/x.box',
      'https://me:s3cr@s3cret@h/x#md5=1',
      'http://h/x?token=s3cret',
      'https://:s3cret@',
    ])
      expect(message(text)).not.toContain('s3cret')
    expect(maskedText('https://h/x?a=1&token=s#f')).toBe('https://h/x?a=…&token=…#f')
    expect(maskedText('https://me@h/x')).toBe('https://h/x')
    expect(maskedText('a text with me@example.com?x=1')).toBe('a text with me@example.com?x=1')
    // However long and hostile: no time to speak of.
    for (const part of ['://:', '@sha256:', '?', '&a'])
      expect(typeof maskedText(`https://${part.repeat(200_000)}`)).toBe('string')
  })

  it('can be shown whatever its escapes are', () => {
    expect(shownUrl('https://h/%ff.box')).toBe('https://h/%ff.box')
    expect(shownUrl('https://h/b%C3%BCcher.box')).toBe('https://h/bücher.box')
    fc.assert(
      fc.property(
        fc.webUrl({ withQueryParameters: true }),
        fc.integer({ min: 0, max: 15 }),
        fc.integer({ min: 0, max: 15 }),
        (url, a, b) => {
          expect(typeof shownUrl(`${url.split('?')[0]}/%${a.toString(16)}${b.toString(16)}`)).toBe('string')
        },
      ),
    )
  })
})

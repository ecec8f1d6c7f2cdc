import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readUserData } from '../../../src/cloud-init/user-data.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')

/** A message of parts: the type, the text, and how it is encoded. */
function mime(...parts: [type: string, text: string, encoding?: string][]): string {
  const bodies = parts.map(([type, text, encoding]) => {
    const how = encoding === undefined ? '' : `Content-Transfer-Encoding: ${encoding}\n`
    return `--=out=\nContent-Type: ${type}\n${how}\n${text}\n`
  })
  return `Content-Type: multipart/mixed;\n boundary="=out="\nMIME-Version: 1.0\n\nignored\n${bodies.join('')}--=out=--\n`
}

describe('readUserData', () => {
  it.each([
    ['#cloud-config\npackages: [nginx]\n', null],
    ['#cloud-config\n', null],
    ['#cloud-config\nuser: alice\n', 'alice'],
    ['#cloud-config\nuser: {name: alice, shell: /bin/sh}\n', 'alice'],
    ['#cloud-config\nuser: {shell: /bin/sh}\n', null],
    ['#!/bin/sh\nuser: alice\n', null],
    ['## template: jinja\n#cloud-config\n{% if %}', null],
    ['Content-Type: multipart/mixed; boundary="x"\n', null],
    ['## template: jinja\n#cloud-config\nuser: alice\npackages: {{ v1.list }}\n', 'alice'],
    [
      '## template: jinja\n#cloud-config\n{# user: bob #}\n{%- if v1.region == "a" %}\nuser: alice\n{% endif %}\n',
      'alice',
    ],
    [
      '## template: jinja\n#cloud-config\n{% if a %}\nuser: {name: alice}\n{% else %}\nuser: alice\n{% endif %}\n',
      'alice',
    ],
    ['## template: jinja\n#!/bin/sh\nuser: alice\n', null],
    [
      mime(
        ['text/cloud-config', 'packages: [nginx]\n'],
        ['text/cloud-config', '#cloud-config\nuser: alice\n'],
      ),
      'alice',
    ],
    [mime(['text/x-shellscript', '#!/bin/sh\nuser: alice\n'], ['text/plain', 'user: alice\n']), null],
    [mime(['text/plain', '#cloud-config\nuser: alice\n']).replaceAll('\n', '\r\n'), 'alice'],
    [mime(['text/cloud-config', 'user: alice\n']).replace('MIME-Version: 1.0\n', ''), 'alice'],
    [mime(['text/jinja2', '## template: jinja\n#cloud-config\nuser: alice\n']), 'alice'],
    [mime(['text/cloud-config"; x="', base64('user: alice\n'), 'base64']), null],
    [mime(['text/cloud-config; charset="utf-8"', base64('user: alice\n'), 'base64']), 'alice'],
    [mime(['text/cloud-config', 'us=\ner: al=69ce\n', 'quoted-printable']), 'alice'],
    [mime(['multipart/mixed; boundary=in', '--in\n\n#cloud-config\nuser: alice\n--in--\n']), 'alice'],
    ['#cloud-config-archive\n- type: text/cloud-config\n  content: |\n    user: alice\n', 'alice'],
    [
      '#cloud-config-archive\n- "#!/bin/sh"\n- |\n  #cloud-config\n  user: alice\n- 7\n- {content: [user]}\n',
      'alice',
    ],
    ['#cloud-config-archive\nuser: alice\n', null],
  ])('takes %j', (text, user) => expect(readUserData(text)).toEqual({ text, user }))

  it.each([
    ['packages: [nginx]\n', /first line/],
    ['', /first line/],
    ['#cloud-configuration\n', /first line/],
    ['#cloud-config\na: [1\n', /line 3 is not YAML/],
    ['#cloud-config\n- nginx\n', /not a mapping/],
    ['#cloud-config\nnginx\n', /not a mapping/],
    ['#cloud-config\nuser: "root -oX"\n', /cannot be the name/],
    ['#cloud-config\nuser: [a]\n', /cannot be the name/],
    ['## template: jinja\n#cloud-config\nuser: "a{{ v1.x }}"\n', /only known in the guest/],
    [
      '## template: jinja\n#cloud-config\n{% if a %}\nuser: a\n{% else %}\nuser: b\n{% endif %}\n',
      /several users: a, b/,
    ],
    [mime(['text/cloud-config', 'user: a\n'], ['text/cloud-config', 'user: b\n']), /several users: a, b/],
    [mime(['text/plain', 'x'], ['text/cloud-config', 'user: [a]\n']), /in part 2, .*cannot be the name/],
    [mime(['text/cloud-config', 'a: [1\n']), /in part 1, line 3 is not YAML/],
    [
      '#cloud-config-archive\n- type: text/cloud-config\n  content: "user: -x"\n',
      /in part 1, .*cannot be the name/,
    ],
    ['#cloud-config-archive\n- [\n', /not YAML/],
    [`#cloud-config\n${'- '.repeat(100_000)}`, /nested too deeply/],
    [`#cloud-config-archive\n${'['.repeat(100_000)}`, /nested too deeply/],
    ['#!/bin/sh\n\0', /binary/],
    [`#!/bin/sh\n${'x'.repeat(2 ** 20)}`, /characters/],
  ])('refuses %#', (text, problem) =>
    expect(readUserData(text)).toEqual({ problem: expect.stringMatching(problem), hint: expect.any(String) }),
  )

  it('is not kept busy by aliases of aliases', () => {
    const bomb = ['#cloud-config', 'a0: &a0 [x, x]']
    for (let i = 1; i < 40; i++) bomb.push(`a${i}: &a${i} [*a${i - 1}, *a${i - 1}]`)
    expect(readUserData(bomb.join('\n'))).toMatchObject({ user: null })
  })

  // Quadratic work on them takes minutes.
  it.each([
    ['statements that do not end', '## template: jinja\n#cloud-config\n', '{%'],
    ['comments that end', '## template: jinja\n#cloud-config\n', '{##}'],
    ['headers', 'MIME-Version: 1.0\n', 'a:\n '],
    ['parts', 'Content-Type: multipart/mixed; boundary=a\n\n', '--a\n'],
    ['messages in messages', '', 'Content-Type: multipart/mixed; boundary=a\n\n--a\n'],
    ['entries', '#cloud-config-archive\n', '- a\n'],
  ])('is not kept busy by many %s', (_, start, again) => {
    const text = start + again.repeat(Math.floor((2 ** 20 - start.length) / again.length))
    const found = readUserData(text)
    expect([null, 'it has too many parts']).toContain('problem' in found ? found.problem : found.user)
  })

  it('never throws, whatever it is given', () => {
    const words = fc.constantFrom(
      ...[
        '#cloud-config\n',
        '#cloud-config-archive\n',
        '## template: jinja\n',
        'MIME-Version: 1.0\n',
        'user: a\n',
      ],
      ...[
        'Content-Type: multipart/mixed; boundary=a\n',
        '--a\n',
        '--a--\n',
        '- ',
        '{{',
        '}}',
        '{%',
        ': ',
        '\n',
        '&x ',
        '*x',
      ],
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(words, fc.string()), { maxLength: 12 }), (parts) => {
        expect(readUserData(parts.join(''))).toBeTypeOf('object')
      }),
      { numRuns: 1000 },
    )
  })
})

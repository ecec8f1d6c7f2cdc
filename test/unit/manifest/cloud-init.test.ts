import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { load, loadError, render } from '../../helpers/manifest.ts'

const head = 'version: 1\nbox: cloud/debian\n'
const cloudInit = async (written: string) => (await load(`${head}${written}`)).machines[0]?.cloudInit ?? null
const inline = async (written: string) => {
  const found = await cloudInit(written)
  if (found === null || !('inline' in found)) throw new Error('no text')
  return found.inline
}

describe('cloud_init', () => {
  it('as a mapping becomes a cloud-config that YAML 1.1 reads as it was meant', async () => {
    const text = await inline(`cloud_init:
  packages: [nginx, "1.0"]
  package_update: yes
  write_files:
    - {path: /etc/a, permissions: 0640, owner: 'no', content: "\${HOME} ü 😀\\n"}
  runcmd:
    - [sh, -c, 'echo $1, {a}: [b]']
    - echo "- $$"
  swap: {size: -5, maxsize: ~}
`)
    expect(text).toMatch(/^#cloud-config\n"packages": \[nginx, "1.0"\]\n/)
    expect(text).toContain('"permissions": 0640, "owner": "no"')
    expect(text).toMatch(/^[\x20-\x7e\n]*$/)
    expect(parse(text, { version: '1.1' })).toEqual({
      packages: ['nginx', '1.0'],
      package_update: true,
      write_files: [{ path: '/etc/a', permissions: 0o640, owner: 'no', content: '${HOME} ü 😀\n' }],
      runcmd: [['sh', '-c', 'echo $1, {a}: [b]'], 'echo "- $$"'],
      swap: { size: -5, maxsize: null },
    })
  })

  it('as a mapping passes on what is tagged as binary', async () => {
    const text = await inline('cloud_init: {write_files: [{path: /a, content: !!binary aGVsbG8=}]}\n')
    expect(parse(text, { version: '1.1' })).toEqual({
      write_files: [{ path: '/a', content: Buffer.from('hello') }],
    })
  })

  it('as a mapping holds any text unharmed', async () => {
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { depthSize: 'small' },
        fc.string({ unit: 'binary' }).filter((text) => !/[\uD800-\uDFFF]/.test(text)),
        fc.integer(),
        fc.boolean(),
        fc.array(tie('any'), { maxLength: 3 }),
      ),
    })).any
    await fc.assert(
      fc.asyncProperty(value, async (data) => {
        const written = stringify({ cloud_init: { it: data } }, { defaultStringType: 'QUOTE_DOUBLE' })
        expect(parse(await inline(written), { version: '1.1' })).toEqual({ it: data })
      }),
      { numRuns: 50 },
    )
  })

  it('is laid over that of the defaults, key by key', async () => {
    const { machines } = await load(
      'version: 1\ndefaults: {box: a/b, cloud_init: {packages: [x], locale: C}}\nmachines: {a: {cloud_init: {packages: [y]}}}\n',
    )
    expect(machines[0]?.cloudInit).toEqual({ inline: '#cloud-config\n"packages": [y]\n"locale": C\n' })
  })

  it.each([
    ['cloud_init: ./user-data.yaml\n', /\/shop\/user-data.yaml$/],
    ['cloud_init: "${NAME:-x}.yaml"\n', /\/shop\/x.yaml$/],
  ])('as %j is a path', async (written, path) =>
    expect(await cloudInit(written)).toEqual({ path: expect.stringMatching(path) }),
  )

  it.each([
    ['cloud_init: |\n  #!/bin/sh\n  echo ${X}\n', '#!/bin/sh\necho ${X}\n'],
    ['cloud_init: "#cloud-config"\n', '#cloud-config'],
    ['cloud_init: {}\n', '#cloud-config\n{}\n'],
  ])('as %j is user-data', async (written, text) => expect(await inline(written)).toBe(text))

  it('is refused where cloud-init would not take it', async () => {
    const error = await loadError(`${head}cloud_init:\n  packages: nginx\n  runcmd: {a: b}\n  swap: [1]\n`)
    expect(render(error)).toMatchInlineSnapshot(`
      "posada.yaml:4:13 E_VALUE_TYPE expected packages: a list, got the text "nginx"
        |   packages: nginx
        |             ^^^^^
        = begin each item with '- '
      posada.yaml:5:3 E_VALUE_TYPE expected runcmd: a list, got a mapping
        |   runcmd: {a: b}
        |   ^^^^^^
        = begin each item with '- '
      posada.yaml:6:3 E_VALUE_TYPE expected swap: a mapping of keys, got a list
        |   swap: [1]
        |   ^^^^"
    `)
    expect(render(await loadError(`${head}cloud_init: [a]\n`))).toMatchInlineSnapshot(`
      "posada.yaml:3:1 E_VALUE_TYPE expected a path of the host, got a list
        | cloud_init: [a]
        | ^^^^^^^^^^"
    `)
  })
})

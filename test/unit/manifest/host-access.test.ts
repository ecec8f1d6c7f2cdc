import { expect, it } from 'vitest'
import { load, loadError, render } from '../../helpers/manifest.ts'

const manifest = (written: string) => `version: 1\nbox: debian/12\n${written}`

it.each([
  ['', []],
  ['host_access: false', []],
  ['host_access:', []],
  ['host_access: []', []],
  ['host_access: true', 'all'],
  ['host_access: [5432, 6379]', [5432, 6379]],
])('%s', async (written, expected) => {
  expect((await load(manifest(written))).machines[0]?.hostAccess).toEqual(expected)
})

it.each([
  ['host_access: 5432', 'write [5432]'],
  ['host_access: yes', "did you mean 'true'?"],
  ['host_access: [0]', 'a whole number from 1 to 65535'],
  ['host_access: ["5432:5432"]', 'a whole number from 1 to 65535'],
  ['host_access: {port: 5432}', 'a list of ports'],
])('%s is refused', async (written, hint) => {
  expect(render(await loadError(manifest(written)))).toContain(hint)
})

it('is not for a manifest that was fetched to say', async () => {
  const fetch = async () => Buffer.from('defaults: {host_access: true}\n')
  const error = await loadError(manifest('extends: https://h.example/base.yaml'), { fetch })
  expect(render(error)).toContain(
    "E_BASE_FETCHED a manifest that was fetched may not have 'host_access', which opens",
  )
})

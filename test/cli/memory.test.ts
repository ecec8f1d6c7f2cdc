import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { packageRoot } from '../../src/lib/files/package-root.ts'
import { boxContent, describeFile, writeBox } from '../helpers/box-files.ts'
import { makePlace } from '../helpers/posada.ts'

const acme = join(packageRoot(), 'test', 'fixtures', 'posada-provider-acme', 'index.js')

it.each([
  ['more than there is', 2 ** 60, /\[E_MEMORY_SHORT\]/],
  ['little', 2 ** 20, /this provider makes no disks/],
])('up counts what the provider takes beside the guest: %s', async (_, overhead, told) => {
  const place = makePlace('shop', { POSADA_TRUST: '1' })
  onTestFinished(place.remove)
  const kernel = { kernel: describeFile('vmlinuz', 'k'), cmdline: '' }
  await writeBox(join(place.dir, 'box'), boxContent({ kernel }).set('vmlinuz', 'k'))
  const plugin = join(place.dir, 'node_modules', 'posada-provider-large')
  mkdirSync(plugin, { recursive: true })
  writeFileSync(
    join(plugin, 'package.json'),
    '{"name": "posada-provider-large", "type": "module", "exports": "./index.js"}',
  )
  writeFileSync(
    join(plugin, 'index.js'),
    `import { provider as acme } from ${JSON.stringify(acme)}
const create = () => ({
  ...acme.create(),
  name: 'large',
  memoryOverhead: async () => ${overhead},
  create: async () => { throw new Error('this provider makes no disks') },
})
export const provider = { ...acme, name: 'large', create }
`,
  )
  writeFileSync(join(place.dir, 'posada.yaml'), 'version: 1\nbox: ./box\nprovider: large\nmemory: 64MiB\n')
  const { code, stderr } = await place.run('up')
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringMatching(told) })
})

import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { BoxManifest } from '../../../src/box/index.ts'
import { copyBox } from '../../helpers/box-copy.ts'
import { type MachinesPlace, machinesPlace } from '../../helpers/machines.ts'

// Boots posada/tiny once: about 5 s with emulated processors.

let place: MachinesPlace
beforeAll(() => {
  place = machinesPlace('a first login')
  place.write('version: 1\nname: first\nbox: test/deaf\nprovider: qemu\nmemory: 256MiB\n')
  place.env.XDG_DATA_HOME = join(place.dir, '..', 'data')
})
afterAll(() => place.cleanUp())

/** The store's posada/tiny, whose initrd no longer knows the word that its box.json promises it to know. */
function deafBox(): string {
  const dir = copyBox('posada/tiny', join(place.dir, '..', 'original'))
  const initrd = readFileSync(join(dir, 'initrd'), 'latin1')
  expect(initrd).toContain('posada.key=')
  const deaf = Buffer.from(initrd.replaceAll('posada.key=', 'posada.nay='), 'latin1')
  writeFileSync(join(dir, 'initrd'), deaf)
  const manifest = JSON.parse(readFileSync(join(dir, 'box.json'), 'utf8')) as BoxManifest
  const { kernel } = manifest
  expect(kernel).toMatchObject({ takesKey: true, initrd: { file: 'initrd' } })
  const sha256 = createHash('sha256').update(deaf).digest('hex')
  const changed = { ...kernel, initrd: { ...kernel?.initrd, sha256 } }
  writeFileSync(join(dir, 'box.json'), JSON.stringify({ ...manifest, name: 'test/deaf', kernel: changed }))
  return dir
}

it('puts the machine’s key in the place of the box’s where the first boot has not done it', async () => {
  await place.json('box', 'add', deafBox())
  await place.json('up')
  const { stdout } = await place.run('exec', '--', 'sh', '-c', 'cat ~/.ssh/authorized_keys; hostname')
  const key = readFileSync(join(place.dir, '.posada', 'machines', 'default', 'id_ed25519.pub'), 'utf8')
  expect(stdout).toBe(`${key}first\n`)
})

import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { expect, it, onTestFinished } from 'vitest'
import type { BoxKernel } from '../../../../src/box/model.ts'
import { bootCommandLine } from '../../../../src/machine/box/package/boot-command-line.ts'
import { withBootKey } from '../../../../src/machine/up/boot-key.ts'
import { generateKeyPair, publicKeyOf } from '../../../../src/ssh/keys.ts'
import { temporaryFolder } from '../../../helpers/box-files.ts'
import { aBox, aMachine, aState } from '../../../helpers/model.ts'
import { projectIn } from '../../../helpers/own-paths.ts'

const { kernel } = aBox().manifest
if (kernel === undefined) throw new Error('a box that boots by its kernel')
const taking: BoxKernel = { ...kernel, takesKey: true }

async function aNewMachine() {
  const paths = projectIn(await temporaryFolder(onTestFinished)).machine('web')
  await mkdir(paths.dir, { recursive: true })
  const { spec } = aState(aMachine())
  const boot = (changes: { own?: BoxKernel; ownKey?: boolean; isNew?: boolean } = {}) => {
    const { own = taking, ownKey = false, isNew = false } = changes
    return withBootKey(spec, {
      ...{ paths, isNew, box: aBox({ kernel: own }), login: { user: 'posada', ownKey } },
    })
  }
  const ownKey = async () => publicKeyOf(await readFile(paths.key, 'utf8'), paths.key).split(' ')[1]
  return { paths, spec, boot, ownKey }
}

it('a box that takes its key from the command line is given the machine’s own, the same at each start', async () => {
  const { paths, spec, boot, ownKey } = await aNewMachine()
  const given = await boot({ isNew: true })
  if (spec.boot.kind !== 'kernel' || given.kind !== 'kernel') throw new Error('boots by its kernel')
  expect(given).toEqual({
    ...spec.boot,
    cmdline: `${spec.boot.cmdline} posada.key=${await ownKey()},web`,
  })
  expect((await stat(paths.key)).mode & 0o777).toBe(0o600)
  expect(await boot()).toEqual(given)
  // Another creation is another guest.
  expect(await boot({ isNew: true })).not.toEqual(given)
  // It stays out of a box that is made of the machine's own kernel.
  expect(bootCommandLine(given.cmdline)).toBe('root=/dev/vda rw')
})

it('nothing is given to a guest that was logged in to, or whose box does not ask', async () => {
  const { spec, boot } = await aNewMachine()
  expect(await boot({ ownKey: true })).toEqual(spec.boot)
  expect(await boot({ own: kernel })).toEqual(spec.boot)
  expect(await boot({ own: { ...kernel, takesKey: false } })).toEqual(spec.boot)
})

it('a key of a type that the guest would not take is left to the first login, and one that is not a key said', async () => {
  const { paths, spec, boot } = await aNewMachine()
  const { privateKey } = generateKeyPair('x')
  const body = Buffer.from(privateKey.split('\n').slice(1, -2).join(''), 'base64').toString('latin1')
  const other = Buffer.from(body.replaceAll('ssh-ed25519', 'ssh-ed448xx'), 'latin1').toString('base64')
  const [begin = '', end = ''] = privateKey.match(/-----.*-----/g) ?? []
  await writeFile(paths.key, [begin, other, end, ''].join('\n'))
  expect(await boot()).toEqual(spec.boot)
  await writeFile(paths.key, 'half a k')
  await expect(boot()).rejects.toMatchObject({ code: 'E_STATE_CORRUPT', value: paths.key })
  // What a creation that was cut short has left is not looked at.
  expect(await boot({ isNew: true })).not.toEqual(spec.boot)
})

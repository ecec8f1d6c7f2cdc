import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ExportHeader, headerName, headerText } from '../../../../src/machine/moving/header.ts'
import { ArchiveReader } from '../../../../src/machine/moving/read-archive.ts'
import { type TarMember, tar } from '../../../helpers/tar.ts'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const contents = {
  'posada.yaml': 'version: 1\n',
  'machines/web/data/root.qcow2': 'disk',
  'machines/web/id_ed25519': 'key',
}

function header(changes: Partial<ExportHeader> = {}): ExportHeader {
  return {
    ...{ version: 1, posada: '0.1.0', at: '2026-11-29T05:00:00.000Z', project: 'shop', id: '0a1b2c3d' },
    machines: [
      {
        ...{ name: 'web', provider: 'qemu', guest: 'linux', user: 'posada', createdAt: '2026-11-29' },
        box: { name: 'posada/tiny', version: '1', digest: 'a'.repeat(64) },
        ...{ disks: new Map([['root', 1024]]), keptDisks: [], diskUses: new Map(), provision: new Map() },
      },
    ],
    files: Object.entries(contents).map(([path, text]) => ({
      path,
      size: text.length,
      sha256: sha256(text),
    })),
    ...changes,
  }
}

const members = (changes: Partial<ExportHeader> = {}): TarMember[] => [
  { name: headerName, content: headerText(header(changes)) },
  ...Object.entries(contents).map(([name, content]) => ({ name, content })),
]

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'posada-moving-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function read(archive: Buffer): Promise<void> {
  const reader = new ArchiveReader(inChunks(archive), 'shop.posada')
  try {
    await reader.unpack(await reader.header(), folder, () => undefined)
  } finally {
    await reader.close()
  }
}

async function* inChunks(bytes: Buffer) {
  for (let at = 0; at < bytes.length; at += 700) yield bytes.subarray(at, at + 700)
}

const refused = (archive: Buffer) =>
  read(archive).then(
    () => 'it was taken',
    (error: Error & { code: string }) => `${error.code}: ${error.message}`,
  )

describe('an exported project', () => {
  it('is unpacked for its owner only', async () => {
    await read(tar(members()))
    for (const [name, text] of Object.entries(contents)) {
      expect(readFileSync(join(folder, name), 'utf8')).toBe(text)
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600)
    }
  })

  it('goes on where an import was cut short, and writes nothing twice', async () => {
    const archive = tar(members())
    const upToKey = archive.lastIndexOf('machines/web/id_ed25519')
    expect(await refused(archive.subarray(0, upToKey))).toMatch(/^E_IMPORT: .* it is cut short$/)
    const disk = join(folder, 'machines/web/data/root.qcow2')
    const { ino } = statSync(disk)
    await read(archive)
    expect(statSync(disk).ino).toBe(ino)
    expect(readFileSync(join(folder, 'machines/web/id_ed25519'), 'utf8')).toBe('key')
  })

  it('replaces what was changed meanwhile', async () => {
    mkdirSync(join(folder, 'machines/web/data'), { recursive: true })
    writeFileSync(join(folder, 'machines/web/data/root.qcow2'), 'evil')
    await read(tar(members()))
    expect(readFileSync(join(folder, 'machines/web/data/root.qcow2'), 'utf8')).toBe('disk')
  })

  it('leaves nothing under a name that is not whole', async () => {
    const archive = tar(members().map((one) => (one.content === 'disk' ? { ...one, content: 'dusk' } : one)))
    expect(await refused(archive)).toContain('machines/web/data/root.qcow2 is damaged')
    expect(readdirSync(join(folder, 'machines/web/data'))).toEqual([])
  })
})

describe('is refused', () => {
  const file = (path: string) => ({ path, size: 4, sha256: sha256('disk') })
  const cases: [string, Buffer, string][] = [
    ['without an end', tar(members(), { end: false }), 'it is cut short'],
    ['other bytes', Buffer.from('PK\u0003\u0004'.padEnd(2048)), 'it is not a tar archive'],
    [
      'an archive of something else',
      tar([{ name: 'box.json', content: '{}' }]),
      `first file is not ${headerName}`,
    ],
    ['a header that is not JSON', tar([{ name: headerName, content: '{' }]), 'the whole: is not a mapping'],
    [
      'a later form',
      tar([{ name: headerName, content: headerText(header()).replace('"version": 1', '"version": 2') }]),
      'version: is not 1',
    ],
    [
      'a file too many',
      tar([...members(), { name: 'machines/web/known_hosts', content: '' }]),
      'does not name',
    ],
    ['a file that is missing', tar(members().slice(0, -1)), 'machines/web/id_ed25519 is missing'],
    ['another order', tar([...members().slice(0, 2), ...members().slice(2).reverse()]), 'in place of'],
    [
      'another size',
      tar(members().map((one) => (one.content === 'key' ? { ...one, content: 'keys' } : one))),
      'in place of',
    ],
    [
      'a link',
      tar([...members().slice(0, 1), { name: 'posada.yaml', type: '2', link: '/etc/passwd' }]),
      'symbolic link',
    ],
    [
      'a file twice',
      tar(members({ files: [file('posada.yaml'), file('posada.yaml')] })),
      'posada.yaml twice',
    ],
    ...[
      '/etc/cron.d/x',
      '../.bashrc',
      'machines/web/../../x',
      'machines/../posada.yaml',
      'machines/web/state.json',
      'machines/web/data/qemu.json',
      'machines/web/data/../../x.qcow2',
      'machines/web/snapshots/../x.qcow2',
      'boxes/short/root.qcow2',
      `boxes/${'a'.repeat(64)}/../x`,
      'posada.override.yaml',
      '.env',
      'posada.yaml\n',
    ].map((path): [string, Buffer, string] => [
      JSON.stringify(path),
      tar(members({ files: [file(path)] })),
      'not a file of an exported project',
    ]),
  ]
  it.each(cases)('%s', async (_, archive, why) => {
    const said = await refused(archive)
    expect(said).toMatch(/^E_IMPORT: shop\.posada is not a whole exported project: /)
    expect(said).toContain(why)
  })

  it('a machine whose name, provider, user or box is not plain', async () => {
    const [machine] = header().machines
    if (machine === undefined) throw new Error('no machine')
    for (const wrong of [
      { name: '../web' },
      { provider: '../../evil' },
      { user: 'root; rm' },
      { box: { ...machine.box, digest: '../x' } },
      { layer: 'x' },
    ]) {
      const archive = tar(members({ machines: [{ ...machine, ...wrong }] }))
      expect(await refused(archive)).toMatch(/^E_IMPORT: .*machines\.0/)
    }
  })
})

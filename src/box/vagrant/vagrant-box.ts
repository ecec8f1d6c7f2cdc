import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sha256OfFile } from '../../lib/files/hash-file.ts'
import { firstMember } from '../archive/first-member.ts'
import { refused } from '../archive/refused.ts'
import { safePath } from '../archive/safe-path.ts'
import { inspectDisk } from '../formats/inspect-disk.ts'
import type { BoxFileInput, BoxImporter, ImportOptions } from '../import/importer.ts'
import { nameFacts } from '../import/name-facts.ts'
import type { BoxDisk, BoxFile, BoxManifest } from '../model.ts'
import { boxJsonName } from '../store-paths.ts'
import { insecureKeys } from './insecure-keys.ts'
import { metadataLimit, parseMetadata, type VagrantMetadata } from './metadata.ts'
import { keyLimit, privateKey } from './private-key.ts'
import { type Unpacked, unpackFiles } from './unpack.ts'
import { readVagrantfile, type VagrantfileFacts, vagrantfileLimit } from './vagrantfile.ts'

/**
 * A box that was made for Vagrant's libvirt provider: a tar archive with metadata.json and disks. It
 * lets in the user `vagrant` with Vagrant's well-known key or with one of its own. Its Vagrantfile is
 * not run; what in it has no effect is told.
 */
export const vagrantBox: BoxImporter = {
  what: 'a Vagrant box for libvirt (.box)',
  recognises: (input) => looksLikeVagrant(input),
  fill,
}

/** What Vagrant boxes of all providers begin with. */
const firstNames = /^(metadata\.json|Vagrantfile|info\.json|box\.img|box_1\.img|box\.ovf|box-disk\d*\.\w+)$/

async function looksLikeVagrant(input: BoxFileInput): Promise<boolean> {
  const first = await firstMember(input)
  return first !== null && (firstNames.test(safePath(first.name) ?? '') || /\.box$/i.test(input.shown))
}

async function fill(input: BoxFileInput, target: string, options: ImportOptions): Promise<BoxManifest> {
  const { shown } = input
  const work = join(target, 'unpacked')
  const files = await unpackFiles(input, work, options.signal)
  const metadata = parseMetadata(
    await textOf(files, { name: 'metadata.json', limit: metadataLimit }, shown),
    shown,
  )
  const vagrantfile = readVagrantfile(
    files.has('Vagrantfile')
      ? await textOf(files, { name: 'Vagrantfile', limit: vagrantfileLimit }, shown)
      : '',
  )
  const disks = await takeDisks(files, metadata, { target, shown })
  const [key, ...otherKeys] = await writeKeys(files, target, shown)
  if (key === undefined) throw new Error('no key')
  await rm(work, { recursive: true })
  const { facts } = options
  const sha256 = input.sha256 ?? (await sha256OfFile(input.path))
  const manifest: BoxManifest = {
    format: 1,
    ...nameFacts(facts, { shown, sha256 }),
    arch: metadata.arch ?? facts.arch ?? options.arch,
    description: facts.description ?? 'a Vagrant box for libvirt',
    disks,
    firmware: facts.firmware ?? vagrantfile.firmware ?? 'bios',
    login: { user: facts.user ?? vagrantfile.user ?? 'vagrant', key, otherKeys },
    announcesReady: false,
    agent: false,
    minMemory: 256 * 2 ** 20,
  }
  await writeFile(join(target, boxJsonName), `${JSON.stringify(manifest, null, 2)}\n`)
  tellIgnored(vagrantfile, options, shown)
  return manifest
}

async function textOf(
  files: ReadonlyMap<string, Unpacked>,
  { name, limit }: { name: string; limit: number },
  shown: string,
): Promise<string> {
  const file = files.get(name)
  if (file === undefined)
    throw refused(
      shown,
      `it has no ${name}`,
      'a Vagrant box for libvirt has a metadata.json that lists its disks',
    )
  if (file.size > limit) throw refused(shown, `its ${name} is too large (${file.size} bytes)`)
  return readFile(file.path, 'utf8')
}

/** Moves the disks out of what was unpacked, in the order of metadata.json: `root.qcow2`, `disk-2.qcow2`… */
async function takeDisks(
  files: ReadonlyMap<string, Unpacked>,
  metadata: VagrantMetadata,
  { target, shown }: { target: string; shown: string },
): Promise<BoxDisk[]> {
  const disks: BoxDisk[] = []
  for (const [index, { path, format }] of metadata.disks.entries()) {
    const unpacked = files.get(path)
    if (unpacked === undefined) throw refused(shown, `its disk ${path} is missing`)
    const { virtualSize } = await inspectDisk(unpacked.path, { format, shown: `${path} of ${shown}` })
    const file = `${index === 0 ? 'root' : `disk-${index + 1}`}.${format}`
    await rename(unpacked.path, join(target, file))
    disks.push({ file, size: unpacked.size, sha256: unpacked.sha256, format, virtualSize })
  }
  return disks
}

/** Where a box has a key of its own. */
const keyNames = ['vagrant_private_key', 'include/vagrant_private_key']

/** The key that `vagrant package` puts into the box of a machine that had one of its own comes first. */
async function writeKeys(
  files: ReadonlyMap<string, Unpacked>,
  target: string,
  shown: string,
): Promise<BoxFile[]> {
  const own = keyNames.find((name) => files.has(name))
  const keys = [
    ...(own === undefined
      ? []
      : [
          {
            file: 'login.key',
            text: await privateKey(await textOf(files, { name: own, limit: keyLimit }, shown), own, shown),
          },
        ]),
    { file: 'vagrant-rsa.key', text: insecureKeys.rsa },
    { file: 'vagrant-ed25519.key', text: insecureKeys.ed25519 },
  ]
  const written: BoxFile[] = []
  for (const { file, text } of keys) {
    await writeFile(join(target, file), text, { mode: 0o600 })
    written.push({ file, size: Buffer.byteLength(text), sha256: await sha256OfFile(join(target, file)) })
  }
  return written
}

function tellIgnored({ ignored, hasCode }: VagrantfileFacts, { emit }: ImportOptions, shown: string): void {
  const parts = [...ignored.slice(0, 20), ...(hasCode || ignored.length > 20 ? ['other lines of Ruby'] : [])]
  if (parts.length === 0) return
  emit({
    type: 'notice',
    level: 'info',
    message: `the Vagrantfile in ${shown} is not run; these settings have no effect: ${parts.join(', ')}`,
    hint: 'put what you need of it into posada.yaml',
  })
}

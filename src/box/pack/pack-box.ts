import { constants, copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { PosadaError } from '../../errors/index.ts'
import { findProgram } from '../../lib/process/find-program.ts'
import { inspectDisk } from '../formats/inspect-disk.ts'
import type { BoxDisk, BoxKernel, BoxManifest, StoredBox } from '../model.ts'
import { nextVersion } from '../names.ts'
import { admitBox } from '../store/admit.ts'
import { listRefs } from '../store/refs.ts'
import { describeFile } from '../store/verify.ts'
import { boxJsonName, storePaths } from '../store-paths.ts'

export interface PackOptions {
  /** The store's folder. */
  store: string
  /** The box that the disks lie on: how it boots and is logged in to is how this one does. */
  original: StoredBox
  /** qcow2 images, cleaned; what they lie on becomes part of the new ones. */
  disks: readonly string[]
  user: string
  name: string
  /** The day and a number where absent. */
  version?: string
  /** What it is, where it is more than a box of a machine. */
  description?: string
  force: boolean
  /** Files to start the box with, in place of the original's own way to boot; null: as the original. */
  kernel: { kernel: string; initrd: string | null; cmdline: string } | null
  signal: AbortSignal
}

/** Makes a box of a machine's disks, each in one file. E_BOX_EXISTS, E_BOX_PACKAGE. */
export async function packBox(options: PackOptions): Promise<StoredBox> {
  const { original, name, force } = options
  requireQemuImg()
  const paths = storePaths(options.store)
  const versions = (await listRefs(paths, name)).map((ref) => ref.version)
  const version = options.version ?? nextVersion(new Date(), versions)
  const fill = async (folder: string) => {
    const disks: BoxDisk[] = []
    for (const [index, disk] of options.disks.entries()) {
      const file = index === 0 ? 'root.qcow2' : `disk-${index + 1}.qcow2`
      await flatten(disk, join(folder, file), options)
      const { virtualSize } = await inspectDisk(join(folder, file), { format: 'qcow2', shown: file })
      disks.push({ ...(await describeFile(folder, file)), format: 'qcow2', virtualSize })
    }
    const kernel = await ownKernel(options, folder)
    const manifest = packedManifest(original.manifest, {
      ...{ name, version, disks, user: options.user, kernel },
      ...(options.description === undefined ? {} : { description: options.description }),
    })
    for (const file of carried(original.manifest, kernel === null)) await share(original.dir, folder, file)
    await writeFile(join(folder, boxJsonName), `${JSON.stringify(manifest, null, 2)}\n`)
    return manifest
  }
  return admitBox(paths, fill, { force, origin: { source: null, origin: null } })
}

/** Pure. Keys that the first login took out of the guest are not in it again, but for the first. */
export function packedManifest(
  original: BoxManifest,
  own: {
    name: string
    version: string
    description?: string
    disks: BoxDisk[]
    user: string
    kernel: BoxKernel | null
  },
): BoxManifest {
  const { name, version, disks, user, kernel } = own
  const { description = `made from a machine of ${original.name} ${original.version}` } = own
  const { key } = original.login
  const { firmware, ...rest } = original
  return {
    ...rest,
    // What boots by its kernel has no use for a firmware.
    ...(kernel !== null ? { kernel } : firmware === undefined ? {} : { firmware }),
    name,
    version,
    description,
    disks,
    login: { user, ...(key === undefined ? {} : { key }), otherKeys: [] },
  }
}

async function ownKernel({ kernel: own }: PackOptions, folder: string): Promise<BoxKernel | null> {
  if (own === null) return null
  const take = async (from: string, file: string) => {
    await copyFile(from, join(folder, file), shared)
    return describeFile(folder, file)
  }
  return {
    kernel: await take(own.kernel, 'vmlinuz'),
    ...(own.initrd === null ? {} : { initrd: await take(own.initrd, 'initrd') }),
    cmdline: own.cmdline,
  }
}

/** The original's files that go into the new box too. */
function carried({ kernel, login }: BoxManifest, withKernel: boolean): string[] {
  const boot = withKernel ? [kernel?.kernel, kernel?.initrd] : []
  return [...boot, login.key].flatMap((each) => each?.file ?? [])
}

/** Shares the blocks where the filesystem can. */
const shared = constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL

async function share(from: string, to: string, file: string): Promise<void> {
  await copyFile(join(from, file), join(to, file), shared)
}

/** Clusters of zeros are left out. The format is stated, never guessed: a guest wrote what is in the image. */
async function flatten(from: string, to: string, { name, signal }: PackOptions): Promise<void> {
  const argv = ['convert', '-f', 'qcow2', '-O', 'qcow2', '--', from, to]
  const result = await execa('qemu-img', argv, {
    reject: false,
    cancelSignal: signal,
    stdin: 'ignore',
    cwd: '/',
  })
  if (signal.aborted) throw signal.reason
  if (result.exitCode === 0) return
  throw new PosadaError('E_BOX_PACKAGE', `the disk of ${name} could not be written`, {
    value: from,
    details: result.stderr.split('\n').slice(-5),
    hint: /No space left/.test(result.stderr)
      ? 'no space is left in the box store'
      : 'see the output of qemu-img',
  })
}

function requireQemuImg(): void {
  if (findProgram('qemu-img') !== null) return
  throw new PosadaError('E_BOX_PACKAGE', 'qemu-img is needed to write a box’s disks, and is not installed', {
    value: 'qemu-img',
    hint: 'sudo apt-get install qemu-utils',
  })
}

import { fromSystemError, PosadaError } from '../../src/errors/index.ts'
import { emptyQcow2 } from '../../src/lib/disk/qcow2-empty.ts'
import { readQcow2Header, roundUp } from '../../src/lib/disk/qcow2-header.ts'
import { exists } from '../../src/lib/files/folders.ts'
import { readStart } from '../../src/lib/files/read-start.ts'
import { writeFileAtomic } from '../../src/lib/files/write-file.ts'
import type { DiskSpec, MachineSpec } from '../../src/provider/index.ts'
import { requireQemuImg } from './binary.ts'

/** Makes the overlays that are missing, and grows those that the spec wants larger. */
export async function makeDisks(spec: MachineSpec): Promise<void> {
  for (const disk of spec.disks) {
    const there = await exists(disk.path)
    if (there) await grow(disk, spec)
    else await make(disk, spec)
  }
}

/** Written under another name first: an overlay under its own name is complete. */
async function make({ name, path, base, size }: DiskSpec, spec: MachineSpec): Promise<void> {
  if (base !== undefined) await checkBase({ name, size }, base, spec)
  const image = emptyQcow2({ size, ...(base === undefined ? {} : { base }) })
  if (typeof image === 'string') throw unusable({ name, path }, spec, image)
  try {
    await writeFileAtomic(path, image, { mode: 0o600 })
  } catch (error) {
    throw fromSystemError(error)
  }
}

async function grow(disk: DiskSpec, spec: MachineSpec): Promise<void> {
  const size = await virtualSize({ path: disk.path, format: 'qcow2' }, disk, spec)
  if (size > disk.size) throw shrinks(disk, size, spec)
  if (size < disk.size)
    await qemuImg(['resize', '-q', '-f', 'qcow2', '--', disk.path, String(disk.size)], disk, spec)
}

async function checkBase(
  disk: Pick<DiskSpec, 'name' | 'size'>,
  base: NonNullable<DiskSpec['base']>,
  spec: MachineSpec,
): Promise<void> {
  if (!(await exists(base.path))) {
    throw new PosadaError('E_BOX_CORRUPT', `the base image of disk ${disk.name} is missing`, {
      value: base.path,
      machine: spec.name,
      hint: 'build or add the box again: posada box list',
    })
  }
  const size = await virtualSize(base, disk, spec)
  if (size > disk.size) throw shrinks(disk, size, spec)
}

/** Bytes that the guest sees, read from the file itself: starting qemu-img takes as long as all the rest. */
async function virtualSize(
  { path, format }: NonNullable<DiskSpec['base']>,
  { name }: Pick<DiskSpec, 'name'>,
  spec: MachineSpec,
): Promise<number> {
  const { start, size } = await readStart(path)
  if (format === 'raw') return roundUp(size, 512)
  const header = readQcow2Header(start, size)
  if (typeof header !== 'string') return header.size
  throw unusable({ name, path }, spec, header)
}

function unusable(
  { name, path }: Pick<DiskSpec, 'name' | 'path'>,
  spec: MachineSpec,
  problem: string,
): PosadaError {
  return new PosadaError('E_QEMU_IMG', `disk ${name} of ${spec.name} cannot be used: ${problem}`, {
    value: path,
    machine: spec.name,
    hint: 'see what qemu-img info says about the file',
  })
}

async function qemuImg(argv: string[], disk: DiskSpec, spec: MachineSpec): Promise<string> {
  const program = requireQemuImg()
  // Loaded here, as most disks need no qemu-img.
  const { execa } = await import('execa')
  const { failed, stdout, stderr, cause } = await execa(program, argv, {
    cwd: '/',
    stdin: 'ignore',
    reject: false,
  })
  if (failed) throw imageError({ stderr: stderr.trim(), cause }, disk, spec)
  return stdout
}

/** qemu-img tells system errors as text only. */
function imageError(
  { stderr, cause }: { stderr: string; cause: unknown },
  disk: DiskSpec,
  spec: MachineSpec,
): unknown {
  const code = stderr.includes('No space left')
    ? 'ENOSPC'
    : /Permission denied|Read-only/.test(stderr)
      ? 'EACCES'
      : null
  if (code !== null) return fromSystemError(Object.assign(new Error(stderr), { code, path: disk.path }))
  return new PosadaError('E_QEMU_IMG', `qemu-img failed on disk ${disk.name} of ${spec.name}`, {
    value: disk.path,
    machine: spec.name,
    details: stderr.split('\n').slice(-5),
    cause,
    hint: stderr.includes('lock')
      ? 'halt the machine first: posada halt'
      : 'see what qemu-img says about the file',
  })
}

function shrinks(disk: Pick<DiskSpec, 'name' | 'size'>, size: number, spec: MachineSpec): PosadaError {
  return new PosadaError('E_DISK_SHRINK', `disk ${disk.name} has ${size} bytes and cannot be made smaller`, {
    value: String(disk.size),
    machine: spec.name,
    hint: `ask for at least ${size} bytes, or destroy the machine and create it again`,
  })
}

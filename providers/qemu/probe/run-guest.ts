import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { terminate } from '../../../src/lib/process/process-identity.ts'
import { makeWorkFolder, sweepWorkFolders } from '../../../src/lib/process/work-folder.ts'
import type { Arch } from '../../../src/lib/values/arch.ts'
import { findProcess } from '../../../src/provider-kit/index.ts'
import { option } from '../argv/escape.ts'
import { type Accelerator, boards } from '../argv/index.ts'
import { sandboxArguments } from '../argv/sandbox.ts'
import { bootCode, goodExit, goodOutput } from './boot-code.ts'

export interface GuestRun {
  ok: boolean
  /** What went wrong, in a few words; empty where it went well. */
  reason: string
  timedOut: boolean
}

export interface GuestRunOptions {
  program: string
  arch: Arch
  accelerator: Accelerator
  sandbox: boolean
  /** Milliseconds. */
  limit: number
  signal?: AbortSignal
}

/** What its folders begin with. */
const probePrefix = 'posada-probe-'
const imageName = 'code'
const maxOutput = 64 * 1024

/** Boots a few instructions in a machine of their own, and says whether they finished. */
export async function runProbeGuest(options: GuestRunOptions): Promise<GuestRun> {
  options.signal?.throwIfAborted()
  await sweepWorkFolders(tmpdir(), probePrefix, endProbe)
  const code = bootCode(options.arch)
  if (code === null) return await run(options, bareArguments(options))
  const folder = await makeWorkFolder(tmpdir(), probePrefix)
  try {
    const image = join(folder, imageName)
    await writeFile(image, padded(code))
    return await run(options, probeArguments(options, image))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Of a probe whose command was killed: its guest may stand still for ever. */
async function endProbe(folder: string): Promise<void> {
  const image = join(folder, imageName)
  const left = await findProcess(image, ({ argv }) => argv.includes(image))
  if (left !== null) await terminate(left, 'SIGKILL')
  await rm(folder, { recursive: true, force: true })
}

/** No machine at all: QEMU ends with its monitor. */
function bareArguments({ accelerator, sandbox }: GuestRunOptions): string[] {
  return [
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-machine', 'none', '-S'],
    ...['-accel', option(accelerator), '-monitor', 'stdio'],
    ...(sandbox ? sandboxArguments : []),
  ]
}

function probeArguments({ arch, accelerator, sandbox }: GuestRunOptions, image: string): string[] {
  const { type, properties, processor } = boards[arch]
  const cpu = ['-cpu', accelerator === 'tcg' ? processor.model : 'host']
  const report =
    arch === 'x86_64'
      ? ['-machine', 'pc', '-device', 'isa-debug-exit,iobase=0xf4,iosize=4']
      : ['-machine', option(type, properties), '-chardev', 'stdio,id=report', '-serial', 'chardev:report']
  return [
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-m', '16M'],
    ...['-accel', option(accelerator), ...cpu, ...report, '-bios', image],
    ...(sandbox ? sandboxArguments : []),
  ]
}

/** A KVM that gives up leaves the machine standing, so QEMU is ended as soon as it says so. */
async function run({ program, arch, limit, signal }: GuestRunOptions, argv: string[]): Promise<GuestRun> {
  // Loaded here, as most probes are answered from the cache.
  const { execa } = await import('execa')
  const child = execa(program, argv, {
    ...{ cwd: '/', input: 'quit\n', buffer: false, reject: false, timeout: limit, killSignal: 'SIGKILL' },
    ...(signal === undefined ? {} : { cancelSignal: signal }),
  })
  let output = ''
  let errors = ''
  child.stdout.on('data', (bytes: Buffer) => {
    output = (output + bytes.toString('latin1')).slice(-maxOutput)
  })
  child.stderr.on('data', (bytes: Buffer) => {
    errors = (errors + bytes.toString('utf8')).slice(0, maxOutput)
    if (errors.includes('emulation failure') || errors.includes('KVM internal error')) child.kill('SIGKILL')
  })
  const { exitCode = null, timedOut, isTerminated, cause } = await child
  signal?.throwIfAborted()
  if (exitCode === null && !isTerminated) throw cause
  const said = bootCode(arch) === null || output.includes(goodOutput)
  const ok = arch === 'x86_64' ? exitCode === goodExit : exitCode === 0 && said
  return { ok, timedOut, reason: ok ? '' : explain(errors, { status: exitCode, timedOut, limit }) }
}

interface Ending {
  status: number | null
  timedOut: boolean
  limit: number
}

function explain(errors: string, { status, timedOut, limit }: Ending): string {
  if (errors.includes('KVM internal error')) {
    return 'it cannot run ordinary code, most likely for lack of hardware virtualisation'
  }
  if (timedOut) return `the probe guest did not finish within ${limit / 1000} s`
  const first = errors.split('\n').find((line) => line.trim() !== '')
  return first === undefined ? `the probe guest exited with ${status}` : first.slice(0, 200)
}

/** QEMU wants firmware of whole 64 KiB. */
function padded(code: Uint8Array): Uint8Array {
  const image = new Uint8Array(Math.ceil(code.length / 0x10000) * 0x10000)
  image.set(code)
  return image
}

import { createHash } from 'node:crypto'
import { accessSync, constants, statSync } from 'node:fs'
import { release } from 'node:os'
import { join } from 'node:path'
import { readHandshake } from '../../../src/background/index.ts'
import { PosadaError } from '../../../src/errors/index.ts'
import { readTextIfThere, writeFileAtomic } from '../../../src/lib/files/write-file.ts'
import { hostBootId } from '../../../src/lib/process/boot-id.ts'
import { findProgram } from '../../../src/lib/process/find-program.ts'
import type { ProbeReport } from '../../../src/provider/index.ts'
import { entryPoint } from '../process/entry-points.ts'
import { kvmAccessError, kvmDevice } from '../vm/kvm-device.ts'
import { withNetwork } from './network.ts'

export interface ProbeOptions {
  fresh?: boolean
  signal?: AbortSignal
}

/** Milliseconds for the probe's process, which needs a tenth of a second, and ten of them on a host under load. */
const limit = 30_000

/** What a probe came to. */
export interface Finding {
  report: ProbeReport
  /** False where the probe did not run to its end: the next one may find something else. */
  conclusive: boolean
}

/** Whether stock 64-bit code runs on this host's KVM, and what else machines need. */
export async function probe(
  cacheDir: string,
  entries: string | undefined,
  options: ProbeOptions = {},
): Promise<ProbeReport> {
  const { report } = await findOut(cacheDir, entries, options)
  const found = withNetwork(report, findProgram('passt') !== null)
  // Native code is loaded for it, so only who looks closely pays.
  if (options.fresh !== true || !found.usable) return found
  const { confinementHere } = await import('../confine/report.ts')
  return { ...found, confinement: confinementHere() }
}

/**
 * Whether stock 64-bit code runs on this host's KVM: a process of its own runs a guest of a few dozen
 * instructions. What it found holds until the host restarts, its kernel's KVM is loaded again, or the user
 * loses the right to use it.
 */
export async function findOut(
  cacheDir: string,
  entries: string | undefined,
  options: ProbeOptions = {},
): Promise<Finding> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    const reason = `the built-in hypervisor runs on Linux on x86-64 only, not on ${process.platform} ${process.arch}`
    return { report: { ...unusable, reason }, conclusive: true }
  }
  const inTheWay = accessProblem()
  if (inTheWay !== null) return { report: reportOf(inTheWay), conclusive: true }
  const cache = join(cacheDir, 'kvm-probe.json')
  const key = await hostKey()
  const known = options.fresh === true ? null : await readCache(cache, key)
  if (known !== null) return { report: known, conclusive: true }
  const { failure, conclusive } = await runProbe(entries, options.signal)
  const report = reportOf(failure)
  if (conclusive) await writeFileAtomic(cache, JSON.stringify({ key, report }))
  return { report, conclusive }
}

const unusable = { usable: false, accelerator: null, hardware: false } as const

function reportOf(failure: PosadaError | null): ProbeReport {
  if (failure === null) {
    const reason =
      'a probe guest ran vector, 16-byte atomic and paged memory instructions on the processor itself'
    return { usable: true, accelerator: 'kvm', hardware: true, reason }
  }
  // KVM is there and may be used, but its guest failed: it emulates, as there is no hardware for it.
  const emulated = failure.code === 'E_KVM_UNUSABLE' && failure.hint === undefined
  const reason = emulated
    ? `${kvmDevice} exists, but cannot run stock 64-bit code: ${failure.message}`
    : failure.message
  const hint =
    failure.hint ??
    'use provider: qemu; if this host is itself a virtual machine, enable nested virtualization'
  return { ...unusable, reason, hint }
}

/** `failure` is null where the guest did what it should. */
async function runProbe(
  entries: string | undefined,
  signal: AbortSignal | undefined,
): Promise<{ failure: PosadaError | null; conclusive: boolean }> {
  // Loaded here, as most probes are answered from the cache.
  const { execa } = await import('execa')
  const { failed, timedOut, stdout, shortMessage } = await execa(
    process.execPath,
    [entryPoint('kvm-probe', entries)],
    {
      ...{ cwd: '/', env: {}, extendEnv: false, stdin: 'ignore', reject: false },
      ...{ timeout: limit, killSignal: 'SIGKILL' },
      ...(signal === undefined ? {} : { cancelSignal: signal }),
    },
  )
  signal?.throwIfAborted()
  if (!failed) {
    const failure = readHandshake(stdout, { what: 'a probe guest', code: 'E_KVM_START' })
    return { failure, conclusive: failure?.code !== 'E_KVM_START' }
  }
  const what = timedOut
    ? `a probe guest did not end within ${limit / 1000} s`
    : `the process of the probe guest failed: ${shortMessage}`
  return { failure: new PosadaError('E_KVM_UNUSABLE', what), conclusive: false }
}

/** Why KVM cannot be used, or null where it can. Not cached: it costs nothing to find out. */
export function accessProblem(): PosadaError | null {
  try {
    accessSync(kvmDevice, constants.R_OK | constants.W_OK)
    return null
  } catch (error) {
    if (error instanceof Error && 'code' in error && typeof error.code === 'string')
      return kvmAccessError(kvmDevice, error.code, error)
    throw error
  }
}

/** What a report depends on. */
async function hostKey(): Promise<string> {
  const { ino, ctimeMs } = statSync(kvmDevice)
  const parts = [await hostBootId(), release(), ino, ctimeMs, process.version]
  return createHash('sha256').update(parts.join()).digest('hex')
}

/** Null: none, one of another key, or one that is damaged. */
async function readCache(path: string, key: string): Promise<ProbeReport | null> {
  const text = await readTextIfThere(path)
  if (text === null) return null
  try {
    const { key: found, report } = JSON.parse(text) as { key: unknown; report: ProbeReport }
    const { usable, accelerator, hardware, reason, hint } = report
    const whole = typeof usable === 'boolean' && typeof hardware === 'boolean' && typeof reason === 'string'
    if (found !== key || !whole) return null
    const common = { usable, accelerator: accelerator === 'kvm' ? 'kvm' : null, hardware, reason } as const
    return typeof hint === 'string' ? { ...common, hint } : common
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return null
    throw error
  }
}

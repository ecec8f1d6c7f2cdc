import { access, constants } from 'node:fs/promises'
import { isErrno } from '../../../src/lib/files/errno.ts'
import { type Arch, hostArch } from '../../../src/lib/values/arch.ts'
import { kvmCure } from '../../../src/provider-kit/index.ts'
import type { Accelerator } from '../argv/index.ts'
import { type GuestRun, runProbeGuest } from './run-guest.ts'
import { versionOf } from './version.ts'

/** What a program of QEMU can do on this host, found by running it. */
export interface Findings {
  /** Null: it runs nothing at all. */
  accelerator: Accelerator | null
  sandbox: boolean
  /** Its own, `7.2.22`, where it runs. */
  version?: string
  /** One line on each attempt that failed. */
  failures: string[]
  /** What would give hardware acceleration, where it is a matter of a command. */
  hint?: string
  /** Whether it may be otherwise on a quieter host, and is not to be believed for long. */
  passing: boolean
}

/** Milliseconds. Real virtualisation takes 0.1 s; emulation 0.4 s, and some seconds on a busy host. */
const hardwareLimit = 8_000
const emulationLimit = 60_000

interface Attempt {
  program: string
  arch: Arch
  signal?: AbortSignal
}

/** Tries what the host has, the fastest first; the first that runs the probe guest is taken. */
export async function examine(attempt: Attempt): Promise<Findings> {
  const findings: Findings = { accelerator: null, sandbox: false, failures: [], passing: false }
  const hardware = attempt.arch === hostArch() ? await hardwareOf(findings) : null
  for (const accelerator of [...(hardware === null ? [] : [hardware]), 'tcg' as const]) {
    const { sandbox, ...run } = await attemptWith(attempt, accelerator)
    if (run.ok) return { ...findings, accelerator, sandbox, version: await versionOf(attempt.program) }
    findings.failures.push(`${name(accelerator)}: ${run.reason}`)
    findings.passing ||= run.timedOut
  }
  return findings
}

/** Not every QEMU is built with seccomp, so what fails with the sandbox is tried without. */
async function attemptWith(
  attempt: Attempt,
  accelerator: Accelerator,
): Promise<GuestRun & { sandbox: boolean }> {
  const limit = accelerator === 'tcg' ? emulationLimit : hardwareLimit
  const confined = await runProbeGuest({ ...attempt, accelerator, limit, sandbox: true })
  if (confined.ok || !/sandbox|seccomp/i.test(confined.reason)) return { ...confined, sandbox: confined.ok }
  return { ...(await runProbeGuest({ ...attempt, accelerator, limit, sandbox: false })), sandbox: false }
}

/** The host's accelerator, where there is one that this user may open. */
async function hardwareOf(findings: Findings): Promise<Accelerator | null> {
  if (process.platform === 'darwin') return 'hvf'
  if (process.platform !== 'linux') return null
  try {
    await access('/dev/kvm', constants.R_OK | constants.W_OK)
    return 'kvm'
  } catch (error) {
    if (isErrno(error, 'EACCES', 'EPERM')) {
      findings.failures.push('KVM: permission denied on /dev/kvm')
      findings.hint = kvmCure('/dev/kvm')
    } else if (isErrno(error, 'ENOENT')) findings.failures.push('KVM: there is no /dev/kvm')
    else throw error
    return null
  }
}

function name(accelerator: Accelerator): string {
  return { kvm: 'KVM (/dev/kvm)', hvf: 'Hypervisor.framework', tcg: 'TCG' }[accelerator]
}

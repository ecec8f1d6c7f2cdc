import { PosadaError } from '../../../src/errors/index.ts'
import { findProgram } from '../../../src/lib/process/find-program.ts'
import { type Arch, emulatorOf, hostArch } from '../../../src/lib/values/arch.ts'
import type { ProbeReport, ProviderContext } from '../../../src/provider/index.ts'
import type { Accelerator } from '../argv/index.ts'
import { packagesFor } from '../binary.ts'
import { cacheFile, recall, remember } from './cache.ts'
import { examine, type Findings } from './findings.ts'
import { fingerprint } from './fingerprint.ts'
import { versionOf } from './version.ts'

export interface ProbeOptions {
  fresh?: boolean
  signal?: AbortSignal
}

export interface Probe {
  /** For `posada doctor` and `provider: auto`, on the host's own architecture. */
  report(options?: ProbeOptions): Promise<ProbeReport>
  /** How to start a machine. E_PROVIDER_UNUSABLE where the program runs nothing. */
  host(
    program: string,
    arch: Arch,
    options?: ProbeOptions,
  ): Promise<{ accelerator: Accelerator; sandbox: boolean; version: string }>
}

export function createProbe({ cacheDir }: ProviderContext): Probe {
  const find = async (program: string, arch: Arch, options: ProbeOptions = {}): Promise<Findings> => {
    const [path, key] = [cacheFile(cacheDir, program, arch), await fingerprint(program)]
    const known = options.fresh === true ? null : await recall(path, key)
    if (known !== null) return known
    const { signal } = options
    const findings = await examine({ program, arch, ...(signal === undefined ? {} : { signal }) })
    await remember(path, key, findings)
    return findings
  }
  return {
    report: (options) => report(find, options),
    host: async (program, arch, options) => {
      const { accelerator, sandbox, failures, version } = await find(program, arch, options)
      // Of the program as it is: what is found is kept by its inode, size and time of writing.
      if (accelerator !== null)
        return { accelerator, sandbox, version: version ?? (await versionOf(program)) }
      throw new PosadaError('E_PROVIDER_UNUSABLE', `${program} cannot run a guest on this host`, {
        value: program,
        details: failures,
        hint: 'run posada doctor',
      })
    },
  }
}

type Find = (program: string, arch: Arch, options?: ProbeOptions) => Promise<Findings>

async function report(find: Find, options?: ProbeOptions): Promise<ProbeReport> {
  const nothing = { usable: false, accelerator: null, hardware: false } as const
  const missing = [emulatorOf(hostArch()), 'qemu-img'].filter((name) => findProgram(name) === null)
  const program = findProgram(emulatorOf(hostArch()))
  const packages = packagesFor(hostArch())
  if (program === null || missing.length > 0) {
    const hint = `install it: sudo apt-get install ${packages.join(' ')}`
    return { ...nothing, reason: `${missing.join(' and ')} not found in PATH`, hint, packages }
  }
  const found = await find(program, hostArch(), options)
  const { accelerator, failures, hint, version = await versionOf(program) } = found
  const tried = failures.map((failure) => `; ${failure}`).join('')
  if (accelerator === null) {
    return {
      ...nothing,
      version,
      reason: `QEMU ${version} cannot run a guest${tried}`,
      hint: 'reinstall QEMU',
      packages,
    }
  }
  const hardware = accelerator !== 'tcg'
  const how = hardware ? 'on the processor itself' : 'emulated'
  return {
    usable: true,
    accelerator,
    hardware,
    version,
    reason: `QEMU ${version} ran a probe guest ${how} (${accelerator})${tried}`,
    ...(hint === undefined ? {} : { hint }),
    confinement: confinement(found.sandbox),
  }
}

function confinement(sandbox: boolean): NonNullable<ProbeReport['confinement']> {
  if (sandbox)
    return { message: 'machines are confined: QEMU starts no programs and gains no rights, by seccomp' }
  return { message: 'machines are not confined', hint: 'use a QEMU that is built with seccomp' }
}

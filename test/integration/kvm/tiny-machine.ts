import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { MachineSpec } from '../../../src/provider/index.ts'
import { type SandboxMachine, sandboxMachine } from '../../helpers/sandbox-machine.ts'
import { type TinyKernel, writeTinyKernel } from './tiny-kernel.ts'

/** A machine of 16 MiB without a NIC that boots a kernel of a few instructions; its folders are there, it is not created. */
export async function tinyMachine(
  name: TinyKernel,
  change: Partial<MachineSpec> = {},
): Promise<SandboxMachine> {
  const machine = await sandboxMachine(
    { boot: { kind: 'kernel', kernel: '', cmdline: '' }, memory: 16 * 2 ** 20 },
    22,
  )
  const kernel = writeTinyKernel(machine.folder, name)
  const boot = { kind: 'kernel', kernel, cmdline: 'quiet' } as const
  const spec: MachineSpec = { ...machine.spec, nics: [], boot, ...change }
  await mkdir(dirname(spec.files.consoleLog), { recursive: true })
  await mkdir(spec.files.dataDir, { recursive: true })
  return { ...machine, spec }
}

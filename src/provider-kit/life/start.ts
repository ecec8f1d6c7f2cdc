import { mkdir, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PosadaError } from '../../errors/index.ts'
import { rotateFile } from '../../lib/files/rotate-file.ts'
import type { MachineSpec } from '../../provider/index.ts'
import type { Hypervisor } from './hypervisor.ts'
import { machineStatus, notRunning } from './status.ts'

export interface StartOptions {
  spec: MachineSpec
  /** Checks that it can be started, before anything of it is touched; returns what starts it, and resolves once it runs. */
  prepare: () => Promise<() => Promise<void>>
  /** Files of an earlier run that must not be there. */
  stale?: readonly string[]
  signal?: AbortSignal | undefined
}

/** Starts a machine that was made: one that runs is left alone, one that stands still goes on. E_NOT_CREATED. */
export async function startMachine<Run extends { bootId: string }>(
  hypervisor: Hypervisor<Run>,
  { spec, prepare, stale = [], signal }: StartOptions,
): Promise<void> {
  signal?.throwIfAborted()
  const { state } = await machineStatus(hypervisor, spec)
  if (state === 'running') return
  if (state === 'paused') {
    if (await hypervisor.order(spec, 'resume')) return
    throw notRunning(spec)
  }
  if (state === 'absent') throw notCreated(spec)
  const launch = await prepare()
  await makeFolders(spec)
  for (const { path, limit } of hypervisor.logs(spec)) await rotateFile(path, limit)
  await Promise.all(stale.map((path) => rm(path, { force: true })))
  signal?.throwIfAborted()
  await launch()
}

async function makeFolders({ files: { consoleLog, providerLog, runtimeDir } }: MachineSpec): Promise<void> {
  const logs = new Set([dirname(consoleLog), dirname(providerLog)])
  for (const folder of logs) await mkdir(folder, { recursive: true })
  await mkdir(runtimeDir, { recursive: true, mode: 0o700 })
}

function notCreated(spec: MachineSpec): PosadaError {
  return new PosadaError('E_NOT_CREATED', `machine ${spec.name} has no disks yet`, {
    machine: spec.name,
    hint: 'posada up creates them',
  })
}

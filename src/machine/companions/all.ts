import type { UpMachine } from '../guest/keep-companion.ts'
import type { Locking, Places } from '../project.ts'
import type { PortResult } from '../results.ts'
import type { Companion, Surroundings } from './companion.ts'
import { folders } from './folders.ts'
import { forwarder } from './forwarder.ts'
import { keeper } from './keeper.ts'
import { networkProcess } from './network-process.ts'

const companions: readonly Companion[] = [networkProcess, forwarder, folders, keeper]

export async function beforeStart(
  project: Surroundings,
  machine: Parameters<Companion['before']>[1],
): Promise<void> {
  for (const companion of companions) await companion.before(project, machine)
}

/** Sees to a machine's companions while it is up; returns the ports that lead into it by them. */
export async function whileUp(project: Surroundings, machine: UpMachine): Promise<PortResult[]> {
  const ports: PortResult[] = []
  for (const companion of companions) ports.push(...(await companion.running(project, machine)))
  return ports
}

/** A machine's process has ended and another will take its place at once: what is joined to the process itself ends too. */
export async function betweenRuns(project: Places & Locking, machine: string): Promise<void> {
  for (const companion of [forwarder, folders, keeper]) await companion.ended(project, machine)
}

/** Each is told, whatever becomes of the others; the first failure is thrown in the end. */
export async function afterEnd(project: Places & Locking, machine: string): Promise<void> {
  const told = await Promise.allSettled(companions.map((companion) => companion.ended(project, machine)))
  const failed = told.find((one) => one.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

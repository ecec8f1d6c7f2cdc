import { fromSystemError, PosadaError } from '../../../src/errors/index.ts'
import { readEnd } from '../../../src/lib/files/read-end.ts'
import { forwardsOf, type MachineSpec } from '../../../src/provider/index.ts'
import { forwardRule } from '../argv/nics.ts'
import { portError } from '../ports.ts'
import type { Spawned } from './spawn.ts'

const logEnd = 8 * 1024

/** Why QEMU ended while it was being started, as far as its log tells. */
export async function startError(spec: MachineSpec, spawned: Spawned, how: string): Promise<unknown> {
  const log = (await readEnd(spec.files.providerLog, logEnd, { from: spawned.logOffset })) ?? ''
  const forward = forwardsOf(spec).find((one) => log.includes(`forwarding rule '${forwardRule(one)}'`))
  if (forward !== undefined) return await portError(forward, spec, new Error(log.trim()))
  if (log.includes('No space left on device')) {
    return fromSystemError(Object.assign(new Error(log), { code: 'ENOSPC', path: spec.files.dataDir }))
  }
  return new PosadaError('E_QEMU_START', `QEMU ended while ${spec.name} was being started (${how})`, {
    machine: spec.name,
    value: how,
    details: log.trim().split('\n').slice(-8),
    hint: hintFor(log, spec),
  })
}

function hintFor(log: string, spec: MachineSpec): string {
  if (/Failed to get .* lock/.test(log))
    return 'another process has a disk of this machine open: stop it first'
  if (log.includes('Permission denied')) return 'check the owner and mode of the file that QEMU names'
  if (log.includes('cannot set up guest memory') || log.includes('Cannot allocate memory')) {
    return 'the host has too little free memory: give the machine less with memory:'
  }
  if (Object.keys(spec.options).length > 0) return 'check what the manifest says under providers.qemu'
  return `see ${spec.files.providerLog}, and run posada doctor`
}

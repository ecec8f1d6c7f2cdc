import { constants } from 'node:os'
import { readProc } from '../../lib/process/process-identity.ts'

/**
 * Whether a process has a handler for a signal, which would otherwise end it, as most do. False where that cannot be
 * told. Source: proc(5), SigCgt.
 */
export async function catches(pid: number, signal: NodeJS.Signals): Promise<boolean> {
  const [, caught] = /^SigCgt:\s*([0-9a-f]+)$/m.exec((await readProc(pid, 'status')) ?? '') ?? []
  return (
    caught !== undefined && ((BigInt(`0x${caught}`) >> BigInt(constants.signals[signal] - 1)) & 1n) === 1n
  )
}

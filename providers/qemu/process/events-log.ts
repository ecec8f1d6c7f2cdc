import { isPosadaError } from '../../../src/errors/index.ts'
import { readEnd } from '../../../src/lib/files/read-end.ts'
import type { MachineSpec } from '../../../src/provider/index.ts'
import { qemuFiles } from '../files.ts'
import { parseQmpLine, type QmpMessage } from '../qmp/codec.ts'

/** Why QEMU ended, from its SHUTDOWN event: QAPI type ShutdownCause. */
export interface Ending {
  /** `guest-shutdown`, `host-qmp-quit`, `host-signal`, `guest-panic`… */
  reason: string
  guest: boolean
}

/** How much of the log's end is looked at: the ending is among the last events. */
const end = 64 * 1024

/** How the last run ended, as QEMU told it while it could; null where it could not. */
export async function readEnding(spec: MachineSpec): Promise<Ending | null> {
  const text = await readEnd(qemuFiles(spec).events, end)
  return text === null ? null : lastEnding(text)
}

/** The last SHUTDOWN among lines of QMP. What is not QMP (a line cut at either end) does not count. */
export function lastEnding(text: string): Ending | null {
  for (const line of text.split('\n').reverse()) {
    const message = line.trim() === '' ? null : tryParse(line)
    if (message?.kind !== 'event' || message.event.name !== 'SHUTDOWN') continue
    const { reason, guest } = message.event.data
    return { reason: typeof reason === 'string' ? reason.slice(0, 100) : 'unknown', guest: guest === true }
  }
  return null
}

function tryParse(line: string): QmpMessage | null {
  try {
    return parseQmpLine(line)
  } catch (error) {
    if (isPosadaError(error, 'E_QMP')) return null
    throw error
  }
}

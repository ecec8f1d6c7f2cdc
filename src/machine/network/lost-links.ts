import { exists } from '../../lib/files/folders.ts'
import type { MachineState } from '../../project/index.ts'
import type { Places, Reporting } from '../project.ts'
import { networkStatus } from './ask.ts'
import { linkedIn } from './list.ts'

/**
 * Tells of networks to which a running machine cannot be linked again: its NIC's socket is gone, as after a
 * logout that empties the folder, and the process that was linked to it has ended.
 */
export async function tellLostLinks(
  project: Places & Reporting,
  { spec, networks }: MachineState,
): Promise<void> {
  const gone: string[] = []
  for (const { network, socket } of networks ?? []) if (!(await exists(socket))) gone.push(network)
  if (gone.length === 0) return
  const linked = linkedIn(await networkStatus(project))
  const lost = gone.filter((network) => !linked.has(`${network} ${spec.name}`))
  if (lost.length === 0) return
  const message = `it can no longer be linked to ${lost.join(', ')}: its sockets are gone`
  const hint = `posada reload ${spec.name}`
  project.emit({ type: 'notice', level: 'warn', machine: spec.name, message, hint })
}

import type { MachineState, WarmImage } from '../../project/index.ts'
import { hardwareOf } from '../memory/hardware.ts'

/**
 * What is recorded of a machine that begins with a warm image, whose layers and memory lie in its folder of snapshot `id`:
 * what it was planned to be, with the first NIC's address, which the network behind that knows. Pure.
 */
export function warmState({
  planned,
  image,
  id,
  token,
  ...times
}: {
  planned: MachineState
  image: WarmImage
  id: string
  /** 8 hexadecimal digits; see MachineCopy. */
  token: string
  /** ISO 8601; now. */
  at: string
  consoleFrom: number
}): MachineState {
  const [first] = image.state.spec.nics
  const nics = planned.spec.nics.map((nic) =>
    nic.kind === 'user' && first !== undefined ? { ...nic, mac: first.mac } : nic,
  )
  const spec = { ...planned.spec, nics }
  return {
    ...planned,
    spec,
    createdAt: times.at,
    start: { ...times, warm: true },
    copy: { of: image.state.spec.name, token, due: true, warm: true },
    restoring: id,
    suspended: { ...image.memory, snapshot: id, hardware: hardwareOf(spec) },
  }
}

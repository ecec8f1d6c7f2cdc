import { PosadaError } from '../../errors/index.ts'
import type { MachineState } from '../../project/index.ts'

/** Whether Posada logs in to the guest of a machine, as it was last started. */
export function hasLogin({ guest = 'linux' }: Pick<MachineState, 'guest'>): boolean {
  return guest !== 'other'
}

/** E_CAPABILITY where the guest of a machine of this name is not logged in to. */
export function requireLogin(name: string, made: Pick<MachineState, 'guest'>): void {
  if (hasLogin(made)) return
  throw new PosadaError('E_CAPABILITY', `machine ${name} has 'guest: other': Posada does not log in to it`, {
    value: 'other',
    machine: name,
    hint: `posada console ${name} is its serial console; a Linux with an SSH server takes guest: linux, then posada reload ${name}`,
  })
}

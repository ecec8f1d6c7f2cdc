import type { MachineSpec, Provider } from '../../provider/index.ts'
import { destroyMachine } from './destroy.ts'
import type { Hypervisor } from './hypervisor.ts'
import { machineStatus, notRunning } from './status.ts'
import { stopMachine } from './stop.ts'
import { machineUsage } from './usage.ts'

/** What providers whose machines are processes have in common; how a machine is made and started differs. */
export function machineLife<Run extends { bootId: string }>(
  hypervisor: Hypervisor<Run>,
): Pick<Provider, 'status' | 'usage' | 'stop' | 'pause' | 'resume' | 'destroy'> {
  const order = (name: 'pause' | 'resume') => async (spec: MachineSpec) => {
    if (!(await hypervisor.order(spec, name))) throw notRunning(spec)
  }
  return {
    status: (spec) => machineStatus(hypervisor, spec),
    usage: (spec) => machineUsage(hypervisor, spec),
    stop: (spec, options) => stopMachine(hypervisor, spec, options),
    pause: order('pause'),
    resume: order('resume'),
    destroy: (spec) => destroyMachine(hypervisor, spec),
  }
}

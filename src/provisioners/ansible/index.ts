import { basename } from 'node:path'
import { PosadaError } from '../../errors/index.ts'
import { findProgram } from '../../lib/process/find-program.ts'
import type { AnsibleStep } from '../../manifest/index.ts'
import { capture } from '../../ssh/index.ts'
import type { Provisioner } from '../contract.ts'
import { digestOfData } from '../digest.ts'
import { digestOfFolder } from '../in-copy.ts'
import { runInGuest } from './in-guest.ts'

/**
 * Runs a playbook by this computer's ansible-playbook, over SSH to the machine, or by the guest's, which is given the
 * playbook's folder. Tasks run as root unless the playbook says otherwise. E_ANSIBLE_MISSING where neither has it.
 */
export const ansibleProvisioner: Provisioner<AnsibleStep> = {
  async digest(step) {
    const { kind, playbook, groups, vars } = step
    const folder = await digestOfFolder(step, playbook)
    return digestOfData({ kind, playbook: basename(playbook), groups, vars, folder })
  },

  async run(step, session, context) {
    const program = step.via === 'guest' ? null : findProgram('ansible-playbook')
    if (program !== null) {
      const { runOnHost } = await import('./on-host.ts')
      return runOnHost({ step, program }, session, context)
    }
    const look = ['/bin/sh', '-c', 'command -v ansible-playbook']
    const isThere = step.via !== 'host' && (await capture(session, look, { user: 'root' })).code === 0
    if (!isThere) throw missing(step, context.machine)
    return runInGuest(step, session, context)
  },
}

function missing({ name, via, place }: AnsibleStep, machine: string): PosadaError {
  const where = {
    host: 'this computer does not have',
    guest: 'the guest does not have',
    either: 'neither this computer nor the guest has',
  }[via ?? 'either']
  const here = 'on this computer: apt-get install ansible-core'
  const there = `in the guest, by a step before it: shell: apt-get update && apt-get install -y ansible-core`
  return new PosadaError(
    'E_ANSIBLE_MISSING',
    `provision step ${name} needs ansible-playbook, which ${where}`,
    {
      value: 'ansible-playbook',
      place,
      machine,
      hint: via === null ? `install it ${here}; or ${there}` : `install it ${via === 'host' ? here : there}`,
    },
  )
}

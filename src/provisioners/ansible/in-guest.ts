import { basename } from 'node:path'
import type { AnsibleStep } from '../../manifest/index.ts'
import { quote, quoteAll, type SshSession } from '../../ssh/index.ts'
import type { StepContext } from '../contract.ts'
import { runInCopy } from '../in-copy.ts'
import { inventory, settings } from './inventory.ts'

/** Runs a playbook in the guest, as root, in a copy of its folder that is gone afterwards. */
export function runInGuest(step: AnsibleStep, session: SshSession, context: StepContext): Promise<void> {
  const script = (place: string) => scriptFor(step, place, context.machine)
  return runInCopy({ step, file: step.playbook, script, env: settings }, session, context)
}

function scriptFor({ playbook, groups, vars }: AnsibleStep, place: string, machine: string): string {
  const hosts = inventory({ machine, groups, vars: { ansible_connection: 'local' } })
  const [list, extra] = [`${place}/.posada-inventory.json`, `${place}/.posada-vars.json`]
  const command = ['ansible-playbook', '-i', list, '--extra-vars', `@${extra}`, basename(playbook)]
  return `printf %s ${quote(hosts)} > ${list}
printf %s ${quote(JSON.stringify(vars))} > ${extra}
${quoteAll(command)}`
}

import { basename } from 'node:path'
import type { AnsibleStep, FileStep } from '../../manifest/index.ts'
import { quote, quoteAll, type SshSession } from '../../ssh/index.ts'
import { stepFolder } from '../between-steps.ts'
import { removeAtEnd, removeLater } from '../clean.ts'
import type { StepContext } from '../contract.ts'
import { fileProvisioner } from '../file/index.ts'
import { shellProvisioner } from '../shell/index.ts'
import { inventory, settings } from './inventory.ts'

interface Play {
  step: AnsibleStep
  /** The step that copies the playbook's folder to a place in the guest. */
  folder: (to: string) => FileStep
}

/** Runs a playbook in the guest, as root, in a copy of its folder that is gone afterwards. */
export async function runInGuest(
  { step, folder }: Play,
  session: SshSession,
  context: StepContext,
): Promise<void> {
  const place = `${stepFolder(context.mark)}-play`
  try {
    await fileProvisioner.run(folder(place), session, context)
    const { name, run, timeout, retries, reboot, place: written } = step
    const base = { name, run, timeout, retries, reboot, place: written, args: [], sensitive: {} }
    const source = { inline: scriptFor(step, place, context.machine) }
    await shellProvisioner.run(
      { ...base, kind: 'shell', source, env: settings, user: 'root' },
      session,
      context,
    )
  } catch (error) {
    await removeLater(session, place, 'root')
    throw error
  }
}

function scriptFor({ playbook, groups, vars }: AnsibleStep, place: string, machine: string): string {
  const hosts = inventory({ machine, groups, vars: { ansible_connection: 'local' } })
  const [list, extra] = [`${place}/.posada-inventory.json`, `${place}/.posada-vars.json`]
  const command = ['ansible-playbook', '-i', list, '--extra-vars', `@${extra}`, basename(playbook)]
  return `${removeAtEnd(place)}
chmod 700 ${place}
cd ${place}
printf %s ${quote(hosts)} > ${list}
printf %s ${quote(JSON.stringify(vars))} > ${extra}
${quoteAll(command)}`
}

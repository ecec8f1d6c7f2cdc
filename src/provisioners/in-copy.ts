import { dirname } from 'node:path'
import type { FileStep, ProvisionStep } from '../manifest/index.ts'
import type { SshSession } from '../ssh/index.ts'
import { stepFolder } from './between-steps.ts'
import { removeAtEnd, removeLater } from './clean.ts'
import type { StepContext } from './contract.ts'
import { fileProvisioner } from './file/index.ts'
import { shellProvisioner } from './shell/index.ts'

interface Copied {
  step: Pick<ProvisionStep, 'name' | 'run' | 'place'>
  /** A file of the host: the folder that it is in is copied. */
  file: string
  /** Shell text that runs as root in the copy, whose path in the guest it is told. */
  script: (place: string) => string
  env: Record<string, string>
}

/** Runs a script in the guest, as root, in a copy of a folder of the host that is gone afterwards. */
export async function runInCopy(copied: Copied, session: SshSession, context: StepContext): Promise<void> {
  const { step, file, script, env } = copied
  const place = `${stepFolder(context.mark)}-play`
  try {
    await fileProvisioner.run(folderOf(step, file, place), session, context)
    const { name, run, place: written } = step
    const base = { name, run, timeout: null, retries: 0, reboot: false, place: written }
    const inline = `${removeAtEnd(place)}\nchmod 700 ${place}\ncd ${place}\n${script(place)}`
    await shellProvisioner.run(
      { ...base, kind: 'shell', source: { inline }, args: [], sensitive: {}, env, user: 'root' },
      session,
      context,
    )
  } catch (error) {
    await removeLater(session, place, 'root')
    throw error
  }
}

/** A digest of the folder that a file is in. */
export function digestOfFolder(step: Copied['step'], file: string): Promise<string> {
  return fileProvisioner.digest(folderOf(step, file, '/'))
}

/** The step that copies the folder. */
function folderOf({ name, run, place }: Copied['step'], file: string, to: string): FileStep {
  return {
    ...{ name, run, timeout: null, retries: 0, reboot: false, place },
    ...{ kind: 'file', source: { path: dirname(file) }, to, mode: null, owner: 'root', group: null },
  }
}

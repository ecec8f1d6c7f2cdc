import { findVirtiofsd, mountFlaw } from '../../provider-kit/index.ts'
import type { Check } from './model.ts'

/** Whether machines can mount folders of the host (`sync:` with `type: mount`). */
export async function checkMounts(): Promise<Check> {
  const name = 'mounts'
  const flaw = await mountFlaw()
  if (flaw === null)
    return { name, status: 'ok', message: `folders can be mounted in guests: ${findVirtiofsd()}` }
  return {
    name,
    status: 'warn',
    message: `folders cannot be mounted in guests: ${flaw.why}`,
    hint: flaw.hint,
  }
}

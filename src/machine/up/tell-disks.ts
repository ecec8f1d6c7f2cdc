import type { Machine } from '../../manifest/index.ts'
import type { DisksFound } from '../disks/look.ts'
import type { Action } from '../plan/actions.ts'
import type { Reporting } from '../project.ts'

/** What is to be said of a machine's disks before it is brought up. */
export function tellDisks(
  { emit }: Reporting,
  { config, disks }: { config: Machine; disks: DisksFound },
  actions: readonly Action[],
): void {
  const does = (what: Action['do']) => actions.some((action) => action.do === what)
  const { name: machine } = config
  if (does('start'))
    for (const name of disks.gone.filter((each) => config.disks.some((disk) => disk.name === each))) {
      const message = `the file of disk ${name} is gone; a blank one takes its place`
      emit({ type: 'notice', level: 'warn', machine, message })
    }
  if (disks.left.length === 0 || does('remove-disks')) return
  const message = `no longer in the manifest, and left there: disk ${disks.left.join(', ')}`
  emit({ type: 'notice', level: 'info', machine, message, hint: 'posada up --prune removes it' })
}

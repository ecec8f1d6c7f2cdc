import { PosadaError } from '../errors/index.ts'

/** What a fork is made of, as it is written: `@clean`, `review@clean`. E_USAGE. Pure. */
export function forkSource(text: string | undefined): { project?: string; snapshot?: string } {
  if (text === undefined) return {}
  const [project = '', snapshot = '', ...more] = text.split('@')
  if (snapshot === '' || more.length > 0)
    throw new PosadaError('E_USAGE', `'${text.slice(0, 80)}' does not name a snapshot`, {
      value: text.slice(0, 80),
      hint: 'write @NAME for a snapshot of this project, FORK@NAME for one of a fork',
    })
  return { snapshot, ...(project === '' ? {} : { project }) }
}

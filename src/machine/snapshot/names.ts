import { PosadaError } from '../../errors/index.ts'
import { nearest } from '../../lib/text/suggest.ts'
import type { Snapshot } from '../../project/index.ts'

const pattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/

/** E_USAGE for what cannot be the name of a snapshot. */
export function checkName(name: string): void {
  if (pattern.test(name)) return
  throw new PosadaError('E_USAGE', `'${name.slice(0, 80)}' cannot be the name of a snapshot`, {
    value: name.slice(0, 80),
    hint: 'up to 63 letters, digits, dots, dashes and underscores, with a letter or a digit first',
  })
}

/** E_SNAPSHOT_UNKNOWN, with the one that was perhaps meant. */
export function unknownSnapshot(name: string, known: readonly string[], machine?: string): PosadaError {
  const near = nearest(name, new Set(known))
  const whose = machine === undefined ? 'no machine' : `machine ${machine}`
  const message = `${whose} has ${machine === undefined ? 'a' : 'no'} snapshot ${name}`
  return new PosadaError('E_SNAPSHOT_UNKNOWN', message, {
    value: name,
    ...(machine === undefined ? {} : { machine }),
    hint: near === undefined ? 'posada snapshot list shows what there is' : `did you mean ${near}?`,
  })
}

export function byName(snapshots: readonly Snapshot[], name: string): Snapshot | undefined {
  return snapshots.find((snapshot) => snapshot.name === name)
}

import { itemLimit } from './evaluate.ts'
import { environment } from './lookup.ts'
import { hashOf, listOf, type Value } from './value.ts'

/** Methods whose block is followed once for each item. */
export const loops: readonly string[] = ['each', 'each_with_index', 'each_pair', 'times']

/** What the block of a loop is given in each turn; undefined where only running the file tells. */
export function turnsOf(name: string, over: Value, params: number): (readonly Value[])[] | undefined {
  if (name === 'times') return timesOf(over)
  if (over === environment) return undefined
  const hash = hashOf(over)
  if (hash !== undefined) return [...hash].map(([key, value]) => [key, value])
  return listOf(over)?.map((item, index) =>
    name === 'each_with_index' ? [item, index] : spread(item, params),
  )
}

function timesOf(over: Value): Value[][] | undefined {
  if (typeof over !== 'number' || over > itemLimit) return undefined
  return Array.from({ length: Math.max(0, Math.trunc(over)) }, (_, index) => [index])
}

/** A list that is given to a block with several parameters is given piece by piece. */
function spread(item: Value, params: number): readonly Value[] {
  return (params > 1 ? listOf(item) : undefined) ?? [item]
}

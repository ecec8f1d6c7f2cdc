import { PosadaError } from '../../errors/index.ts'
import { nearest } from '../../lib/text/suggest.ts'
import { parseSize } from '../../lib/values/units.ts'
import type { Machine } from '../../manifest/index.ts'

/** Keys of a machine that a matrix may vary; names in capitals are variables of the command's environment. */
const machineKeys = ['box', 'cpus', 'memory', 'provider'] as const

/** What of a cell's machine differs from the manifest's. */
export type Variation = Partial<Pick<Machine, (typeof machineKeys)[number]>>

/** One combination: how its machine differs from the manifest's, and what its command finds in the environment. */
export interface Cell {
  /** `box=debian/12 NODE=22`; empty where there is no matrix. */
  name: string
  /** Its name as that of a folder, unlike that of any other cell: `box=debian-12,NODE=22`. */
  folder: string
  /** What is varied, as written. */
  values: Record<string, string>
  machine: Variation
  env: Record<string, string>
}

/** More combinations than anyone waits for: a slip. */
const mostCells = 256
const mebibyte = 1024 ** 2

interface Axis {
  key: string
  values: string[]
}

/**
 * All combinations of what `--matrix KEY=VALUE,VALUE…` says, in the order written, the last key varying first. A comma
 * in a value is written `\,`. E_USAGE. Pure.
 */
export function matrixCells(written: readonly string[]): Cell[] {
  let cells: { key: string; value: string }[][] = [[]]
  const seen = new Set<string>()
  for (const axis of written) {
    const { key, values } = parseAxis(axis)
    if (seen.has(key)) throw wrong(axis, `${key} is given twice`, `write all its values once: ${key}=A,B`)
    seen.add(key)
    cells = cells.flatMap((cell) => values.map((value) => [...cell, { key, value }]))
    if (cells.length > mostCells)
      throw wrong(axis, `the matrix has more than ${mostCells} combinations`, 'leave out some values')
  }
  const folders = new Set<string>()
  return cells.map((pairs) => toCell(pairs, folders))
}

/** The machine as a cell has it. Its box is then the one that was named, on no terms of the manifest's. Pure. */
export function varied(machine: Machine, variation: Variation): Machine {
  const boxTerms = { checksum: null, unchecked: false, facts: {} }
  const { box, memory } = variation
  return {
    ...machine,
    ...variation,
    ...(box === undefined ? {} : { boxTerms }),
    ...(memory === undefined ? {} : { memoryMin: null }),
  }
}

function toCell(pairs: readonly { key: string; value: string }[], folders: Set<string>): Cell {
  const words = pairs.map(({ key, value }) => `${key}=${value}`)
  const cell: Cell = {
    name: words.join(' '),
    folder: freeName(words.join(',').replace(/[^\w.,=+-]/g, '-'), folders),
    values: Object.fromEntries(pairs.map(({ key, value }) => [key, value])),
    machine: {},
    env: {},
  }
  for (const { key, value } of pairs) {
    if (key === 'box' || key === 'provider') cell.machine[key] = value
    else if (key === 'cpus') cell.machine.cpus = parseCpus(value)
    else if (key === 'memory') cell.machine.memory = parseMemory(value)
    else cell.env[key] = value
  }
  return cell
}

function freeName(wanted: string, taken: Set<string>): string {
  let name = wanted
  for (let count = 2; taken.has(name); count++) name = `${wanted}-${count}`
  taken.add(name)
  return name
}

function parseAxis(axis: string): Axis {
  const at = axis.indexOf('=')
  const key = at < 0 ? axis : axis.slice(0, at)
  const written = at < 0 ? [] : axis.slice(at + 1).split(/(?<!\\),/)
  const values = written.map((value) => value.replaceAll('\\,', ','))
  if (!/^[A-Z_][A-Z0-9_]*$/.test(key) && !machineKeys.some((one) => one === key)) {
    const near = nearest(key, machineKeys)
    const hint =
      near === undefined ? `${machineKeys.join(', ')}, or a variable in capitals` : `did you mean ${near}?`
    throw wrong(axis, `--matrix does not know ${JSON.stringify(key)}`, hint)
  }
  if (values.length === 0 || values.some((value) => value === ''))
    throw wrong(axis, '--matrix takes a key and its values', `as in --matrix ${key}=A,B`)
  if (new Set(values).size < values.length)
    throw wrong(axis, `a value of ${key} is given twice`, 'leave one out')
  return { key, values }
}

function parseCpus(value: string): number {
  const count = Number(value)
  if (/^\d+$/.test(value) && count >= 1 && count <= 255) return count
  throw wrong(value, `cpus=${value} is not a number of processors`, 'as in --matrix cpus=1,2')
}

function parseMemory(value: string): number {
  const parsed = parseSize(value)
  const bytes = 'value' in parsed ? Math.ceil(parsed.value / mebibyte) * mebibyte : 0
  if (bytes >= 16 * mebibyte) return bytes
  const problem = 'problem' in parsed ? parsed.problem : 'is less than 16MiB'
  const hint = ('hint' in parsed ? parsed.hint : undefined) ?? 'as in --matrix memory=512MiB,2GiB'
  throw wrong(value, `memory=${value} ${problem}`, hint)
}

function wrong(value: string, message: string, hint: string): PosadaError {
  return new PosadaError('E_USAGE', message, { value, hint })
}

import { basename } from 'node:path'
import type { MachineSpec } from '../../../src/provider/index.ts'

/** What `ps` shows of a machine's process, and what it is found by. */
export function processTitle({ name, id }: Pick<MachineSpec, 'name' | 'id'>): string {
  return `${title} ${name} ${id}`
}

const title = 'posada-kvm'
const entry = 'kvm-vmm.cjs'

/** Whether these arguments are of this very machine's process, with its title or, for its first moments, without. */
export function isMachine(argv: readonly string[], id: string): boolean {
  const words = argv.filter((word) => word !== '')
  if (words.length === 1) return words[0]?.startsWith(`${title} `) === true && words[0].endsWith(` ${id}`)
  return basename(words[1] ?? '') === entry && words.length === 4 && words[3] === id
}

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
  // Node's own flags come before its program.
  const program = words.findIndex((word, index) => index > 0 && !word.startsWith('--'))
  return basename(words[program] ?? '') === entry && words.length === program + 3 && words[program + 2] === id
}

import { basename } from 'node:path'
import type { MachineSpec } from '../../../src/provider/index.ts'
import type { OwnProcess } from '../../../src/provider-kit/index.ts'

/** What `ps` shows of a machine's process, and what it is found by. */
export function processTitle({ name, id }: Pick<MachineSpec, 'name' | 'id'>): string {
  return `${title} ${name} ${id}`
}

const title = 'posada-kvm'
const entry = 'kvm-vmm.cjs'

/** Whether it is this very machine's process, by its title or, in its first moments, by its arguments; Node runs it. */
export function isMachine({ argv, program: file }: OwnProcess, id: string): boolean {
  const runtime = basename(file)
  if (!runtime.startsWith('node') && runtime !== basename(process.execPath)) return false
  const words = argv.filter((word) => word !== '')
  if (words.length === 1) return words[0]?.startsWith(`${title} `) === true && words[0].endsWith(` ${id}`)
  // Node's own flags come before its program.
  const program = words.findIndex((word, index) => index > 0 && !word.startsWith('--'))
  return basename(words[program] ?? '') === entry && words.length === program + 3 && words[program + 2] === id
}

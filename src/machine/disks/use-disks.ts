import { PosadaError } from '../../errors/index.ts'
import { formatSize } from '../../lib/values/units.ts'
import type { DiskUse, Machine } from '../../manifest/index.ts'
import type { MachineState } from '../../project/index.ts'
import { asRootWhereAllowed, capture, type SshSession } from '../../ssh/index.ts'
import { inStep } from '../in-step.ts'
import type { Places, Reporting } from '../project.ts'
import { record } from '../record.ts'
import { diskProblem } from './disk-problem.ts'
import { diskScript, mark } from './guest-script.ts'

/** What the guest said of a disk: `mounted /dev/vdb`, `holds xfs`. */
export interface Said {
  name: string
  word: string
  rest: string
}

/**
 * Has the guest use its disks as the manifest says: those that are blank are formatted, all are mounted or swapped to,
 * and grown. Nothing else is ever formatted. That a format begins is recorded before, and what each disk is used as, and
 * those that are not any more, when it is done. E_DISK_USE of the first that cannot be, when all have been tried.
 */
export async function useDisks(
  project: Places & Reporting,
  { config, state, disks }: { config: Machine; state: MachineState; disks: readonly string[] },
  session: SshSession,
): Promise<MachineState> {
  const has = new Set(state.spec.disks.map(({ name }) => name))
  // All of them: /etc/fstab has one part for all.
  const uses = config.diskUses.filter(({ name }) => has.has(name))
  const message = disks.length === 0 ? 'forgetting disks' : `mounting ${disks.join(', ')}`
  return inStep(project.emit, { machine: config.name, step: 'disks', message }, async () => {
    const paths = project.paths.machine(config.name)
    const ask = (all: readonly DiskUse[], begun: readonly string[]) =>
      askGuest(project, { session, all, begun })
    const begun = state.formatting ?? []
    let said = await ask(uses, begun)
    const blank = uses.filter(({ name, format }) => format && wordOf(said, name)?.word === 'blank')
    if (blank.length > 0) {
      const formatting = [...new Set([...begun, ...blank.map(({ name }) => name)])]
      await record(paths, (now) => ({ ...now, formatting }))
      for (const { name, filesystem } of blank) tellFormat(project, { config, state, name, filesystem })
      said = await ask(uses, formatting)
    }
    tellHidden(project, config, said)
    const at = new Date().toISOString()
    const done = uses.filter(({ name }) => wordOf(said, name)?.word === 'mounted')
    const after = await record(paths, ({ formatting = [], ...now }) => {
      const left = formatting.filter((name) => !done.some((use) => use.name === name))
      const entries = done.map(({ name, filesystem, mount }) => [name, { filesystem, mount, at }] as const)
      return {
        ...now,
        diskUses: Object.fromEntries(entries),
        ...(left.length === 0 ? {} : { formatting: left }),
      }
    })
    const failed = uses.find((use) => !done.includes(use))
    if (failed === undefined) return after
    throw failure(config, failed, wordOf(said, failed.name) ?? said.at(-1))
  })
}

/** The last thing that was said of a disk is what came of it. */
function wordOf(said: readonly Said[], disk: string): Said | undefined {
  return said.findLast(({ name }) => name === disk)
}

async function askGuest(
  { signal }: Reporting,
  { session, all, begun }: { session: SshSession; all: readonly DiskUse[]; begun: readonly string[] },
): Promise<Said[]> {
  const words = all.flatMap(({ name, filesystem, mount }) => [
    ...[name, filesystem, mount ?? '-'],
    begun.includes(name) ? 'any' : 'no',
  ])
  const { stdout, stderr } = await capture(session, asRootWhereAllowed(diskScript, ...words), { signal })
  const said = saidIn(stdout)
  return said.length > 0 || stderr.trim() === '' ? said : [{ name: '-', word: 'failed', rest: stderr.trim() }]
}

/** Reads what the script says; a guest may say anything. Pure. */
export function saidIn(stdout: string): Said[] {
  return stdout.split('\n').flatMap((line) => {
    const [, name, word, rest = ''] = new RegExp(`^${mark} (\\S+) (\\S+) (.*)$`).exec(line) ?? []
    return name === undefined || word === undefined ? [] : [{ name, word, rest: rest.trim() }]
  })
}

function tellFormat(
  { emit }: Reporting,
  {
    config,
    state,
    name,
    filesystem,
  }: { config: Machine; state: MachineState; name: string; filesystem: string },
): void {
  const size = state.spec.disks.find((disk) => disk.name === name)?.size ?? 0
  const message = `disk ${name} (${formatSize(size)}) is blank and is formatted: ${filesystem}`
  emit({ type: 'notice', level: 'info', machine: config.name, message })
}

function tellHidden({ emit }: Reporting, { name: machine }: Machine, said: readonly Said[]): void {
  for (const { word, rest } of said)
    if (word === 'hides') {
      const message = `${rest} had files before a disk was mounted there; they are hidden, not removed`
      emit({ type: 'notice', level: 'warn', machine, message })
    }
}

function failure({ name: machine }: Machine, use: DiskUse, said: Said | undefined): PosadaError {
  const { name, place } = use
  const [why, hint] = diskProblem(use, said ?? { word: 'failed', rest: 'the guest said nothing' }, machine)
  return new PosadaError('E_DISK_USE', `disk ${name} of ${machine} ${why}`, {
    ...{ value: name, machine, place, hint },
  })
}

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { openBoxStore, parseBoxSource } from '../../../src/box/index.ts'
import { userPaths } from '../../../src/project/user-paths.ts'
import { type Bench, comparePairs } from '../bench.ts'
import { type PosadaMachine, posadaMachine } from '../posada-machine.ts'
import { overlayOf, rawMachine } from '../raw-machine.ts'
import { timed } from '../timed.ts'
import { warmRun, warmUp } from './warm.ts'

const launcher = resolve('bin/posada.js')
const five = `version: 1
name: bench
defaults: {box: posada/tiny, provider: qemu, memory: 128MiB}
machines: {a: {}, b: {}, c: {}, d: {}, e: {}}
`

interface How {
  samples: number
  log: (line: string) => void
}

/** What going back and forth in time costs beside QEMU's own means. */
export const bench: Bench = {
  name: 'time',

  unavailable: async () => (availableParallelism() < 2 ? 'needs two processors' : null),

  run: async (how) => [await suspended(how), await rewound(how), await warmUp(how), await warmRun(how)],
}

async function suspended({ samples, log }: How) {
  const machine = await posadaMachine('{box: debian/12, provider: qemu, cpus: 1, memory: 512MiB}')
  try {
    await machine.up()
    await machine.settle()
    const raw = await besideIt(machine)
    try {
      await raw.up()
      await raw.settle()
      return await comparePairs({
        ...{ name: 'suspend and resume ÷ QEMU migrates to a file', limit: 1, samples, warmUp: 1, log },
        how: 'debian/12, 1 CPU, 512 MiB: `posada suspend` and `posada resume`, which end once the clock was set over SSH; and the same QEMU, told `stop`, `migrate exec:cat > FILE`, started again with `-incoming exec:cat FILE`, told `cont`, until OpenSSH has run `true`',
        ours: async () => (await machine.posada('suspend')) + (await machine.posada('resume')),
        theirs: () => raw.suspendAndResume(),
      })
    } finally {
      await raw.discard()
    }
  } finally {
    await machine.discard()
  }
}

async function besideIt(machine: PosadaMachine) {
  const folder = join(machine.folder, '.posada', 'machines', 'dev')
  const overlay = await overlayOf(join(folder, 'data', 'root.qcow2'))
  const box = await openBoxStore(userPaths().boxes).find(parseBoxSource('debian/12', '/'), 'x86_64')
  if (box === null) throw new Error('debian/12 is not in the store')
  return rawMachine({ argv: await machine.argv(), folder, overlay }, box)
}

async function rewound({ samples, log }: How) {
  const folder = await mkdtemp(join(tmpdir(), 'posada-bench-'))
  const posada = async (...args: string[]) =>
    (await timed(process.execPath, [launcher, ...args], { cwd: folder })).seconds
  try {
    await writeFile(join(folder, 'posada.yaml'), five)
    await posada('up')
    await posada('snapshot', 'save', 'ready')
    return await comparePairs({
      ...{ name: 'rewind of five tiny machines ÷ one second', limit: 1.5, samples, warmUp: 1, log },
      how: 'five posada/tiny, 128 MiB each: `posada rewind`, which ends once all can be logged in to and have the right time',
      ours: () => posada('rewind'),
      theirs: async () => 1,
    })
  } finally {
    await posada('destroy', '--yes')
    await rm(folder, { recursive: true, force: true })
  }
}

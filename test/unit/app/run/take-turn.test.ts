import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { takeTurn } from '../../../../src/app/run/take-turn.ts'
import {
  makeRunFolder,
  noteInIndex,
  projectPaths,
  type RunFolder,
  removeRunFolder,
  userPaths,
  writeState,
} from '../../../../src/project/index.ts'
import { aMachine, aState } from '../../../helpers/model.ts'

let base: string
let folders: RunFolder[]
beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'posada-turn-')))
  folders = []
})
afterEach(async () => {
  for (const folder of folders) await removeRunFolder(folder)
  rmSync(base, { recursive: true, force: true })
})

const user = () => userPaths({ HOME: base })
const all = { memory: 2 ** 20, cpus: availableParallelism() }

async function newRun() {
  const folder = await makeRunFolder(user().runs)
  folders.push(folder)
  return folder
}

/** Asks for all processors of the host; `told` is what the user is told, `swept` how often runs are swept. */
function ask(folder: RunFolder, { wait = true, share = all, signal = new AbortController().signal } = {}) {
  const asked = {
    told: [] as string[],
    hints: [] as unknown[],
    swept: 0,
    started: false,
    turn: Promise.resolve(),
    giveBack: () => Promise.resolve(),
  }
  asked.turn = takeTurn({
    ...{ user: user(), folder, share, wait, signal },
    emit: (event) => {
      asked.told.push('message' in event ? event.message : '')
      asked.hints.push('hint' in event ? event.hint : undefined)
    },
    sweep: async () => {
      asked.swept += 1
    },
  }).then((giveBack) => {
    Object.assign(asked, { started: true, giveBack })
  })
  return asked
}
const told = async (asked: { told: string[] }) => {
  while (asked.told.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  return asked.told
}

it('starts the first at once, and the others in the order in which they came', async () => {
  const [one, two, three] = [await newRun(), await newRun(), await newRun()]
  await ask(one).turn
  const second = ask(two)
  expect(await told(second)).toEqual(['waiting for processors in use by other runs'])
  const third = ask(three, { share: { ...all, cpus: 0 } })
  expect(await told(third)).toEqual(['waiting for earlier runs'])
  await removeRunFolder(one)
  await second.turn
  expect(second.told).toHaveLength(1)
  await third.turn
  expect(readdirSync(user().runs).sort()).toEqual([two.id, three.id].sort())
})

it('starts one as soon as another has given its processors back, whose folder is still there', async () => {
  const first = ask(await newRun())
  await first.turn
  const second = ask(await newRun())
  await told(second)
  await first.giveBack()
  await second.turn
  const third = ask(await newRun())
  expect(await told(third)).toEqual(['waiting for processors in use by other runs'])
  await second.giveBack()
  await third.turn
})

it('skips a killed run that waited, and counts one that had begun until it is swept', async () => {
  const dead = { pid: 2 ** 22 + 1, startTime: '1' }
  const [waited, begun, own] = [await newRun(), await newRun(), await newRun()]
  const ticket = (folder: RunFolder, state: string, order: number) =>
    writeFileSync(join(folder.path, 'share.json'), JSON.stringify({ ...all, order, state, process: dead }))
  ticket(waited, 'waits', 1)
  ticket(begun, 'starts', 2)
  const asked = ask(own)
  expect(await told(asked)).toEqual(['waiting for processors in use by other runs'])
  expect(asked.swept).toBeGreaterThan(0)
  await removeRunFolder(begun)
  await asked.turn
})

it('does not wait unless it is told to: processors are shared, memory that is missing is an error', async () => {
  await ask(await newRun()).turn
  await ask(await newRun(), { wait: false }).turn
  await expect(
    ask(await newRun(), { wait: false, share: { memory: 2 ** 60, cpus: 0 } }).turn,
  ).rejects.toMatchObject({
    code: 'E_MEMORY_SHORT',
    hint: 'use --wait to start it once there is enough',
  })
})

it('waits for memory that machines of other projects may still take, and names them', async () => {
  const root = join(base, 'shop')
  const machine = projectPaths(root, user()).machine('web')
  mkdirSync(machine.dir, { recursive: true })
  await noteInIndex(user().projects, { version: 1, id: '0a1b2c3d', root, name: 'shop' })
  await writeState(machine, aState(aMachine({ memory: 2 ** 50 })))
  await ask(await newRun(), { share: { ...all, memory: 2 ** 49 } }).turn
  await removeRunFolder(folders[0] as RunFolder)
  const hypervisor = spawn('sh', ['-c', 'read x', `${machine.data}/root.qcow2`])
  try {
    const asked = ask(await newRun())
    expect(await told(asked)).toEqual(['waiting for memory of machines that are up'])
    expect(asked.hints).toEqual([`halt what is not needed: web of ${root}`])
    await ask(await newRun(), { wait: false }).turn
    hypervisor.kill('SIGKILL')
    await once(hypervisor, 'exit')
    await removeRunFolder(folders[2] as RunFolder)
    await asked.turn
  } finally {
    hypervisor.kill('SIGKILL')
  }
})

it('ends with the interruption while it waits', async () => {
  await ask(await newRun()).turn
  const controller = new AbortController()
  const asked = ask(await newRun(), { signal: controller.signal })
  await told(asked)
  controller.abort(new Error('stop'))
  await expect(asked.turn).rejects.toThrow('stop')
})

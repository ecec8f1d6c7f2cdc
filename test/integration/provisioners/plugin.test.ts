import { randomBytes } from 'node:crypto'
import { appendFile, cp, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { provisionerSource } from '../../../src/app/provider/provisioners.ts'
import { PosadaError } from '../../../src/errors/index.ts'
import type { PosadaEvent } from '../../../src/events/index.ts'
import { fetchScripts } from '../../../src/machine/provision/steps.ts'
import type { Machine } from '../../../src/manifest/index.ts'
import { checkPluginStep, type StepRecord } from '../../../src/provisioners/index.ts'
import { connect, type SshSession } from '../../../src/ssh/index.ts'
import { aMachine } from '../../helpers/model.ts'
import { runHere } from '../../helpers/run-steps.ts'
import type { TestServer } from '../../helpers/ssh-server.ts'
import { startSshd } from '../../helpers/sshd.ts'

// Steps of a package that is installed in a project, against Debian's own sshd. Some 3 s.

const place = { file: '/p/posada.yaml', line: 3, column: 5 }
const machine = randomBytes(4).toString('hex')

let server: TestServer
let session: SshSession | undefined
let project: string
let installed: string
let asked: string[]
let events: PosadaEvent[]
let done: Map<string, StepRecord>
beforeAll(async () => {
  server = await startSshd([])
})
afterAll(() => server?.stop())
beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), 'posada plugin '))
  installed = join(project, 'node_modules', 'posada-provisioner-acme')
  const fixture = join(import.meta.dirname, '..', '..', 'fixtures', 'posada-provisioner-acme')
  await cp(fixture, installed, { recursive: true })
  await mkdir(join(project, 'ops'))
  await writeFile(join(project, 'ops', 'word'), 'well met')
  asked = []
  events = []
  done = new Map()
})
afterEach(async () => {
  await session?.close()
  session = undefined
  await rm(project, { recursive: true, force: true })
  expect((await readdir('/tmp')).filter((name) => name.startsWith(`posada-${machine}`))).toEqual([])
})

const source = (agrees = true) =>
  provisionerSource(project, {
    require: async (uses) => {
      asked.push(...uses.map(({ what }) => what))
      if (!agrees) throw new PosadaError('E_UNTRUSTED', 'no')
    },
  })

const written = (settings: Record<string, unknown> = {}) => ({
  ...{ kind: 'uses', name: 'greet', run: 'changed', retries: 0, reboot: false, timeout: null, place },
  ...{ uses: 'acme', root: project },
  with: { greet: 'world', from: './ops/word', to: join(project, 'there'), ...settings },
})

async function stepOf(settings?: Record<string, unknown>, provisioners = source()) {
  const provision = [written(settings)] as Machine['provision']
  const [step] = await fetchScripts({ provisioners } as never, aMachine({ provision }))
  if (step?.kind !== 'uses') throw new Error('another kind')
  return step
}

async function run(settings?: Record<string, unknown>): Promise<string[]> {
  session ??= await connect(server.target)
  const emit = (event: PosadaEvent) => void events.push(event)
  return runHere({ server, session, id: machine, steps: [await stepOf(settings)], done, emit })
}

const output = () => events.map((event) => (event.type === 'output' ? event.text : '')).join('')

describe.runIf(process.getuid?.() === 0)('a provisioner of a package', () => {
  test('works in the guest, once, and again when its settings, its files or its code change', async () => {
    expect(await run()).toEqual(['greet ran'])
    expect(output()).toBe('hello, world: well met\n')
    expect((await stat(join(project, 'there'))).mode & 0o777).toBe(0o600)
    expect(events).toContainEqual(expect.objectContaining({ type: 'notice', message: 'works as root' }))
    expect(await run()).toEqual(['greet skipped'])
    expect(await run({ greet: 'moon' })).toEqual(['greet ran'])
    await writeFile(join(project, 'ops', 'word'), 'good night')
    expect(await run({ greet: 'moon' })).toEqual(['greet ran'])
    await appendFile(join(installed, 'index.js'), '// newer\n')
    expect(await run({ greet: 'moon' })).toEqual(['greet ran'])
    expect(new Set(asked)).toEqual(new Set([`loads the provisioner acme from ${installed}`]))
  })

  test('fails its step by what it throws, and by a script that fails', async () => {
    await expect(run({ greet: 'none' })).rejects.toMatchObject({
      ...{ code: 'E_PROVISION_STEP', place, message: expect.stringContaining('there is no one to greet') },
    })
    await replaceCode(code("await guest.script('exit 3')"))
    await expect(run()).rejects.toMatchObject({ code: 'E_PROVISION_STEP', place })
    expect(done.size).toBe(0)
  })
})

let replaced = 0

/** Under another name, as a file that was loaded once is not loaded again. */
async function replaceCode(content: string): Promise<void> {
  const exports = `./other-${replaced++}.js`
  await writeFile(join(installed, exports), content)
  await writeFile(join(installed, 'package.json'), JSON.stringify({ type: 'module', exports }))
}

const code = (run: string) => `export const provisioner = { contract: 1, async run(_, guest) { ${run} } }\n`

test('nothing of it is loaded to see what it is, nor before the user agrees', async () => {
  await replaceCode(`globalThis.loadedAcme = true\n${code('')}`)
  const step = await stepOf({}, source(false))
  expect(step.code.digest).toMatch(/^[0-9a-f]{64}$/)
  await expect(checkPluginStep(step)).rejects.toMatchObject({ code: 'E_UNTRUSTED' })
  expect('loadedAcme' in globalThis).toBe(false)
})

test('it is told what is wrong with its settings, at the place of the step', async () => {
  await expect(checkPluginStep(await stepOf({ greet: 7 }))).rejects.toMatchObject({
    ...{ code: 'E_VALUE_INVALID', value: 'greet', place, hint: 'write greet: world' },
  })
})

test('one that is not installed, or that is none, is told', async () => {
  const other = { ...written(), uses: 'other' }
  const provision = [other] as Machine['provision']
  await expect(
    fetchScripts({ provisioners: source() } as never, aMachine({ provision })),
  ).rejects.toMatchObject({
    ...{ code: 'E_PROVISIONER_UNKNOWN', place, value: 'other' },
    hint: expect.stringContaining('posada-provisioner-other'),
  })
  for (const [content, message] of [
    ['throw new Error("boom")', 'cannot be loaded: boom'],
    ['export const provisioner = {}', 'exports no'],
    ['export const provisioner = { contract: 2, run() {} }', 'contract 2'],
  ] as const) {
    await replaceCode(content)
    await expect(checkPluginStep(await stepOf())).rejects.toMatchObject({
      code: 'E_PROVISIONER_INVALID',
      message: expect.stringContaining(message),
    })
  }
})

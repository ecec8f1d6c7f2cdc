import { randomBytes } from 'node:crypto'
import { appendFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { PosadaEvent } from '../../../src/events/index.ts'
import type { ShellStep } from '../../../src/manifest/index.ts'
import type { GuestAccess, StepRecord } from '../../../src/provisioners/index.ts'
import { capture, connect, exec, type SshSession } from '../../../src/ssh/index.ts'
import { canStartDropbear, startDropbear } from '../../helpers/dropbear.ts'
import { runHere } from '../../helpers/run-steps.ts'
import type { TestServer } from '../../helpers/ssh-server.ts'
import { isRunning, startSshd } from '../../helpers/sshd.ts'

// What one step leaves for the next, and a command that was killed for the next command. The whole file takes some 15 s.

const place = { file: '/p/posada.yaml', line: 3, column: 5 }
const id = randomBytes(4).toString('hex')
const isRoot = process.getuid?.() === 0

let folder: string
let events: PosadaEvent[]
let done: Map<string, StepRecord>
let failed: Map<string, string>
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'posada-between-'))
  events = []
  done = new Map()
  failed = new Map()
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const shell = (name: string, script: string): ShellStep => ({
  kind: 'shell',
  name,
  run: 'changed',
  retries: 0,
  reboot: false,
  timeout: null,
  place,
  source: { inline: script },
  args: [],
  env: {},
  sensitive: {},
  user: 'root',
})

interface Steps {
  server: TestServer
  session: SshSession
  steps: ShellStep[]
}

async function run(inputs: Steps, own: Partial<GuestAccess> = {}): Promise<void> {
  await runHere({ ...inputs, id, done, failed, emit: (event) => events.push(event) }, own)
}

async function started(start: () => Promise<TestServer>) {
  const server = await start()
  onTestFinished(() => server.stop())
  const session = await connect(server.target)
  onTestFinished(() => session.close())
  return { server, session }
}

const notices = () => events.flatMap((event) => (event.type === 'notice' ? [event.message] : []))
const output = () => events.map((event) => (event.type === 'output' ? event.text : '')).join('')
const endedFiles = async ({ home }: TestServer) =>
  (await readdir(home)).filter((name) => name.startsWith('.posada'))
const stepFolders = async () => (await readdir('/tmp')).filter((name) => name.startsWith(`posada-${id}`))

const servers = [
  { name: 'OpenSSH', start: () => startSshd() },
  ...(canStartDropbear ? [{ name: 'dropbear', start: startDropbear }] : []),
]
describe.runIf(isRoot).each(servers)('a command that was killed in a step, $name', ({ start }) => {
  test('its step is ended by the next command, which runs it again', async () => {
    const { server, session } = await started(start)
    const pids = join(folder, 'pids')
    const script = `echo $$ >> ${pids}; sleep 1000 & echo $! >> ${pids}; setsid sleep 1000 & echo $! >> ${pids}; sleep 1000`
    const killed = run({ server, session, steps: [shell('long one', script)] })
    const failure = killed.catch((error: unknown) => error)
    await vi.waitFor(
      async () => expect((await readFile(pids, 'utf8')).trim().split('\n')).toHaveLength(3),
      10_000,
    )
    session.client.destroy()
    expect(await failure).toMatchObject({ code: 'E_SSH_LOST' })
    const left = (await readFile(pids, 'utf8')).trim().split('\n').map(Number)
    expect(await Promise.all(left.map(isRunning))).toEqual([true, true, true])

    const again = await connect(server.target)
    onTestFinished(() => again.close())
    await run({ server, session: again, steps: [shell('long one', 'echo again')] })
    expect(await Promise.all(left.map(isRunning))).toEqual([false, false, false])
    expect(notices()).toEqual([
      'provision step long one, left running by a command that was killed, was stopped',
    ])
    expect(output()).toContain('again')
    expect(await stepFolders()).toEqual([])
  })

  test('what a step that has ended left in the background is not touched', async () => {
    const { server, session } = await started(start)
    const pid = join(folder, 'pid')
    await run({ server, session, steps: [shell('one', `sleep 1000 & echo $! > ${pid}`)] })
    const left = Number(await readFile(pid, 'utf8'))
    onTestFinished(() => void process.kill(left, 'SIGKILL'))
    await run({ server, session, steps: [shell('two', 'true')] })
    expect(await isRunning(left)).toBe(true)
    expect(notices()).toEqual([])
  })

  test('nor is another process whose arguments look alike', async () => {
    const { server, session } = await started(start)
    const alike = exec(session, ['sh', '-c', 'sleep 3; exit 5', 'sh', `posada-step-${id}:x`])
    await run({ server, session, steps: [shell('one', 'true')] })
    expect(await alike).toMatchObject({ code: 5 })
  })
})

describe.runIf(isRoot)('a step that changes what a login gets', () => {
  test('the next one has it, and so has what comes after the steps', async () => {
    const { server, session } = await started(() => startSshd([], { ownGroups: true }))
    const add = (name: string, id: number) => shell(name, `id -G; echo '${name}:x:${id}:root' >> /etc/group`)
    const look = shell('look', 'id -G')
    await run({ server, session, steps: [add('posada-one', 64201), look, add('posada-two', 64202)] })
    const [first, second, third] = output().trim().split('\n')
    expect(first).not.toContain('64201')
    expect(second).toContain('64201')
    expect(third).not.toContain('64202')
    expect((await capture(session, ['id', '-G'])).stdout).toMatch(/64201.* 64202/)
  })

  test('one that does not keeps its connection', async () => {
    const { server, session } = await started(() => startSshd([], { ownGroups: true }))
    const { client } = session
    await appendFile(join(server.dir, 'group'), 'posada-before:x:64203:root\n')
    await run({ server, session, steps: [shell('one', 'true'), shell('two', 'true')] })
    expect(session.client).toBe(client)
  })
})

describe('a guest that restarts in a step', () => {
  /** Restarts in name only: the connection is cut, and the guest is there again. */
  const restarting = (server: TestServer) => {
    const restarts: string[] = []
    const awaitRestart = async (session: SshSession, bootId: string) => {
      restarts.push(bootId)
      await session.takeOver(await connect(server.target))
      return true
    }
    return { restarts, awaitRestart }
  }

  test('is waited for, and a step that was cut off is run again', async () => {
    const { server, session } = await started(() => startSshd())
    const { restarts, awaitRestart } = restarting(server)
    const count = join(folder, 'count')
    const steps = [shell('cut', `echo x >> ${count}; sleep 2`), shell('next', 'echo next')]
    const work = run({ server, session, steps }, { awaitRestart })
    await vi.waitFor(() => readFile(count), 10_000)
    session.client.destroy()
    await work
    expect(restarts).toEqual([(await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()])
    expect(await readFile(count, 'utf8')).toBe('x\nx\n')
    expect([...done.keys()]).toEqual(['cut', 'next'])
    expect(notices()).toContainEqual(
      'provision step cut restarted the guest before its script ended, and is run again',
    )
  })

  test('a step that is cut off again is taken for done', async () => {
    const { server, session } = await started(() => startSshd())
    const { awaitRestart } = restarting(server)
    const count = join(folder, 'count')
    const steps = [shell('reboots', `echo x >> ${count}; sleep 1000`), shell('next', 'echo next')]
    const work = run({ server, session, steps }, { awaitRestart })
    for (const times of [1, 2]) {
      await vi.waitFor(async () => expect(await readFile(count, 'utf8')).toBe('x\n'.repeat(times)), 15_000)
      session.client.destroy()
    }
    await work
    expect([...done.keys()]).toEqual(['reboots', 'next'])
    expect(notices()).toContainEqual('provision step reboots restarted the guest again, and counts as done')
  })

  test('one that had ended when the connection broke off is not run again', async () => {
    const { server, session } = await started(() => startSshd())
    const count = join(folder, 'count')
    const awaitRestart = async (lost: SshSession) => {
      await vi.waitFor(async () => expect(await endedFiles(server)).toHaveLength(1), 10_000)
      await lost.takeOver(await connect(server.target))
      return true
    }
    const steps = [shell('ends', `echo x >> ${count}; sleep 1`)]
    const work = run({ server, session, steps }, { awaitRestart })
    await vi.waitFor(() => readFile(count), 10_000)
    session.client.destroy()
    await work
    expect(await readFile(count, 'utf8')).toBe('x\n')
    expect([...done.keys()]).toEqual(['ends'])
    expect(await endedFiles(server)).toEqual([])
  })

  test('one that is to restart behind a step is told to once, and the step is recorded after that', async () => {
    const { server, session } = await started(() => startSshd())
    const told: string[] = []
    const restart = async (lost: SshSession, bootId: string) => {
      told.push(`${bootId}, done: ${[...done.keys()]}`)
      await lost.takeOver(await connect(server.target))
    }
    const steps = [{ ...shell('kernel', 'echo one'), reboot: true }, shell('next', 'echo next')]
    await run({ server, session, steps }, { restart })
    const bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
    expect(told).toEqual([`${bootId}, done: `])
    expect([...done.keys()]).toEqual(['kernel', 'next'])
    expect(output()).toBe('one\nnext\n')
  })

  test('a guest that does not come back leaves its step not done', async () => {
    const { server, session } = await started(() => startSshd())
    const restart = () => Promise.reject(new Error('gone'))
    const steps = [{ ...shell('kernel', 'true'), reboot: true }]
    await expect(run({ server, session, steps }, { restart })).rejects.toThrow('gone')
    expect(done.size).toBe(0)
  })

  test('one that does not restart is a connection that broke off', async () => {
    const { server, session } = await started(() => startSshd())
    const marker = join(folder, 'marker')
    const work = run({ server, session, steps: [shell('lost', `touch ${marker}; sleep 2`)] })
    const failure = work.catch((error: unknown) => error)
    await vi.waitFor(() => readFile(marker), 10_000)
    session.client.destroy()
    expect(await failure).toMatchObject({ code: 'E_SSH_LOST', value: 'lost' })
    expect([...failed]).toEqual([['lost', 'E_SSH_LOST']])
  })
})

import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  access,
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
  vi,
} from 'vitest'
import type { PosadaEvent } from '../../../src/events/index.ts'
import { webFiles } from '../../../src/fetched-files/fetched-files.ts'
import { stepsOf } from '../../../src/machine/provision/steps.ts'
import type { FileStep, ProvisionStep, ShellStep } from '../../../src/manifest/index.ts'
import {
  type GuestAccess,
  type ProvisionOptions,
  planSteps,
  runSteps,
  type StepRecord,
} from '../../../src/provisioners/index.ts'
import { connect, type SshSession } from '../../../src/ssh/index.ts'
import { aMachine } from '../../helpers/model.ts'
import { projectIn } from '../../helpers/own-paths.ts'
import type { TestServer } from '../../helpers/ssh-server.ts'
import { hasSudo, isRunning, startSshd } from '../../helpers/sshd.ts'
import { webServer } from '../../helpers/web-server.ts'

// The whole file takes some 15 s. Steps run as root, so it needs root or password-less sudo.

const place = { file: '/p/posada.yaml', line: 3, column: 5 }
const id = randomBytes(4).toString('hex')
const privileged = process.getuid?.() === 0 || hasSudo()

let server: TestServer
let session: SshSession
let folder: string
let events: PosadaEvent[]
let done: Map<string, StepRecord>
let failed: Map<string, string>

beforeAll(async () => {
  server = await startSshd()
})
afterAll(() => server?.stop())
beforeEach(async () => {
  session = await connect(server.target)
  folder = await mkdtemp(join(tmpdir(), 'posada provision-'))
  await chmod(folder, 0o755)
  events = []
  done = new Map()
  failed = new Map()
})
afterEach(async () => {
  await session?.close()
  await rm(folder, { recursive: true, force: true })
  expect(await leftInTmp()).toEqual([])
})

const leftInTmp = async () => (await readdir('/tmp')).filter((name) => name.startsWith(`posada-${id}`))

const shell = (text: string, rest: Partial<ShellStep> = {}): ShellStep => ({
  kind: 'shell',
  name: 'step-1',
  run: 'changed',
  retries: 0,
  reboot: false,
  timeout: null,
  place,
  source: { inline: text },
  args: [],
  env: {},
  sensitive: {},
  user: 'root',
  ...rest,
})

const file = (source: FileStep['source'], to: string, rest: Partial<FileStep> = {}): FileStep => ({
  kind: 'file',
  name: 'file',
  run: 'changed',
  retries: 0,
  reboot: false,
  timeout: null,
  place,
  source,
  to,
  mode: null,
  owner: null,
  group: null,
  ...rest,
})

type Asked = Partial<ProvisionOptions> & {
  only?: string
  force?: boolean
  secrets?: Record<string, string>
}

async function run(steps: ProvisionStep[], { only, force, secrets, ...options }: Asked = {}) {
  const record = {
    get: (name: string) => done.get(name),
    save: async (name: string, entry: StepRecord) => void done.set(name, entry),
    remove: async (name: string) => void done.delete(name),
    fail: async (name: string, { code }: { code: string }) => void failed.set(name, code),
  }
  const planned = await planSteps(steps, record, {
    machine: 'web',
    ...(only === undefined ? {} : { only }),
    ...(force === undefined ? {} : { force }),
  })
  const plan = planned.map((each) => ({ ...each, ...(secrets === undefined ? {} : { secrets }) }))
  const access: GuestAccess = {
    machine: id,
    open: async () => session,
    reconnect: () => connect(server.target),
    awaitRestart: async () => false,
    restart: async () => undefined,
  }
  const outcomes = await runSteps(plan, access, {
    record,
    emit: (event) => events.push(event),
    machine: 'web',
    ...options,
  })
  return outcomes.map(({ name, result }) => `${name} ${result}`)
}

const output = (stream?: 'stdout' | 'stderr') =>
  events
    .filter((event) => event.type === 'output')
    .filter((event) => !stream || event.stream === stream)
    .map((event) => event.text)
    .join('')

describe.runIf(privileged)('shell steps', () => {
  test('inline text, arguments, environment, user', async () => {
    await run([
      shell('echo "$1|$2|$#"; printf "%s\\n" "$A"; id -un; cat', {
        args: ['two words', `it's "quoted" $HOME`],
        env: { A: 'x\ny $(id)' },
      }),
    ])
    expect(output()).toBe(`two words|it's "quoted" $HOME|2\nx\ny $(id)\nroot\n`)
    expect(events[0]).toMatchObject({
      type: 'step',
      status: 'start',
      step: 'provision:step-1',
      machine: 'web',
    })
    expect(events.at(-1)).toMatchObject({ type: 'step', status: 'done' })
  })

  test.runIf(hasSudo())('as another user', async () => {
    await run([shell('id -un; echo $A', { user: 'nobody', env: { A: 'b' } })])
    // sudo may say something of its own before, such as of a host name that does not resolve.
    expect(`\n${output()}`).toContain('\nnobody\nb\n')
  })

  test('a script of the host, with its own interpreter', async () => {
    const path = join(folder, 'my script.awk')
    await writeFile(path, `#!/usr/bin/awk -f\nBEGIN { print ARGV[1] }\n`)
    await run([shell('', { source: { path }, args: ['argument'] })])
    expect(output()).toBe('argument\n')
  })

  test('a script that is fetched runs as it is in posada.lock, and again when that is moved', async () => {
    let script = '#!/bin/sh\necho "one $1"\n'
    const server = await webServer(onTestFinished, (_, response) => response.end(script))
    const source = { url: `${server.url}/setup.sh`, checksum: null }
    const config = aMachine({ provision: [{ ...shell(''), source, args: ['a b'] }] })
    const provisioned = async (moves: boolean) => {
      const files = webFiles({
        paths: projectIn(folder),
        cache: join(folder, 'cache'),
        env: {},
        emit: () => undefined,
        signal: new AbortController().signal,
        command: 'posada up',
        lockWait: 1000,
        moves: () => moves,
      })
      return run(await stepsOf({ webFiles: files } as never, config))
    }
    expect(await provisioned(false)).toEqual(['step-1 ran'])
    script = 'echo "two $1"\n'
    expect(await provisioned(false)).toEqual(['step-1 skipped'])
    expect(await provisioned(true)).toEqual(['step-1 ran'])
    expect(output()).toBe('one a b\ntwo a b\n')
    expect(server.requests).toHaveLength(2)
  })

  test('stops at the first command that fails, with its last lines', async () => {
    const failure = run([shell('for i in $(seq 50); do echo line $i; done\nfalse\necho never')])
    await expect(failure).rejects.toMatchObject({
      code: 'E_PROVISION_STEP',
      message: 'provision step step-1 failed with exit code 1',
      value: 'step-1',
      machine: 'web',
      place,
    })
    const details = await failure.catch((error: { details: string[] }) => error.details)
    expect(details).toEqual(Array.from({ length: 20 }, (_, i) => `line ${i + 31}`))
    expect(output()).not.toContain('never')
    expect(events.at(-1)).toMatchObject({ type: 'step', status: 'fail' })
    expect(done.size).toBe(0)
    expect([...failed]).toEqual([['step-1', 'E_PROVISION_STEP']])
  })

  test('the environment is on no command line, and the script is readable to its user only', async () => {
    await run([
      shell('cat /proc/[0-9]*/cmdline | tr "\\0" "\\n"; stat -c %a "$0" "$(dirname "$0")"', {
        env: { TOKEN: 'secret-value-42' },
      }),
    ])
    expect(output()).not.toContain('secret-value-42')
    expect(output()).toMatch(/700\n700\n$/)
  })

  test('a sensitive value reaches the script, and neither output, errors, records nor command lines', async () => {
    const secrets = { TOKEN: 'correct-horse-42', PEM: '-----BEGIN KEY-----\nfirst line of it\n' }
    const script = `printf 'so: corre'; sleep 0.2; printf 'ct-horse-42, and\n'; printf %s "$TOKEN" >&2; echo "$PEM"
[ "$TOKEN" = "$COPY" ] || exit 9
cat /proc/[0-9]*/cmdline | tr '\\0' '\n'; cat "$0"; exit 3`
    const step = shell(script, {
      env: { TOKEN: 'overridden', COPY: 'correct-horse-42' },
      sensitive: { TOKEN: { env: 'A' }, PEM: { env: 'B' } },
    })
    const failure = await run([step], { secrets }).catch((error: Error & { details: string[] }) => error)
    expect(failure).toMatchObject({
      code: 'E_PROVISION_STEP',
      message: expect.stringContaining('exit code 3'),
    })
    const told = JSON.stringify([events, failure, [...done]])
    // Which of two streams a host hears first is not said: each is looked at by itself.
    expect(output('stdout')).toContain('so: ***, and\n')
    expect(output('stderr')).toMatch(/^\*\*\*/)
    for (const value of ['correct-horse-42', 'BEGIN KEY', 'first line of it'])
      expect(told).not.toContain(value)
  })

  test('a sensitive value that changes does not make a step due, another name does', async () => {
    const step = (name: string) => shell('true', { sensitive: { [name]: { env: 'A' } } })
    expect(await run([step('TOKEN')], { secrets: { TOKEN: 'value one' } })).toEqual(['step-1 ran'])
    expect(await run([step('TOKEN')], { secrets: { TOKEN: 'value two' } })).toEqual(['step-1 skipped'])
    expect(await run([step('OTHER')], { secrets: { OTHER: 'value two' } })).toEqual(['step-1 ran'])
  })

  test('one that takes too long is stopped, with all it started', async () => {
    const steps = [
      shell(`echo $$ > '${folder}/pids'; sleep 1000 & echo $! >> '${folder}/pids'; sleep 1000`, {
        timeout: 1000,
      }),
    ]
    await expect(run(steps)).rejects.toMatchObject({ code: 'E_PROVISION_TIMEOUT', place })
    const pids = (await readFile(join(folder, 'pids'), 'utf8')).trim().split('\n').map(Number)
    expect(await Promise.all(pids.map(isRunning))).toEqual([false, false])
  })

  test('one that ignores signals is stopped and leaves nothing (takes 4 s)', async () => {
    const steps = [shell(`trap '' INT TERM HUP; while :; do sleep 1; done`, { timeout: 500 })]
    await expect(run(steps)).rejects.toMatchObject({ code: 'E_PROVISION_TIMEOUT' })
  })

  test('an interruption stops it and throws the reason', async () => {
    const control = new AbortController()
    const work = run([shell('sleep 1000')], { signal: control.signal })
    setTimeout(() => control.abort(new Error('interrupted')), 500)
    await expect(work).rejects.toThrow('interrupted')
  })

  test.each(['', 'nohup ', 'setsid '])(
    'one is done when its script has ended: %sa server goes on, and may write',
    async (how) => {
      const server = join(folder, 'server')
      await writeFile(
        server,
        `#!/bin/sh\nn=0; while :; do echo $((n+=1)); echo log >&2; echo $n > '${folder}/n'; sleep 0.1; done\n`,
      )
      await chmod(server, 0o755)
      await run([shell(`echo started; ${how}'${server}' & echo $! > '${folder}/pid'`)])
      const pid = Number(await readFile(join(folder, 'pid'), 'utf8'))
      try {
        expect(output()).toContain('started')
        await session.close()
        const lines = async () => Number(await readFile(join(folder, 'n'), 'utf8'))
        const before = await lines()
        await vi.waitFor(async () => expect(await lines()).toBeGreaterThan(before + 3), 10_000)
      } finally {
        process.kill(pid, 'SIGKILL')
        await vi.waitFor(async () => expect(await isRunning(pid)).toBe(false), 10_000)
      }
    },
  )

  test('one during which the connection breaks off', async () => {
    const work = run([shell(`touch '${folder}/begun'; sleep 2`)])
    const begun = vi.waitFor(() => access(join(folder, 'begun')), 20_000)
    void begun.then(() => session.client.destroy())
    await expect(work).rejects.toMatchObject({ code: 'E_SSH_LOST', value: 'step-1', place })
    // The guest notices on its own, and removes what it had for the step.
    await vi.waitFor(async () => expect(await leftInTmp()).toEqual([]), 30_000)
  })
})

describe.runIf(privileged)('what is due', () => {
  const count = async () => (await readFile(join(folder, 'count'), 'utf8').catch(() => '')).length

  test('changed: once, until it changes; once; always', async () => {
    const add = (rest: Partial<ShellStep>, comment = '') =>
      shell(`printf x >> '${folder}/count' ${comment}`, rest)
    expect(await run([add({})])).toEqual(['step-1 ran'])
    expect(await run([add({})])).toEqual(['step-1 skipped'])
    expect(await run([add({}, '# new')])).toEqual(['step-1 ran'])
    expect(await run([add({}, '# newer')], { force: true })).toEqual(['step-1 ran'])
    expect(await run([add({ run: 'once' }, '# other')])).toEqual(['step-1 skipped'])
    expect(await run([add({ run: 'always' })])).toEqual(['step-1 ran'])
    expect(await count()).toBe(4)
  })

  test('a step that fails is run again as often as it says, and is done once it succeeds', async () => {
    const third = `printf x >> '${folder}/count'; [ "$(wc -c < '${folder}/count')" -ge 3 ]`
    await expect(run([shell(third, { retries: 1 })])).rejects.toMatchObject({ code: 'E_PROVISION_STEP' })
    expect(await count()).toBe(2)
    expect(done.size).toBe(0)
    expect(await run([shell(third, { retries: 1 })])).toEqual(['step-1 ran'])
    expect(await count()).toBe(3)
    const notices = events.flatMap((event) => (event.type === 'notice' ? [event.message] : []))
    expect(notices).toEqual(['provision step step-1 failed with exit code 1; retry 1 of 1 in 1 s'])
  })

  test('one that takes too long is run again, too', async () => {
    const once = `printf x >> '${folder}/count'; [ "$(wc -c < '${folder}/count')" -ge 2 ] || sleep 1000`
    expect(await run([shell(once, { retries: 3, timeout: 3000 })])).toEqual(['step-1 ran'])
    expect(await count()).toBeGreaterThan(1)
  })

  test('a step that is done and then fails is not done any more', async () => {
    const step = (text: string) => shell(text, { run: 'changed' })
    await run([step('true')])
    await expect(run([step('false')])).rejects.toMatchObject({ code: 'E_PROVISION_STEP' })
    expect(await run([step('true')])).toEqual(['step-1 ran'])
  })

  test('after a failure, what came before it is done and what comes after has not begun', async () => {
    const steps = [
      shell('true', { name: 'a' }),
      shell('exit 3', { name: 'b' }),
      shell(`touch '${folder}/c'`, { name: 'c' }),
    ]
    await expect(run(steps)).rejects.toMatchObject({ value: 'b' })
    expect([...done.keys()]).toEqual(['a'])
    expect(await readdir(folder)).toEqual([])
  })

  test('a missing script is found before anything runs', async () => {
    const path = join(folder, 'none.sh')
    const steps = [shell(`touch '${folder}/a'`, { name: 'a' }), shell('', { name: 'b', source: { path } })]
    await expect(run(steps)).rejects.toMatchObject({ code: 'E_PROVISION_SOURCE', value: path, place })
    expect(await readdir(folder)).toEqual([])
  })

  test('one step by name; one that is unknown', async () => {
    const steps = [shell('true', { name: 'a' }), shell('true', { name: 'b' })]
    expect(await run(steps, { only: 'b' })).toEqual(['b ran'])
    await expect(run(steps, { only: 'x' })).rejects.toMatchObject({ code: 'E_STEP_UNKNOWN', value: 'x' })
  })
})

describe.runIf(privileged)('file steps', () => {
  const mode = async (path: string) => ((await stat(path)).mode & 0o7777).toString(8)

  test('text, a file with its mode, given mode and owner', async () => {
    const source = join(folder, 'source')
    await writeFile(source, Buffer.from([0, 255, 10, 13]), { mode: 0o640 })
    const to = (name: string) => join(folder, 'made', 'deep', name)
    await run([
      file({ content: 'text\n' }, to('text'), { name: 'a' }),
      file({ path: source }, to('file'), { name: 'b' }),
      file({ path: source }, to("it's mine"), { name: 'c', mode: '4755', owner: 'nobody', group: 'daemon' }),
    ])
    expect(await readFile(to('text'), 'utf8')).toBe('text\n')
    expect(await mode(to('text'))).toBe('644')
    expect(await readFile(to('file'))).toEqual(Buffer.from([0, 255, 10, 13]))
    expect(await mode(to('file'))).toBe('640')
    expect(await mode(to("it's mine"))).toBe('4755')
    const owned = await stat(to("it's mine"))
    expect([owned.uid, owned.gid]).toEqual([65534, 1])
    expect((await readdir(join(folder, 'made', 'deep'))).sort()).toEqual(['file', "it's mine", 'text'])
  })

  test('what a guest has left of a step whose power was cut goes with the next file into that folder', async () => {
    const old = join(folder, '.posada-0123456789abcdef.tmp')
    await mkdir(old)
    await utimes(old, 1_000_000_000, 1_000_000_000)
    await run([file({ content: 'text\n' }, join(folder, 'text'))])
    expect(await readdir(folder)).toEqual(['text'])
  })

  test('a file takes the place and the owner of the old one', async () => {
    const to = join(folder, 'to')
    await run([file({ content: 'old' }, to, { owner: 'nobody' })])
    const before = await stat(to)
    await run([file({ content: 'new' }, to)])
    const after = await stat(to)
    expect(await readFile(to, 'utf8')).toBe('new')
    expect(after.ino).not.toBe(before.ino)
    expect(after.uid).toBe(65534)
  })

  test('a folder with all that is in it, first new, then over the old one', async () => {
    const [source, to] = [join(folder, 'source'), join(folder, 'to')]
    const long = `${'n'.repeat(120)}-ä`
    await mkdir(join(source, 'sub', long), { recursive: true })
    await writeFile(join(source, 'sub', long, 'file'), 'x'.repeat(1000))
    await writeFile(join(source, 'run me'), '#!/bin/sh\n', { mode: 0o755 })
    await writeFile(join(source, 'empty'), '')
    await symlink('../elsewhere', join(source, 'link'))
    const step = file({ path: source }, to)
    expect(await run([step])).toEqual(['file ran'])
    expect(await readFile(join(to, 'sub', long, 'file'), 'utf8')).toBe('x'.repeat(1000))
    expect(await mode(join(to, 'run me'))).toBe('755')
    expect((await lstat(join(to, 'link'))).isSymbolicLink()).toBe(true)

    await writeFile(join(to, 'of the guest'), 'kept')
    await writeFile(join(source, 'empty'), 'not any more')
    await mkdir(join(source, 'new'), { mode: 0o750 })
    expect(await run([step])).toEqual(['file ran'])
    expect(await readFile(join(to, 'of the guest'), 'utf8')).toBe('kept')
    expect(await readFile(join(to, 'empty'), 'utf8')).toBe('not any more')
    expect(await mode(join(to, 'new'))).toBe('750')
    expect((await readdir(to)).sort()).toEqual(['empty', 'link', 'new', 'of the guest', 'run me', 'sub'])
    expect(await run([step])).toEqual(['file skipped'])
    expect((await readdir(folder)).sort()).toEqual(['source', 'to'])
  })

  test('set-ID and sticky bits and names that are not UTF-8 come along, whoever owns them', async () => {
    const [source, to] = [join(folder, 'source'), join(folder, 'to')]
    const odd = Buffer.concat([Buffer.from(`${source}/odd`), Buffer.of(0xff)])
    await mkdir(join(source, 'shared'), { recursive: true })
    await writeFile(join(source, 'tool'), '#!/bin/sh\n')
    await writeFile(odd, 'odd')
    await chmod(join(source, 'tool'), 0o4755)
    await chmod(join(source, 'shared'), 0o3775)
    const modes = async (path: string) =>
      Promise.all(['tool', 'shared'].map(async (name) => (await stat(join(path, name))).mode & 0o7777))
    await run([file({ path: source }, to, { owner: 'nobody' })])
    expect(await modes(to)).toEqual([0o4755, 0o3775])
    expect((await stat(join(to, 'tool'))).uid).not.toBe(process.getuid?.())
    await run([file({ path: source }, to, { owner: 'root' })])
    expect(await modes(to)).toEqual([0o4755, 0o3775])
    expect(await readFile(Buffer.concat([Buffer.from(`${to}/odd`), Buffer.of(0xff)]), 'utf8')).toBe('odd')
    await run([file({ path: join(source, 'tool') }, join(folder, 'single'), { owner: 'nobody' })])
    expect((await stat(join(folder, 'single'))).mode & 0o7777).toBe(0o4755)
    await run([file({ content: 'x' }, join(folder, 'given'), { mode: '2755', owner: 'nobody' })])
    expect((await stat(join(folder, 'given'))).mode & 0o7777).toBe(0o2755)
  })

  test('a change of content, mode or name makes a folder due', async () => {
    const [source, to] = [join(folder, 'source'), join(folder, 'to')]
    await mkdir(source)
    await writeFile(join(source, 'a'), '1')
    const step = file({ path: source }, to)
    const next = async () => (await run([step]))[0]
    expect(await next()).toBe('file ran')
    await writeFile(join(source, 'a'), '2')
    expect(await next()).toBe('file ran')
    await chmod(join(source, 'a'), 0o600)
    expect(await next()).toBe('file ran')
    await writeFile(join(source, 'b'), '')
    expect(await next()).toBe('file ran')
    expect(await next()).toBe('file skipped')
  })

  test('what stands in the way is said', async () => {
    await mkdir(join(folder, 'to'))
    await expect(run([file({ content: 'x' }, join(folder, 'to'))])).rejects.toMatchObject({
      code: 'E_PROVISION_STEP',
      details: [expect.stringContaining('is a folder')],
    })
    await writeFile(join(folder, 'plain'), '')
    const inside = file({ content: 'x' }, join(folder, 'plain', 'x'))
    await expect(run([inside])).rejects.toMatchObject({ code: 'E_PROVISION_STEP' })
    const unknown = file({ content: 'x' }, join(folder, 'x'), { owner: 'no-such-user' })
    await expect(run([unknown])).rejects.toMatchObject({ code: 'E_PROVISION_STEP' })
    expect((await readdir(folder)).sort()).toEqual(['plain', 'to'])
  })

  test.runIf(process.getuid?.() === 0)('a full disk keeps the old file', async () => {
    const disk = join(folder, 'disk')
    await mkdir(disk)
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]).status).toBe(0)
    try {
      await writeFile(join(disk, 'to'), 'old')
      const step = file({ content: 'x'.repeat(200_000) }, join(disk, 'to'))
      await expect(run([step])).rejects.toMatchObject({
        code: 'E_PROVISION_STEP',
        details: [expect.stringContaining('No space left')],
      })
      expect(await readdir(disk)).toEqual(['to'])
      expect(await readFile(join(disk, 'to'), 'utf8')).toBe('old')
    } finally {
      spawnSync('umount', [disk])
    }
  })

  test('a connection that breaks off while a file comes leaves the old one', async () => {
    const [source, to] = [join(folder, 'source'), join(folder, 'to')]
    await writeFile(source, Buffer.alloc(50_000_000))
    await writeFile(to, 'old')
    const work = run([file({ path: source }, to)])
    setTimeout(() => session.client.destroy(), 150)
    await expect(work).rejects.toMatchObject({ code: 'E_SSH_LOST' })
    // The guest notices on its own, some time later.
    await vi.waitFor(async () => expect((await readdir(folder)).sort()).toEqual(['source', 'to']), 10_000)
    expect(await readFile(to, 'utf8')).toBe('old')
  })
})

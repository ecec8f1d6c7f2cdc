import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { build } from 'esbuild'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { kvmFiles } from '../../../providers/kvm/files.ts'
import { isMachine } from '../../../providers/kvm/process/title.ts'
import { createKvmProvider } from '../../../providers/kvm/provider.ts'
import { isErrno } from '../../../src/lib/files/errno.ts'
import type { MachineSpec, Provider } from '../../../src/provider/index.ts'
import { findProcess } from '../../../src/provider-kit/find-process.ts'
import { holdersOf } from '../../helpers/holders.ts'
import { buildKvmEntries, hasKvm } from '../../helpers/kvm-entries.ts'
import { discard, type SandboxMachine, sandboxMachine } from '../../helpers/sandbox-machine.ts'
import { writeTinyKernel } from './tiny-kernel.ts'

const hasPasst = spawnSync('passt', ['--version']).error === undefined

// The process that starts a machine, and what it leaves to the machine's own. Some 15 s.
describe.skipIf(!hasKvm)('a process that starts a machine (needs /dev/kvm)', () => {
  let entries: Awaited<ReturnType<typeof buildKvmEntries>>
  let provider: Provider
  let machine: SandboxMachine
  let program: string

  beforeAll(async () => {
    entries = await buildKvmEntries()
    provider = createKvmProvider({ cacheDir: '/nonexistent', emit: () => undefined }, entries.folder)
    program = join(entries.folder, 'start-machine.js')
    await build({
      entryPoints: [join(import.meta.dirname, '../../fixtures/kvm/start-machine.ts')],
      outfile: program,
      ...({ bundle: true, platform: 'node', target: 'node20', format: 'esm', logLevel: 'error' } as const),
      external: ['koffi'],
      banner: {
        js: "import { createRequire as __r } from 'node:module'; const require = __r(import.meta.url)",
      },
    })
  })
  afterAll(() => entries.remove())
  afterEach(() => discard(provider, machine))

  async function make(nics: MachineSpec['nics'] = []): Promise<MachineSpec> {
    const boot = { kind: 'kernel', kernel: '', cmdline: '' } as const
    machine = await sandboxMachine({ boot, memory: 16 * 2 ** 20 }, 22)
    const kernel = writeTinyKernel(machine.folder, 'deaf')
    const spec: MachineSpec = { ...machine.spec, nics, boot: { ...boot, kernel, cmdline: 'quiet' } }
    machine = { ...machine, spec }
    await mkdir(dirname(spec.files.consoleLog), { recursive: true })
    await provider.create(spec)
    return spec
  }

  /** Runs the program in a shell that has a file of the user's open, as descriptors 9, 17 and 200. */
  function starter(spec: MachineSpec, secret: string): ChildProcess {
    const argument = JSON.stringify({ spec, entries: entries.folder })
    return spawn(
      'bash',
      ['-c', 'exec 9< "$0" 17< "$0" 200< "$0"; exec "$@"', secret, process.execPath, program, argument],
      {
        stdio: ['ignore', 'ignore', 'inherit'],
        env: { ...process.env, POSADA_SECRET: 'not for machines' },
      },
    )
  }
  const ended = (child: ChildProcess) => new Promise<number | null>((resolve) => child.once('exit', resolve))

  it('hands it no descriptor, variable, folder or session of its own', async () => {
    const spec = await make(hasPasst ? [{ kind: 'user', mac: '52:54:00:00:00:01', forwards: [] }] : [])
    const secret = join(machine.folder, 'secret')
    writeFileSync(secret, 'hunter2')
    expect(await ended(starter(spec, secret))).toBe(0)
    const running = await provider.status(spec)
    if (running.state !== 'running') throw new Error(running.state)
    const of = (name: string) => `/proc/${running.pid}/${name}`
    const environment = readFileSync(of('environ'), 'latin1').split('\0').filter(Boolean)
    const names = environment.map((one) => one.slice(0, one.indexOf('=')))
    expect(['PATH', 'HOME', 'TMPDIR', 'XDG_RUNTIME_DIR', 'LANG']).toEqual(expect.arrayContaining(names))
    expect(readlinkSync(of('cwd'))).toBe('/')
    // Session of its own, so that Ctrl-C does not reach it.
    expect(readFileSync(of('stat'), 'latin1').split(') ')[1]?.split(' ')[3]).toBe(String(running.pid))
    const open = readdirSync(of('fd')).flatMap((fd) => linkOf(join(of('fd'), fd)))
    const files = open.filter((path) => path.startsWith('/') && !path.startsWith('/memfd:'))
    const own = [spec.files.consoleLog, spec.files.providerLog, join(spec.files.dataDir, 'kvm.lock')]
    const disks = spec.disks.map(({ path }) => path)
    const devices = ['/dev/kvm', '/dev/null', '/dev/urandom']
    expect([...own, ...disks, ...devices]).toEqual(expect.arrayContaining([...new Set(files)]))
    // Nor have passt, which it started.
    expect(holdersOf(secret)).toEqual([])
    // The pipes to whoever started it are closed; Node's own event loops have a pair each.
    expect([0, 1].map((fd) => readlinkSync(of(`fd/${fd}`)))).toEqual(['/dev/null', '/dev/null'])
  })

  it('may be killed as soon as there is a process, which is seen though an earlier run has ended', async () => {
    const spec = await make()
    const cut = { graceful: false, timeout: 0 }
    await provider.start(spec)
    await provider.stop(spec, cut)
    const child = starter(spec, '/dev/null')
    const end = ended(child)
    const { pid } = await vi.waitFor(
      async () =>
        (await findProcess(spec.id, (found) => isMachine(found, spec.id))) ??
        Promise.reject(new Error('none')),
      { interval: 1, timeout: 10_000 },
    )
    process.kill(pid, 'SIGSTOP')
    try {
      child.kill('SIGKILL')
      await end
      expect(await provider.status(spec)).toMatchObject({ state: 'running', pid })
      await provider.start(spec)
    } finally {
      process.kill(pid, 'SIGCONT')
    }
    const { control, starting } = kvmFiles(spec)
    await vi.waitFor(() => expect(existsSync(control)).toBe(true), { interval: 20, timeout: 10_000 })
    expect(existsSync(starting)).toBe(false)
    expect(await provider.status(spec)).toMatchObject({ state: 'running', pid })
    await provider.stop(spec, cut)
    expect(await provider.status(spec)).toMatchObject({ state: 'stopped', reason: 'the power was cut' })
  })

  it.each([0, 80, 160, 240, 400])(
    'may be killed after %d ms: what there is then is told, and can be ended',
    async (ms) => {
      const spec = await make()
      const child = starter(spec, '/dev/null')
      const end = ended(child)
      await delay(ms)
      child.kill('SIGKILL')
      await end
      // Whatever it had begun goes on by itself.
      await delay(500)
      const status = await provider.status(spec)
      expect(['running', 'stopped']).toContain(status.state)
      await provider.stop(spec, { graceful: false, timeout: 0 })
      expect(await provider.status(spec)).toMatchObject({ state: 'stopped', crashed: false })
      expect(readdirSync(spec.files.dataDir).filter((name) => name.endsWith('.tmp'))).toEqual([])
      await provider.start(spec)
      expect((await provider.status(spec)).state).toBe('running')
    },
  )
})

/** Where a link of /proc leads; nothing where the process has just closed what it stood for. */
function linkOf(path: string): string[] {
  try {
    return [readlinkSync(path)]
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return []
    throw error
  }
}

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { withQmp } from '../../providers/qemu/qmp/client.ts'
import type { StoredBox } from '../../src/box/index.ts'
import { asObject } from '../../src/lib/values/as-object.ts'
import { freePort } from '../helpers/free-port.ts'
import { awaitReady, sshArguments } from '../helpers/raw-box.ts'
import type { Machine } from './life.ts'
import { timed } from './timed.ts'

/** Seconds for a boot, and for a shutdown. */
const PATIENCE = 240

/** The command line of a machine of ours, and the files and the port that stand in it. */
export interface Original {
  argv: readonly string[]
  /** The machine's folder under `.posada/machines`. */
  folder: string
  overlay: Overlay
}

export interface RawMachine extends Machine {
  /** Migrates it into a file and ends it; starts it from there, until the first command over SSH. Returns seconds. */
  suspendAndResume(): Promise<number>
}

/** What an overlay lies over. */
export interface Overlay {
  backing: string
  format: string
  size: number
}

/**
 * The same QEMU without Posada: the same arguments with folders and port of its own, a fresh overlay
 * of the same box (made before the clock starts), the first command by OpenSSH's client as soon as
 * the guest says that it is ready, power off by the ACPI button.
 */
export async function rawMachine(original: Original, box: StoredBox): Promise<RawMachine> {
  const dir = await mkdtemp(join(tmpdir(), 'posada-raw-'))
  const port = await freePort()
  const [program = '', ...args] = ownArguments(original, dir, port)
  await makeOverlay(original.overlay, join(dir, 'data', 'root.qcow2'))
  const ssh = (command: string) => timed('ssh', [...sshArguments(box, port), command])
  let child: ChildProcess | null = null
  const ended = async (work: (running: ChildProcess) => Promise<void> | void) => {
    if (child === null) throw new Error('the raw machine does not run')
    if (child.exitCode !== null) throw new Error(`QEMU ended with ${child.exitCode}`)
    const exit = once(child, 'exit')
    await work(child)
    await exit
    child = null
  }
  const monitor = join(dir, 'qmp.sock')
  const removeSockets = async () => {
    for (const socket of ['ready', 'agent', 'qmp']) await rm(join(dir, `${socket}.sock`), { force: true })
  }
  return {
    suspendAndResume: () =>
      clocked(async () => {
        const file = join(dir, 'memory')
        await migrateTo(file, monitor)
        await ended((running) => void running.kill('SIGKILL'))
        await removeSockets()
        const incoming = ['-incoming', `exec:cat ${file}`]
        child = spawn(program, [...withoutSandbox(args), ...incoming], { stdio: 'ignore', cwd: '/' })
        await goOn(monitor)
        await ssh('true')
      }),
    up: () =>
      clocked(async () => {
        await removeSockets()
        child = spawn(program, withoutSandbox(args), { stdio: 'ignore', cwd: '/' })
        await awaitReady(join(dir, 'ready.sock'), child, PATIENCE)
        await ssh('true')
      }),
    exec: async () => (await ssh('true')).seconds,
    status: async () => null,
    halt: () => clocked(() => ended(() => pressPowerButton(monitor))),
    destroy: () =>
      clocked(async () => {
        await ended((running) => {
          running.kill('SIGKILL')
        })
        await rm(dir, { recursive: true })
      }),
    async settle() {
      await ssh('sudo systemctl start default.target')
    },
    async discard() {
      if (child !== null) await ended((running) => void running.kill('SIGKILL'))
      await rm(dir, { recursive: true, force: true })
    },
  }
}

async function clocked(work: () => Promise<void>): Promise<number> {
  const begun = process.hrtime.bigint()
  await work()
  return Number(process.hrtime.bigint() - begun) / 1e9
}

/**
 * Only folders and the SSH port differ, and the NIC is joined to the user network itself: plain QEMU has no guard. It is
 * logged in to with the box's key, and its console is a file alone.
 */
function ownArguments({ argv, folder }: Original, dir: string, port: number): string[] {
  const pidFile = argv[argv.indexOf('-pidfile') + 1]
  if (pidFile === undefined) throw new Error('a machine without -pidfile')
  const isGuards = (at: number) => argv[at] === '-netdev' && /^(socket|hubport),/.test(argv[at + 1] ?? '')
  const own = argv.filter((_, at) => !isGuards(at) && !isGuards(at - 1))
  return own.map((argument) =>
    argument
      .replace(/^user,id=user,/, 'user,id=net0,')
      .replace(/ posada\.key=\S+/, '')
      .replace(/^pipe,id=console,.*\blogfile=([^,]+).*/, 'file,id=console,path=$1')
      .replaceAll(folder, dir)
      .replaceAll(dirname(pidFile), dir)
      .replace(/(hostfwd=tcp:127\.0\.0\.1:)\d+(-:22)/, `$1${port}$2`),
  )
}

export async function overlayOf(disk: string): Promise<Overlay> {
  const { stdout } = await execa('qemu-img', ['info', '-U', '--output=json', disk])
  const info = JSON.parse(stdout)
  return {
    backing: info['full-backing-filename'],
    format: info['backing-filename-format'],
    size: info['virtual-size'],
  }
}

async function makeOverlay({ backing, format, size }: Overlay, path: string): Promise<void> {
  await mkdir(dirname(path))
  await execa('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', format, '-b', backing, path, String(size)])
}

async function pressPowerButton(socket: string): Promise<void> {
  await withQmp(socket, { timeout: 10_000 }, (client) => client.execute('system_powerdown'))
}

/** QEMU may start `cat` then. */
function withoutSandbox(args: readonly string[]): string[] {
  return args.filter((one, at) => one !== '-sandbox' && args[at - 1] !== '-sandbox')
}

async function migrateTo(file: string, socket: string): Promise<void> {
  await withQmp(socket, { timeout: PATIENCE * 1000 }, async (client) => {
    await client.execute('stop')
    await client.execute('migrate-set-parameters', { 'max-bandwidth': 2 ** 40, 'downtime-limit': 2_000_000 })
    await client.execute('migrate', { uri: `exec:cat > ${file}` })
    for (;;) {
      const { status } = asObject(await client.execute('query-migrate'))
      if (status === 'completed') return
      if (status === 'failed') throw new Error('QEMU could not migrate into a file')
      await sleep(10)
    }
  })
}

/** Once its memory is loaded; it was saved while it stood still. */
async function goOn(socket: string): Promise<void> {
  for (;;) {
    const isLoaded = await withQmp(socket, { timeout: PATIENCE * 1000 }, async (client) => {
      const { status } = asObject(await client.execute('query-status'))
      if (status === 'paused') await client.execute('cont')
      return status === 'paused'
    })
    if (isLoaded === true) return
    await sleep(10)
  }
}

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { withQmp } from '../../providers/qemu/qmp/client.ts'
import type { StoredBox } from '../../src/box/index.ts'
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
export async function rawMachine(original: Original, box: StoredBox): Promise<Machine> {
  const dir = await mkdtemp(join(tmpdir(), 'posada-raw-'))
  const port = await freePort()
  const [program = '', ...args] = ownArguments(original, dir, port)
  await makeOverlay(original.overlay, join(dir, 'data', 'root.qcow2'))
  const ssh = (command: string) => timed('ssh', [...sshArguments(box, port), command])
  let child: ChildProcess | null = null
  const ended = async (work: (running: ChildProcess) => Promise<void> | void) => {
    if (child === null) throw new Error('the raw machine does not run')
    const exit = once(child, 'exit')
    await work(child)
    await exit
    child = null
  }
  return {
    up: () =>
      clocked(async () => {
        for (const socket of ['ready', 'agent', 'qmp']) await rm(join(dir, `${socket}.sock`), { force: true })
        child = spawn(program, args, { stdio: 'ignore', cwd: '/' })
        await awaitReady(join(dir, 'ready.sock'), child, PATIENCE)
        await ssh('true')
      }),
    exec: async () => (await ssh('true')).seconds,
    status: async () => null,
    halt: () => clocked(() => ended(() => pressPowerButton(join(dir, 'qmp.sock')))),
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

/** Only folders and the SSH port differ, and the NIC is joined to the user network itself: plain QEMU has no guard. */
function ownArguments({ argv, folder }: Original, dir: string, port: number): string[] {
  const pidFile = argv[argv.indexOf('-pidfile') + 1]
  if (pidFile === undefined) throw new Error('a machine without -pidfile')
  const isGuards = (at: number) => argv[at] === '-netdev' && /^(socket|hubport),/.test(argv[at + 1] ?? '')
  const own = argv.filter((_, at) => !isGuards(at) && !isGuards(at - 1))
  return own.map((argument) =>
    argument
      .replace(/^user,id=user,/, 'user,id=net0,')
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

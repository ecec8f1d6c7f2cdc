import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'

export const libvirtUri = 'qemu:///system'
const FORWARDING = '/proc/sys/net/ipv4/ip_forward'

export interface Libvirt {
  /** Ends what was started here, and gives the host its settings back. */
  stop(): Promise<void>
}

/** The libvirt that runs here; else one of our own, where there is no systemd to start it. Needs root. */
export async function ensureLibvirt(): Promise<Libvirt> {
  if (await answers()) return { stop: async () => undefined }
  const dir = await mkdtemp(join(tmpdir(), 'posada-libvirt-'))
  const config = join(dir, 'libvirtd.conf')
  await writeFile(config, 'auth_unix_rw = "none"\n')
  // libvirt's networks turn it on, and leave it so.
  const forwarding = await readFile(FORWARDING, 'utf8')
  const daemons = [
    daemon('virtlogd', ['--pid-file', join(dir, 'virtlogd.pid')]),
    daemon('libvirtd', ['--config', config, '--pid-file', join(dir, 'libvirtd.pid')]),
  ]
  const stop = async () => {
    for (const one of daemons.reverse()) await end(one)
    await writeFile(FORWARDING, forwarding)
    await rm(dir, { recursive: true, force: true })
  }
  for (let tries = 0; !(await answers()); tries++) {
    if (tries === 100 || daemons.some((one) => one.exitCode !== null)) {
      await stop()
      throw new Error('libvirtd does not start here')
    }
    await sleep(200)
  }
  return { stop }
}

export async function virsh(...args: string[]): Promise<string> {
  return (await execa('virsh', ['--quiet', '--connect', libvirtUri, ...args])).stdout
}

async function answers(): Promise<boolean> {
  const { exitCode } = await execa('virsh', ['--connect', libvirtUri, 'version'], { reject: false })
  return exitCode === 0
}

function daemon(program: string, args: string[]): ChildProcess {
  return spawn(program, args, { stdio: 'ignore' })
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  await exit
}

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'

export const libvirtUri = 'qemu:///system'
const FORWARDING = '/proc/sys/net/ipv4/ip_forward'
const KVM = '/dev/kvm'

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
  const closeKvm = await openKvmToItsGroup()
  const daemons = [
    daemon('virtlogd', ['--pid-file', join(dir, 'virtlogd.pid')]),
    daemon('libvirtd', ['--config', config, '--pid-file', join(dir, 'libvirtd.pid')]),
  ]
  const stop = async () => {
    for (const one of daemons.reverse()) await end(one)
    await writeFile(FORWARDING, forwarding)
    await closeKvm()
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

/**
 * What udev's rule does on any Debian host. Where only root may use KVM, libvirt's root finds it and
 * its QEMU's user does not, so that it probes QEMU again at every question: seconds each.
 */
async function openKvmToItsGroup(): Promise<() => Promise<void>> {
  const before = await stat(KVM).catch(() => null)
  const { stdout, exitCode } = await execa('getent', ['group', 'kvm'], { reject: false })
  if (before === null || exitCode !== 0 || (before.mode & 0o060) === 0o060) return async () => undefined
  await chown(KVM, before.uid, Number(stdout.split(':')[2]))
  await chmod(KVM, 0o660)
  return async () => {
    await chown(KVM, before.uid, before.gid)
    await chmod(KVM, before.mode & 0o7777)
  }
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

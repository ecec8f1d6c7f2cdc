import type { SshSession } from '../ssh/index.ts'
import { destroy } from './destroy.ts'
import { findReachable, withSession } from './guest/session.ts'
import type { Project } from './project.ts'
import { selectOne } from './select.ts'
import { copyDown, copyUp, root } from './testbed/files.ts'
import { rebootGuest } from './testbed/reboot.ts'
import { up } from './up.ts'

/** A machine that others run tests in as root: files in and out, all undone by `revert`. */
export interface Testbed {
  machine: string
  /** Makes the machine. Returns a folder in the guest, the same each time, that everyone may write to. */
  open(): Promise<string>
  /** Makes it again, as it was when it was opened. */
  revert(): Promise<string>
  /** Restarts the guest, or waits until it restarts itself; all files stay. */
  reboot(how: 'asked' | 'by itself'): Promise<void>
  close(): Promise<void>
  /** Copies a file, or what is in a folder (both paths then end in `/`), from the host to the guest. */
  copyDown(host: string, guest: string): Promise<void>
  copyUp(guest: string, host: string): Promise<void>
}

export function testbed(project: Project, wanted: string | undefined): Testbed {
  const config = selectOne(project.manifest, wanted)
  const machine = config.name
  const { signal } = project
  let scratch: string | null = null
  const inGuest = async <T>(work: (session: SshSession) => Promise<T>): Promise<T> =>
    withSession(project, await findReachable(project, machine), work)
  const open = async (): Promise<string> => {
    await up(project, { machines: [machine], provision: true })
    return inGuest(async (session) => {
      // A restart empties /tmp.
      const make = 'mkdir -p /var/tmp && mktemp -d /var/tmp/autopkgtest.XXXXXX'
      scratch ??= await root(session, ['sh', '-c', make], { signal })
      await root(session, ['sh', '-c', 'mkdir -p -- "$1" && chmod 1777 -- "$1"', 'sh', scratch], { signal })
      return scratch
    })
  }
  const close = async () => {
    await destroy(project, [])
  }
  return {
    machine,
    open,
    close,
    async revert() {
      await close()
      return open()
    },
    async reboot(how) {
      await rebootGuest(project, config, how)
      await up(project, { machines: [machine], provision: false })
    },
    copyDown: (host, guest) => inGuest((session) => copyDown(session, { host, guest, signal })),
    copyUp: (guest, host) => inGuest((session) => copyUp(session, { host, guest, signal })),
  }
}

// Not execa: each start of a machine with folders comes by here, and would load it.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { findProgram } from '../lib/process/find-program.ts'

const run = promisify(execFile)

/** Distributions keep it out of PATH; /usr/lib/qemu has the older one in C, which needs root. */
const places = ['/usr/libexec/virtiofsd', '/usr/lib/virtiofsd', '/usr/lib/virtiofsd/virtiofsd']

/** What gives files of the host's user to the guest's: since 1.12. */
const needed = '--translate-uid'

const install =
  'install virtiofsd 1.12 or later (Debian 13 and later: apt-get install virtiofsd), or use type: mirror'

/** The program that serves folders of the host by virtio-fs; null where none is found. Runs nothing. */
export function findVirtiofsd(): string | null {
  const found = ['virtiofsd', ...places].map((name) => findProgram(name))
  return found.find((path) => path !== null) ?? null
}

/** Why folders cannot be mounted on this host, and what to do about it; null where they can. Runs what it takes. */
export async function mountFlaw(): Promise<{ why: string; hint: string } | null> {
  if (process.platform !== 'linux') return { why: 'virtiofsd needs Linux', hint: 'use type: mirror' }
  const program = findVirtiofsd()
  if (program === null) return { why: 'virtiofsd is not installed', hint: install }
  const help = await said(program, ['--help'])
  if (!help.ok) return { why: `${program} does not run: ${help.text}`, hint: install }
  if (!help.text.includes(needed)) return { why: `${program} is too old: it has no ${needed}`, hint: install }
  const namespaces = await said('unshare', [...namespaceArguments, 'true'])
  if (namespaces.ok) return null
  return {
    why: `virtiofsd cannot be confined, as this user may not create namespaces: ${namespaces.text}`,
    hint: 'allow user namespaces (posada doctor says how), or use type: mirror',
  }
}

/**
 * For unshare(1): root of namespaces of its own, which is the host's user and no one else outside of them. Rights over other
 * users' files are left behind, also those of the host's root.
 */
export const namespaceArguments = ['--user', '--map-root-user', '--mount', '--'] as const

async function said(program: string, argv: readonly string[]): Promise<{ ok: boolean; text: string }> {
  try {
    const { stdout } = await run(program, argv, { timeout: 10_000 })
    return { ok: true, text: stdout }
  } catch (error) {
    const { stderr = '', message = String(error) } = error as { stderr?: string; message?: string }
    return { ok: false, text: stderr.trim().split('\n')[0] || message }
  }
}

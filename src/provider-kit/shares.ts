import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { spawnDetached } from '../background/index.ts'
import { type ErrorCode, PosadaError } from '../errors/index.ts'
import { sleep } from '../lib/async/sleep.ts'
import { deadlineIn } from '../lib/async/time-limit.ts'
import { exists } from '../lib/files/folders.ts'
import { readEnd } from '../lib/files/read-end.ts'
import type { MachineSpec, ShareSpec } from '../provider/index.ts'
import { findVirtiofsd, mountFlaw, namespaceArguments } from './virtiofsd.ts'

/** Milliseconds for a server to listen. */
const limit = 30_000
const poll = 10

/**
 * In namespaces of its own: covers `$1` folders, which follow, and starts the server. That ends with its connection to the
 * hypervisor; until there is one it ends with us, who say on standard input that the machine runs. Standard output stays
 * open as long as the server lives.
 */
const script = `n=$1; shift
while [ "$n" -gt 0 ]; do
  [ ! -d "$1" ] || mount -t tmpfs -o ro,size=4k,mode=755 posada "$1" || exit 1
  shift; n=$((n - 1))
done
"$@" &
exec >&-
read -r go || kill $!`

/** Refuses, before anything is started, what cannot be served here: E_CAPABILITY. */
export async function checkShares({ name, shares = [] }: MachineSpec): Promise<void> {
  const flaw = shares.length === 0 ? null : await mountFlaw()
  if (flaw === null) return
  throw new PosadaError('E_CAPABILITY', `folders cannot be mounted on this host: ${flaw.why}`, {
    machine: name,
    value: shares.map(({ path }) => path).join(', '),
    hint: flaw.hint,
  })
}

/** Where the server of a machine's folder is until the hypervisor has connected. */
export function shareSocket({ files }: MachineSpec, index: number): string {
  return join(files.runtimeDir, `share${index}.sock`)
}

interface Serving {
  /** Of a server that does not start. */
  code: ErrorCode
  /** Starts the hypervisor, which connects to each of `shareSocket` once. */
  work: () => Promise<void>
}

/** Serves a machine's folders, each by a process of its own, while `work` goes on; where that fails none of them is left. */
export async function withShares(spec: MachineSpec, { code, work }: Serving): Promise<void> {
  const { shares = [] } = spec
  const servers: Awaited<ReturnType<typeof serve>>[] = []
  try {
    for (const [index, share] of shares.entries())
      servers.push(await serve(spec, share, { code, socket: shareSocket(spec, index) }))
    await work()
    for (const server of servers) server.letGo()
  } finally {
    for (const server of servers) server.abandon()
    // The hypervisor has connected or never will; no one else is to.
    for (const index of shares.keys()) await rm(shareSocket(spec, index), { force: true })
  }
}

async function serve(
  { name, files }: MachineSpec,
  share: ShareSpec,
  { code, socket }: { code: ErrorCode; socket: string },
) {
  await rm(socket, { force: true })
  const log = await open(files.providerLog, 'a')
  const offset = (await log.stat()).size
  const argv = [
    'sh',
    '-c',
    script,
    'sh',
    String(share.hidden.length),
    ...share.hidden,
    ...serverCommand(share, socket),
  ]
  const child = spawnDetached('unshare', [...namespaceArguments, ...argv], {
    stdio: ['pipe', 'pipe', log.fd],
  })
  await log.close()
  let failure: string | null = null
  child.once('error', ({ message }) => {
    failure = message
  })
  child.stdin?.once('error', () => undefined)
  child.stdout?.resume().once('end', () => {
    failure ??= 'it ended'
  })
  const abandon = () => {
    child.stdin?.destroy()
    child.stdout?.destroy()
    child.unref()
  }
  for (const deadline = deadlineIn(limit); !(await exists(socket)); await sleep(poll)) {
    if (failure === null && !deadline.isOver()) continue
    abandon()
    const said = (await readEnd(files.providerLog, 4096, { from: offset })) ?? ''
    throw new PosadaError(code, `virtiofsd does not serve ${share.path}: ${failure ?? 'it did not start'}`, {
      machine: name,
      value: share.path,
      details: said.trim().split('\n').slice(-8),
      hint: 'use type: mirror',
    })
  }
  return { letGo: () => child.stdin?.write('go\n'), abandon }
}

/**
 * Whoever writes in the guest, it is the namespace's root, who is the host's user, that writes here; and what is the host
 * user's belongs to `owner` there. chroot: no link and no `..` leads out of the folder.
 */
function serverCommand({ path, readOnly, owner }: ShareSpec, socket: string): string[] {
  const owners = ['--translate-uid', '--translate-gid'].flatMap((option) => [
    ...[option, 'squash-guest:0:0:4294967295'],
    ...[option, `host:0:${owner}:1`],
  ])
  return [
    ...[findVirtiofsd() ?? 'virtiofsd', '--socket-path', socket, '--shared-dir', path],
    ...['--sandbox', 'chroot', '--cache', 'auto', '--log-level', 'warn', ...owners],
    ...(readOnly ? ['--readonly'] : []),
  ]
}

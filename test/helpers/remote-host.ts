import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { processesNaming } from './machines.ts'
import { startSshd } from './sshd.ts'

/** A real sshd on this computer, whose user has a home of its own: another host, as far as Posada can tell. */
export interface RemoteHost {
  /** `ssh://user@127.0.0.1:port`. */
  address: string
  /** What those who use it have in their environment. */
  env: { POSADA_SSH: string }
  /** Where `posada host setup` puts things for this version. */
  installed: string
  /** Machines that others have there: their folders. */
  hosted(): string[]
  /** Process ids of hypervisors there. */
  hypervisors(): number[]
  /** Of the processes that keep connections to it, and of the ssh that each has. */
  links(): number[]
  connections(): number[]
  cleanUp(): Promise<void>
}

export async function remoteHost(version: string): Promise<RemoteHost> {
  const server = await startSshd()
  const { dir, home, target } = server
  const ssh = join(dir, 'ssh')
  const options = `-F none -i '${target.keyFile}' -o UserKnownHostsFile='${join(dir, 'known')}' -o StrictHostKeyChecking=accept-new`
  writeFileSync(ssh, `#!/bin/sh\nexec ssh ${options} "$@"\n`)
  chmodSync(ssh, 0o755)
  const data = join(home, '.local', 'share', 'posada')
  const address = `ssh://${target.user}@127.0.0.1:${target.port}`
  const installed = join(data, 'host', version)
  mkdirSync(join(data, 'host'), { recursive: true })
  const links = () => processesNaming(address, /link\.js/)
  const hypervisors = () => processesNaming(home, /qemu-system/)
  return {
    address,
    env: { POSADA_SSH: ssh },
    installed,
    hosted: () => {
      const folder = join(data, 'hosted')
      return existsSync(folder) ? readdirSync(folder).filter((name) => /^[0-9a-f-]{36}$/.test(name)) : []
    },
    hypervisors,
    links,
    connections: () =>
      links().flatMap((link) =>
        processesNaming('serve --stdio', /^ssh/).filter((pid) => parent(pid) === link),
      ),
    async cleanUp() {
      for (const pid of [...links(), ...processesNaming(home, /serve\.js|qemu-system|qemu-guard/)]) end(pid)
      await server.stop()
    },
  }
}

function parent(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has just ended.
  }
}

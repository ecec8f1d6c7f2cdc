import { PosadaError } from '../errors/index.ts'
import { ciphers, keyExchanges } from './algorithms.ts'
import { quoteAll } from './quote.ts'
import type { SshTarget } from './session.ts'

/** A program with its arguments that joins its standard streams to the SSH server of the machine of this alias. */
export type Proxy = (hostAlias: string) => readonly string[]

/** A machine with what else it is called: its full name, its addresses. */
export type NamedTarget = SshTarget & { names?: readonly string[] }

/**
 * Text for OpenSSH's ssh_config, a `Host` block a machine under its alias and its other names, for `ssh -F`, scp, rsync
 * and editors. The recorded host key is held to, and nothing else of the user's is offered or
 * written. E_VALUE_INVALID for a path that ssh_config cannot hold. Source: ssh_config(5).
 */
export function clientConfig(targets: readonly NamedTarget[], proxy: Proxy): string {
  return targets.map((target) => hostBlock(target, proxy)).join('\n')
}

function hostBlock(target: NamedTarget, proxy: Proxy): string {
  const lines = [
    ['HostName', target.host],
    ['Port', String(target.port)],
    ...(target.vsock === undefined ? [] : [['ProxyCommand', configCommand(proxy(target.hostAlias))]]),
    ['User', target.user],
    ['IdentityFile', configPath(target.keyFile)],
    ['IdentitiesOnly', 'yes'],
    ['HostKeyAlias', target.hostAlias],
    ['UserKnownHostsFile', configPath(target.knownHostsFile)],
    ['GlobalKnownHostsFile', '/dev/null'],
    ['StrictHostKeyChecking', 'yes'],
    ['UpdateHostKeys', 'no'],
    ['KexAlgorithms', `^${keyExchanges.slice(0, 2).join(',')}`],
    ['Ciphers', `^${ciphers[0]}`],
  ]
  const names = [target.hostAlias, ...(target.names ?? [])].join(' ')
  return `Host ${names}\n${lines.map(([key, value]) => `  ${key} ${value}\n`).join('')}`
}

/** For the user's shell, with which ssh runs it; `%` begins a token of ssh's own. */
function configCommand(argv: readonly string[]): string {
  return quoteAll(argv.map(checkWritable)).replaceAll('%', '%%')
}

/** Quoted; `%` begins a token and is doubled, `${` begins a variable and cannot be written at all. */
function configPath(path: string): string {
  return `"${checkWritable(path).replaceAll('%', '%%').replace(/["\\]/g, '\\$&')}"`
}

function checkWritable(path: string): string {
  if (/[\n\r\0]|\$\{/.test(path)) {
    throw new PosadaError(
      'E_VALUE_INVALID',
      `OpenSSH's configuration cannot hold the path ${JSON.stringify(path)}`,
      {
        value: path,
        hint: 'move the project to a folder without line breaks and without ${ in its path',
      },
    )
  }
  return path
}

// Not execa: what tar writes goes straight to ssh, with nothing that waits or collects between them.
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { PosadaError } from '../../errors/index.ts'
import { packageRoot } from '../../lib/files/package-root.ts'
import { formatHost, type HostAddress } from '../wire/address.ts'
import { noLogin, ownFailure, runBySsh, type SshEnvironment } from '../wire/ssh.ts'

/** What serving takes of Posada's own package, and the one package that is not bundled: native code. */
const own = ['bin', 'dist', 'package.json', 'oclif.manifest.json']
const native = ['koffi', '@koromix']
const leastNode = 20
/** Exit codes of the script: there is no Node, or it is too old. */
const codes = { noNode: 90, oldNode: 91 }

/** Puts it beside what is there, tries it, and puts it in its place. The last line says which Node runs it. */
const script = `set -e
n=$(command -v node || sh -lc "command -v node") || exit ${codes.noNode}
"$n" -e "process.exit(+(parseInt(process.versions.node) < ${leastNode}))" || exit ${codes.oldNode}
d="\${XDG_DATA_HOME:-$HOME/.local/share}/posada/host"; t="$d/$0.$$"
umask 077; rm -rf "$t"; mkdir -p "$t"; trap "rm -rf "$t"" EXIT
tar -xf - -C "$t"
ln -s "$n" "$t/node"
"$t/node" "$t/bin/posada.js" --version >/dev/null
rm -rf "$d/$0"; mv "$t" "$d/$0"
"$n" --version`

/**
 * Copies this very Posada to another host, for the user who is logged in there: nothing else of the host is changed. Returns
 * the version of Node there. E_HOST_LOGIN; E_HOST_SETUP where Node is missing, or the copy does not run there.
 */
export async function setUpHost(
  address: HostAddress,
  { version, env, signal }: { version: string; env: SshEnvironment; signal: AbortSignal },
): Promise<{ node: string }> {
  const root = packageRoot()
  const from = [
    '-C',
    root,
    ...own,
    '-C',
    nodeModules(root),
    ...native.map((name) => join('node_modules', name)),
  ]
  const tar = spawn('tar', ['-cf', '-', '--exclude=dist/types', ...from], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const { child, words, ended } = runBySsh(address, { script, word: version, settings: [], env })
  const stop = () => child.kill()
  signal.addEventListener('abort', stop, { once: true })
  try {
    if (child.stdin === null || child.stdout === null) throw new Error('ssh has no pipes')
    let said = ''
    child.stdout.on('data', (bytes: Buffer) => {
      said += bytes.toString('utf8')
    })
    // That it is not read to its end is told by the exit code.
    await pipeline(tar.stdout, child.stdin).catch(() => undefined)
    const code = await ended
    signal.throwIfAborted()
    if (code === ownFailure) throw noLogin(address, words())
    if (code !== 0) throw failed(address, code, words())
    return { node: said.trim().replace(/^v/, '') }
  } finally {
    signal.removeEventListener('abort', stop)
    tar.kill()
  }
}

/** The folder whose `node_modules` have the native code. */
function nodeModules(root: string): string {
  const path = createRequire(join(root, 'package.json')).resolve('koffi')
  return path.slice(0, path.lastIndexOf('/node_modules/koffi/'))
}

function failed(address: HostAddress, code: number | null, details: readonly string[]): PosadaError {
  const shown = formatHost(address)
  if (code === codes.noNode || code === codes.oldNode) {
    const what = code === codes.noNode ? 'has no Node' : 'has a Node that is too old'
    return new PosadaError('E_HOST_SETUP', `${shown} ${what}`, {
      ...{
        value: shown,
        hint: `install Node ${leastNode} or later there: https://nodejs.org, or sudo apt-get install nodejs`,
      },
    })
  }
  return new PosadaError('E_HOST_SETUP', `Posada could not be copied to ${shown}, or does not run there`, {
    ...{ value: shown, details, hint: 'see what it said; the host needs tar, and room for some 10 MB' },
  })
}

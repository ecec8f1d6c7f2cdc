import { PosadaError } from '../errors/index.ts'
import { capture } from './capture.ts'
import { quote } from './quote.ts'
import type { SshSession } from './session.ts'

export interface FirstLogin {
  /** A line as in authorized_keys: the machine's own key. */
  newPublicKey: string
  /** The box's keys, which everybody has; `<type> <base64>`, a comment may follow. */
  oldPublicKeys: readonly string[]
  /** The guest's name from now on; `[a-z][a-z0-9-]{0,62}`. As it is where not given. */
  hostname?: string
  signal?: AbortSignal
}

/**
 * Makes a fresh guest the machine's own, in one command: the machine's key takes the place of the
 * box's in authorized_keys, by one rename of a flushed file, so that at every moment one of the two
 * logs in; then the host name, in the kernel, /etc/hostname and /etc/hosts. When it resolves, all that
 * has reached the guest's disk: a guest whose power is cut after it knows the new key and no other.
 * Doing it again changes nothing. E_SSH_LOST or, where the guest fails to do it, E_SSH_AUTH with what it wrote.
 */
export async function replaceKey(session: SshSession, options: FirstLogin): Promise<void> {
  const script = keyScript(options.newPublicKey, options.oldPublicKeys)
  const name = options.hostname === undefined ? '' : nameScript(options.hostname)
  const result = await capture(
    session,
    { script: `set -e\n${script}${name}${flushScript}` },
    { ...(options.signal === undefined ? {} : { signal: options.signal }) },
  )
  if (result.code === 0) return
  const machine = session.target.hostAlias
  throw new PosadaError('E_SSH_AUTH', `the machine's own key could not be installed in ${machine}`, {
    machine,
    details: result.stderr.trimEnd().split('\n').slice(-10),
    hint: 'the guest needs a writable home, and password-less sudo for its name: posada logs --console',
  })
}

/** `sync FILE` is coreutils'; where there is only `sync`, everything is flushed. */
function keyScript(newPublicKey: string, oldPublicKeys: readonly string[]): string {
  const newLine = newPublicKey.trim()
  const old = oldPublicKeys.map((key) => `*${quote(blobOf(key))}*`).join(' | ')
  const newBlob = blobOf(newLine)
  return `umask 077
d="$HOME/.ssh"; f="$d/authorized_keys"; t="$d/.authorized_keys.posada"
[ -d "$d" ] || mkdir -p "$d"
[ -e "$f" ] || : > "$f"
has= old= rest=
while IFS= read -r l || [ -n "$l" ]; do
  case $l in
    *${quote(newBlob)}*) has=1 ;;
    ${old}) old=1 ;;
    *) rest="$rest$l
" ;;
  esac
done < "$f"
if [ -z "$has" ] || [ -n "$old" ]; then
  printf '%s%s\\n' "$rest" ${quote(newLine)} > "$t"
  sync "$t" 2>/dev/null || sync
  mv -f "$t" "$f"
fi
`
}

/** A flush of the folder makes the rename in it last, and what was renamed before it. Source: fsync(2). */
const flushScript = `sync "$d" 2>/dev/null || sync
`

function blobOf(publicKey: string): string {
  const [, blob] = publicKey.trim().split(' ')
  if (blob === undefined || !/^[A-Za-z0-9+/=]{32,}$/.test(blob)) throw new Error('not a public key line')
  return blob
}

/**
 * Shell text, run as root, that gives a guest its name; run again it writes nothing. A host's own name belongs to
 * 127.0.1.1. Source: Debian Reference, 5.1.1.
 */
export function hostnameScript(name: string): string {
  const word = quote(name)
  return `set -e
umask 022
line="127.0.1.1 ${name}"
if ! grep -qxF "$line" /etc/hosts; then
  { grep -v "^127[.]0[.]1[.]1[[:space:]]" /etc/hosts || [ $? = 1 ]; echo "$line"; } > /etc/.hosts.posada
  mv -f /etc/.hosts.posada /etc/hosts
fi
if [ "$(cat /etc/hostname 2>/dev/null)" != ${word} ]; then
  echo ${word} > /etc/.hostname.posada
  mv -f /etc/.hostname.posada /etc/hostname
fi
[ "$(cat /proc/sys/kernel/hostname)" = ${word} ] || echo ${word} > /proc/sys/kernel/hostname
`
}

/**
 * A guest that has its name from the kernel's command line is left alone: under emulation sudo takes
 * as long as the rest of this. Looks with the shell's own means, and no process.
 */
function nameScript(name: string): string {
  const word = quote(name)
  return `now= file= host=
read -r now < /proc/sys/kernel/hostname || :
[ ! -r /etc/hostname ] || read -r file < /etc/hostname || :
[ ! -r /etc/hosts ] || while IFS= read -r l; do [ "$l" != ${quote(`127.0.1.1 ${name}`)} ] || host=1; done < /etc/hosts
if [ "$now" != ${word} ] || [ "$file" != ${word} ] || [ -z "$host" ]; then
${asRoot(hostnameScript(name))}fi
`
}

function asRoot(script: string): string {
  return `s=${quote(script)}\nif [ "$(id -u)" = 0 ]; then /bin/sh -c "$s"; else sudo -n /bin/sh -c "$s"; fi\n`
}

import { quote, type RemoteCommand } from '../../../ssh/index.ts'

/** Shell text as a command that root runs in a guest whose user has sudo without a password. */
export function asRoot(script: string): RemoteCommand {
  const text = `s=${quote(script)}
if [ "$(id -u)" = 0 ]; then exec /bin/sh -c "$s"; else exec sudo -n /bin/sh -c "$s"; fi`
  return ['/bin/sh', '-c', text]
}

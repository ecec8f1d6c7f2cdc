import { execa } from 'execa'
import { buildPath } from './requirements.ts'

/**
 * The command that goes in front of mmdebstrap, of root: mounts and processes of its own, both gone with it, and it
 * with the process that started it, however that ended. Empty for an ordinary user, whose mmdebstrap makes namespaces itself,
 * and where root may make none (in some containers).
 */
export async function ownNamespaces(): Promise<string[]> {
  if (process.getuid?.() !== 0) return []
  const unshare = ['unshare', '--mount', '--mount-proc', '--pid', '--fork', '--kill-child', '--']
  const [program, ...rest] = ['setpriv', '--pdeathsig', 'KILL', ...unshare]
  const { failed } = await execa(program, [...rest, 'true'], {
    reject: false,
    stdin: 'ignore',
    env: { PATH: buildPath() },
  })
  return failed ? [] : [program, ...rest]
}

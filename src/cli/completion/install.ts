import { appendFile, mkdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { PosadaError } from '../../errors/index.ts'
import { readTextIfThere, writeFileAtomic } from '../../lib/files/write-file.ts'
import { completionScript, type Shell, shells } from './scripts.ts'

export interface InstalledFile {
  path: string
  /** `line`: one line was added to a file of the user's. */
  change: 'written' | 'line' | 'none'
}

/** The shell that the user logs in to. @throws PosadaError E_USAGE where that is none that can be taught */
export function loginShell(env: NodeJS.ProcessEnv): Shell {
  const name = basename(env.SHELL ?? '')
  const shell = shells.find((one) => one === name)
  if (shell !== undefined) return shell
  throw new PosadaError(
    'E_USAGE',
    name === '' ? 'SHELL does not name your shell' : `no completion for ${name}`,
    {
      value: env.SHELL ?? '',
      hint: `name the shell: posada completion ${shells.join('|')} --install`,
    },
  )
}

/**
 * Writes the completion script where the shell finds it; bash and zsh read it through one line in `.bashrc` or
 * `.zshrc`. What is there already is left alone, so that it may be run again.
 */
export async function installCompletion(shell: Shell, env: NodeJS.ProcessEnv): Promise<InstalledFile[]> {
  const { script, startup } = placesOf(shell, env)
  const files: InstalledFile[] = [{ path: script, change: await write(script, completionScript(shell)) }]
  if (startup !== null) files.push({ path: startup.path, change: await addLine(startup.path, startup.line) })
  return files
}

interface Places {
  script: string
  startup: { path: string; line: string } | null
}

/** XDG Base Directory Specification 0.8; fish's manual, "Where to put completions"; zshmisc(1), ZDOTDIR. Pure. */
function placesOf(shell: Shell, env: NodeJS.ProcessEnv): Places {
  const home = env.HOME ?? ''
  if (!home.startsWith('/'))
    throw new PosadaError('E_USAGE', 'HOME is not set', { value: home, hint: 'set HOME to your home folder' })
  const under = (variable: string, standard: string) => {
    const value = env[variable]
    return value?.startsWith('/') ? value : join(home, standard)
  }
  if (shell === 'fish') {
    return {
      script: join(under('XDG_CONFIG_HOME', '.config'), 'fish/completions/posada.fish'),
      startup: null,
    }
  }
  const script = join(under('XDG_DATA_HOME', '.local/share'), 'posada', `completion.${shell}`)
  const quoted = `'${script.replaceAll("'", "'\\''")}'`
  const begin = shell === 'zsh' ? '(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }; ' : ''
  const startup = shell === 'zsh' ? join(under('ZDOTDIR', '.'), '.zshrc') : join(home, '.bashrc')
  return {
    script,
    startup: { path: startup, line: `[ -r ${quoted} ] && { ${begin}. ${quoted}; } # posada completion` },
  }
}

async function write(path: string, text: string): Promise<InstalledFile['change']> {
  if ((await readTextIfThere(path)) === text) return 'none'
  await writeFileAtomic(path, text)
  return 'written'
}

/** In place, not by renaming: it may be a link into someone's collection of such files. */
async function addLine(path: string, line: string): Promise<InstalledFile['change']> {
  const text = (await readTextIfThere(path)) ?? ''
  if (text.split('\n').includes(line)) return 'none'
  await mkdir(dirname(path), { recursive: true })
  await appendFile(path, `${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`)
  return 'line'
}

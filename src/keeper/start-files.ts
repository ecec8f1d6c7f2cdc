import { capture, type SshSession } from '../ssh/index.ts'
import { isPlainWord } from './plain-word.ts'

/** What the login shell reads before each command. */
export interface StartFiles {
  /** Shell words, none where it reads nothing. */
  files: string
  /** What `cksum` says of these files, on one line. */
  sums: string
}

/** Of bash, where sshd runs it. Source: bash(1), "Invocation". */
const bashFiles = '/etc/bash.bashrc "$HOME/.bashrc"'
const mark = 'posada-start-files'
/** Bytes of what is looked at. */
const limit = 64 * 1024

/** What Debian's, Ubuntu's and Arch's start files do where no one types: they look at that, and return. */
const plainStep = /^\++ (:|return|case \$- in|'\[' -[nz] '' '\]'|\[\[ \w* [!=]= \*i\* \]\])$/

const script = `sums() { set -- $(cksum ${bashFiles} 2>/dev/null); echo "$*"; }
case $SHELL in
*/bash) [ -z "$BASH_ENV" ] || exit 1; sums; echo ${mark}; SHLVL=0 "$SHELL" -xc : 2>&1 </dev/null; echo ${mark}; sums;;
*/sh|*/ash|*/dash) echo ${mark};;
*) exit 1;;
esac`

/**
 * Null where a shell that was started a while ago may have another environment than one that is started now, although
 * these files are as they were: they run programs or read other files, or the shell is one whose files are not known.
 */
export async function plainStartFiles(session: SshSession): Promise<StartFiles | null> {
  const { code, stdout } = await capture(session, ['/bin/sh', '-c', script], { limit })
  return code === 0 ? readStartFiles(stdout) : null
}

/** Of what the script wrote. Pure. */
export function readStartFiles(written: string): StartFiles | null {
  const [before = '', steps, after] = written.split(`${mark}\n`).map((part) => part.trim())
  if (steps === '' && after === undefined) return { files: '', sums: '' }
  if (steps === undefined || before !== after || !isPlainWord(before)) return null
  if (!steps.split('\n').every((step) => plainStep.test(step))) return null
  return { files: bashFiles, sums: before }
}

import { removeAtEnd } from '../clean.ts'

/**
 * What runs in the guest: it stores the script that comes through stdin in `folder`, runs it with the
 * arguments it was given itself, removes the folder and ends with the script's exit code. A script
 * of which only a part arrived is not run.
 */
export function runnerScript(folder: string, script: Buffer): string {
  return `u=$(umask); umask 077
mkdir ${folder} || exit 125
${removeAtEnd(folder)}
cat > ${folder}/script || exit 125
[ "$(wc -c < ${folder}/script)" -eq ${script.length} ] || { echo "posada: the script did not arrive whole" >&2; exit 125; }
chmod 700 ${folder}/script; umask "$u"
${startLine(script)} ${folder}/script "$@" </dev/null`
}

function startLine(script: Buffer): string {
  if (script.subarray(0, 2).toString('latin1') === '#!') return ''
  return 's=/bin/sh; if [ -x /bin/bash ]; then s=/bin/bash; fi; "$s" -e'
}

import { removeAtEnd } from '../clean.ts'

/**
 * What runs in the guest: it stores the script that comes through stdin in `folder`, runs it with the
 * arguments it was given itself, removes the folder and ends with the script's exit code. A script
 * of which only a part arrived is not run. What the script leaves in the background may go on to write when the
 * step is over: the output goes through a relay that then throws it away.
 */
export function runnerScript(folder: string, script: Buffer): string {
  return `u=$(umask); umask 077
mkdir ${folder} || exit 125
${removeAtEnd(folder)}
cat > ${folder}/script || exit 125
[ "$(wc -c < ${folder}/script)" -eq ${script.length} ] || { echo "posada: the script did not arrive whole" >&2; exit 125; }
chmod 700 ${folder}/script
mkfifo ${folder}/out ${folder}/err || exit 125
umask "$u"
relay() { trap '' PIPE; cat; exec cat >/dev/null; }
relay <${folder}/out 2>/dev/null &
relay <${folder}/err >&2 2>/dev/null &
${startLine(script)} ${folder}/script "$@" </dev/null >${folder}/out 2>${folder}/err`
}

function startLine(script: Buffer): string {
  if (script.subarray(0, 2).toString('latin1') === '#!') return ''
  return 's=/bin/sh; if [ -x /bin/bash ]; then s=/bin/bash; fi; "$s" -e'
}

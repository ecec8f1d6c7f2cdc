import { removeAtEnd } from '../clean.ts'

/**
 * What runs in the guest: it stores the script that comes through stdin in `folder`, runs it with the
 * arguments it was given itself, removes the folder and ends with the script's exit code. A script
 * of which only a part arrived is not run. A signal for all, as a shutdown sends, it leaves to the script. What the
 * script leaves in the background may write when the step is over: output goes through relays that throw it away then.
 * They are waited for, a second at most, since dropbear passes on nothing that comes after the end. What counts the
 * second has ended, too, when this does: it bears the step's mark, and the next command would take it for the step.
 */
export function runnerScript(folder: string, script: Buffer): string {
  return `u=$(umask); umask 077
mkdir ${folder} || exit 125
${removeAtEnd(folder)}
trap : HUP INT TERM
cat > ${folder}/script || exit 125
[ "$(wc -c < ${folder}/script)" -eq ${script.length} ] || { echo "posada: the script arrived incomplete" >&2; exit 125; }
chmod 700 ${folder}/script
mkfifo ${folder}/out ${folder}/err ${folder}/end || exit 125
umask "$u"
exec 9<>${folder}/end
relay='trap "" PIPE; cat; echo >&9; exec cat >/dev/null 9>&-'
/bin/sh -c "$relay" posada-relay <${folder}/out 2>/dev/null &
/bin/sh -c "$relay" posada-relay <${folder}/err >&2 2>/dev/null &
${startLine(script)} ${folder}/script "$@" </dev/null >${folder}/out 2>${folder}/err 9>&-
c=$?
{ sleep 1; echo; echo; } >&9 2>/dev/null &
read -r l <&9; read -r l <&9
kill $! 2>/dev/null
wait $! 2>/dev/null
exit $c`
}

function startLine(script: Buffer): string {
  if (script.subarray(0, 2).toString('latin1') === '#!') return ''
  return 's=/bin/sh; if [ -x /bin/bash ]; then s=/bin/bash; fi; "$s" -e'
}

const forAll = 'HUP INT QUIT TERM'

/** What a server can tell by name. Source: RFC 4254, 6.10. */
const namedCodes = [1, 2, 3, 4, 6, 8, 9, 10, 11, 12, 13, 14, 15].map((signal) => 128 + signal)

/**
 * Shell text, on one line, that runs `script` in a process of its own and ends as that ended: a server names only
 * some signals (OpenSSH calls all others `SIG@openssh.com`, dropbear says nothing), so for those the exit code is
 * 128 + n, as a shell has it. Whether a program was killed or ended with such a code by itself shows in what the shell
 * says about it; of SIGINT, SIGPIPE and SIGTERM they say nothing, bash of none. Signals that are for all, a terminal's
 * keys and a guest's shutdown, do not end the shells before it. `whenEnded` is run then, with its exit code in `c`.
 */
export function supervised(script: string, whenEnded = ':'): string {
  return (
    `exec 7>&1 8>&2; trap : ${forAll}; ` +
    `m=$(trap : ${forAll}; { (${script}) >&7 2>&8 7>&- 8>&-; exit $?; } 2>&1); c=$?; ${whenEnded}; ` +
    `case $c in 130|141|143) m=x;; 129) ;; *) m=$m$BASH_VERSION;; esac; ` +
    `case $c in ${namedCodes.join('|')}) if [ -n "$m" ]; then ` +
    `ulimit -c 0; trap - ${forAll}; kill -$((c-128)) $$; fi;; esac; exit $c`
  )
}

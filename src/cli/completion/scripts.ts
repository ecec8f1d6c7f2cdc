/** The shells that can be taught to complete. */
export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/** A script for the shell to read. All of them ask `posada __complete`, so they never grow old. */
export function completionScript(shell: Shell): string {
  return scripts[shell]
}

const bash = `# bash completion for posada
_posada() {
  local line value words=("\${COMP_WORDS[@]:1:COMP_CWORD}") word
  # bash takes ":" for the end of a word; put the pieces of "web:/srv" together again.
  if declare -F _get_comp_words_by_ref >/dev/null; then
    local cur cword
    _get_comp_words_by_ref -n : -c cur -w words -i cword
    words=("\${words[@]:1:cword}")
  fi
  [ \${#words[@]} -gt 0 ] || words=('')
  word=\${words[\${#words[@]}-1]}
  COMPREPLY=()
  while IFS= read -r line; do
    value=\${line%%$'\\t'*}
    if [ "$value" = ':files' ]; then
      while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -f -- "$word")
      compopt -o filenames 2>/dev/null
    else
      COMPREPLY+=("$value")
      case $value in *:) compopt -o nospace 2>/dev/null ;; esac
    fi
  done < <("\${COMP_WORDS[0]}" __complete -- "\${words[@]}" 2>/dev/null)
  if declare -F __ltrim_colon_completions >/dev/null; then __ltrim_colon_completions "$word"; fi
}
complete -F _posada posada
`

const zsh = `#compdef posada
_posada() {
  local line value description
  local -a plain colons
  while IFS= read -r line; do
    value=\${line%%$'\\t'*}
    description=\${line#*$'\\t'}
    if [[ $value == ':files' ]]; then
      _files
    elif [[ $value == *: ]]; then
      colons+=("$value")
    elif [[ $value == "$line" ]]; then
      plain+=("\${value//:/\\\\:}")
    else
      plain+=("\${value//:/\\\\:}:$description")
    fi
  done < <("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  (( \${#plain} )) && _describe posada plain
  (( \${#colons} )) && compadd -S '' -- "\${colons[@]}"
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _posada "$@"; else compdef _posada posada; fi
`

const fish = `# fish completion for posada
function __posada_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in ($words[1] __complete -- $words[2..-1] 2>/dev/null)
        if test "$line" = ':files'
            __fish_complete_path (commandline -ct)
        else
            echo $line
        end
    end
end
complete -c posada -f -a '(__posada_complete)'
`

const scripts: Record<Shell, string> = { bash, zsh, fish }

// The scripts that make shells ask `repeer __complete`: what it offers is decided there.
import { completeCommand } from './complete.ts'

export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

// Bash 3.2 (macOS) has neither mapfile nor compopt: then a value that is no file is completed as one.
const bash = `# Completion of repeer for bash. To have it in this shell:  source <(repeer completion bash)
_repeer() {
  local line directive=4
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :*) directive=\${line#:} ;;
      *) COMPREPLY+=("\${line%%$'\\t'*}") ;;
    esac
  done < <("$1" ${completeCommand} "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  if [ "$directive" = 0 ]; then compopt -o default 2>/dev/null; else compopt +o default 2>/dev/null; fi
  return 0
}
complete -F _repeer repeer
`

const zsh = `#compdef repeer
# Completion of repeer for zsh. To have it in this shell:  source <(repeer completion zsh)
_repeer() {
  local line directive=4
  local -a candidates
  for line in "\${(@f)$(\${words[1]} ${completeCommand} "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    if [[ $line == :* ]]; then
      directive=\${line#:}
    elif [[ -n $line ]]; then
      line=\${line//:/\\\\:}
      candidates+=("\${line/$'\\t'/:}")
    fi
  done
  (( $#candidates )) && _describe repeer candidates
  [[ $directive == 0 ]] && _files
  return 0
}
# Sourced, or loaded by its name from fpath.
if [[ \${funcstack[1]} == _repeer ]]; then _repeer "$@"; else compdef _repeer repeer; fi
`

const fish = `# Completion of repeer for fish. To have it in this shell:  repeer completion fish | source
function __repeer_complete
    set -l words (commandline -opc)
    set -l program $words[1]
    set -e words[1]
    for line in ($program ${completeCommand} $words (commandline -ct) 2>/dev/null)
        switch $line
            case ':0'
                __fish_complete_path (commandline -ct)
            case ':*'
            case '*'
                echo $line
        end
    end
end
complete -c repeer -f -a '(__repeer_complete)'
`

const scripts: Readonly<Record<Shell, string>> = { bash, zsh, fish }

export function completionScript(shell: Shell): string {
  return scripts[shell]
}

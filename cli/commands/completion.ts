// `repeer completion`: the script by which a shell completes `repeer` and its flags.
import { type Command, choiceOf } from '../command.ts'
import { completionScript, shells } from '../completion/scripts.ts'

export const command: Command = {
  name: 'completion',
  summary: 'print the completion of a shell: bash, zsh or fish',
  usage: 'bash|zsh|fish',
  about: `Prints a script that makes the shell ask this program, so that what is offered is always what this version has. For bash add \
"source <(repeer completion bash)" to ~/.bashrc; for zsh write it to a file _repeer in a directory of fpath; for fish write it to ~/.config/fish/completions/repeer.fish.

kubectl completes "kubectl repeer" by a program kubectl_complete-repeer on PATH, which the npm package brings along.`,
  flags: {},
  argument: shells,
  examples: ['source <(repeer completion bash)', 'repeer completion fish > ~/.config/fish/completions/repeer.fish'],
  exitCodes: [
    ['0', 'printed'],
    ['2', 'wrong usage'],
  ],
  run: async (values, io) => {
    io.out(completionScript(choiceOf(values, 'argument', shells)))
    return 0
  },
}

// What shells offer: words in, candidates out, from the real tables.
import t from 'tap'
import { commands } from '../../../cli/commands.ts'
import { completeCommand, completions, completionText } from '../../../cli/completion/complete.ts'
import { userCommands } from '../../../cli/user-commands.ts'
import { repeer } from '../program.ts'

async function offered(...words: string[]): Promise<[texts: string[], files: boolean]> {
  const { candidates, files } = await completions(words, commands)
  return [candidates.map(({ text }) => text), files]
}

t.test('commands', async t => {
  t.strictSame(await offered('ch'), [['check'], false])
  t.strictSame(await offered('co'), [['controller', 'completion'], false])
  const [all] = await offered('')
  t.strictSame(
    all,
    Object.entries(commands).flatMap(([name, { hidden }]) => (hidden ? [] : [name])),
  )
  t.strictSame(await offered(), [all, false])
  t.strictSame(await offered('nothing', ''), [[], false], 'an unknown command')
  t.strictSame(await offered('constructor', ''), [[], false])
})

t.test('flags, their values, and files', async t => {
  const rows: [words: string[], texts: string[], files?: boolean][] = [
    [['check', '--al'], ['--all-namespaces']],
    [['check', '-A', '--al'], []],
    [['check', '--all-namespaces', '--al'], []],
    [['check', '--out'], ['--output']],
    [
      ['check', '-o', ''],
      ['text', 'json'],
    ],
    [['check', '--output', 'j'], ['json']],
    [['check', '--output=j'], ['--output=json']],
    [['check', '--output', '=', 'j'], ['json']],
    [
      ['check', '--output', '='],
      ['text', 'json'],
    ],
    [['check', '--output=json', '--out'], []],
    [['check', '-n', ''], []],
    [['check', '--kubeconfig', ''], [], true],
    [['check', '--kubeconfig=/e'], [], true],
    [['explain', '-f', 'a.yaml', '--file'], ['--filename']],
    [['explain', '-f', ''], [], true],
    [['inject', '--turns', 's'], ['self']],
    [['check', '--no-such', ''], (await offered('check', ''))[0]],
    [['check', '--no-such=x'], []],
    [['check', '--pre=x'], []],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['completion', 'z'], ['zsh']],
    [['completion', 'bash', ''], ['--help']],
    [['webhook', '--certificate-t'], []],
  ]
  for (const [words, texts, files = false] of rows)
    t.strictSame(await offered(...words), [texts, files], words.join(' '))
})

t.test('every flag of every command is offered, but those for tests', async t => {
  for (const [name, entry] of Object.entries(commands)) {
    const { command } = await entry.load()
    const shown = Object.entries(command.flags).filter(([, { hidden }]) => !hidden)
    const [texts] = await offered(name, '--')
    t.strictSame(texts, [...shown.map(([flag]) => `--${flag}`), '--help'], name)
  }
})

t.test('as it is printed', async t => {
  t.equal(
    completionText({
      candidates: [
        { text: 'a', help: 'b' },
        { text: 'c', help: '' },
      ],
      files: false,
    }),
    'a\tb\nc\n:4\n',
  )
  t.equal(completionText({ candidates: [], files: true }), ':0\n')
  const { out } = await repeer([completeCommand, 'up'], {}, { name: 'kubectl repeer', commands: userCommands })
  t.match(out, /^upgrade\tbring running pods' sidecars.*\n:4\n$/)
  t.equal((await repeer([completeCommand, 'webh'], {}, { name: 'kubectl repeer', commands: userCommands })).out, ':4\n')
})

t.test('the scripts', async t => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { code, out } = await repeer(['completion', shell])
    t.equal(code, 0)
    t.match(out, `${completeCommand} `)
  }
  for (const words of [[], ['tcsh'], ['bash', 'zsh']]) {
    const { code, err } = await repeer(['completion', ...words])
    t.equal(code, 2)
    t.match(err, /expected one of bash, zsh, fish\. See repeer completion --help/)
  }
  t.match((await repeer(['completion', '--help'])).out, /\nUsage: repeer completion bash\|zsh\|fish\n/)
})

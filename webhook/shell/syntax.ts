// The syntax tree of a shell script: what POSIX sh has, and of bash what entrypoints use. See "Shell Command Language"
// in POSIX.1-2017, and the bash manual for [[ ]], <<<, function, $'...' and arrays.

/** A piece of a word. `quoted`: it is not split into fields. */
export type Part =
  | { readonly kind: 'text'; readonly text: string; readonly quoted: boolean }
  | {
      readonly kind: 'variable'
      readonly name: string
      readonly quoted: boolean
      /** `:-`, `-`, `:=`, `:+`, `%`, `/` and so on; '' for a plain expansion, `length` for ${#NAME}. */
      readonly operator: string
      readonly operand: Word
    }
  | { readonly kind: 'command'; readonly body: readonly Statement[]; readonly quoted: boolean }
  /** Arithmetic, and what this grammar does not know. */
  | { readonly kind: 'other'; readonly text: string; readonly quoted: boolean }

export type Word = readonly Part[]

export type Redirect = {
  /** `>`, `>>`, `<`, `<<` (here-document), `<<<` (here-string); duplications of descriptors are left out. */
  readonly operator: '>' | '>>' | '<' | '<<' | '<<<'
  /** The descriptor, where it is not the operator's own. */
  readonly descriptor: string
  /** A path; for `<<` the document, filled in when its lines are read. */
  target: Word
}

export type Assignment = {
  readonly name: string
  /** NAME+=value */
  readonly append: boolean
  /** One word, or those of an array. */
  readonly value: readonly Word[]
  readonly array: boolean
}

export type Statement =
  | {
      readonly kind: 'simple'
      readonly assignments: readonly Assignment[]
      readonly words: readonly Word[]
      readonly redirects: readonly Redirect[]
    }
  | { readonly kind: 'pipe'; readonly stages: readonly Statement[] }
  | { readonly kind: 'not'; readonly body: Statement }
  /** Joined by && and ||, which bind alike and to the left. */
  | {
      readonly kind: 'list'
      readonly first: Statement
      readonly rest: readonly { readonly operator: '&&' | '||'; readonly body: Statement }[]
    }
  | {
      readonly kind: 'if'
      readonly branches: readonly { readonly condition: readonly Statement[]; readonly body: readonly Statement[] }[]
      readonly otherwise: readonly Statement[] | undefined
    }
  | {
      readonly kind: 'case'
      readonly subject: Word
      readonly arms: readonly { readonly patterns: readonly Word[]; readonly body: readonly Statement[] }[]
    }
  | {
      readonly kind: 'for'
      readonly name: string
      readonly words: readonly Word[] | undefined
      readonly body: readonly Statement[]
    }
  | { readonly kind: 'while'; readonly condition: readonly Statement[]; readonly body: readonly Statement[] }
  | {
      readonly kind: 'group'
      readonly subshell: boolean
      readonly body: readonly Statement[]
      readonly redirects: readonly Redirect[]
    }
  | { readonly kind: 'function'; readonly name: string; readonly body: Statement }

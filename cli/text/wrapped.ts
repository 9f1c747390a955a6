// Text in lines that a terminal shows whole.

/** Columns of a help text, whatever the terminal: those of a narrow one, since it is read in files and pages, too. */
const helpColumns = 80

/**
 * The text broken at spaces, so that no line is longer than `columns` (a word that is longer stays whole), each further
 * line behind `indent` spaces. Line breaks of its own stay. The first line counts as indented: a caller has written
 * that much before it.
 */
export function wrapped(text: string, indent: number, columns = helpColumns): string {
  const lines: string[] = []
  for (const part of text.split('\n')) {
    let line = ''
    for (const word of part.split(' ')) {
      if (line && indent + line.length + 1 + word.length > columns) {
        lines.push(line)
        line = word
      } else line = line ? `${line} ${word}` : word
    }
    lines.push(line)
  }
  return lines.join(`\n${' '.repeat(indent)}`)
}

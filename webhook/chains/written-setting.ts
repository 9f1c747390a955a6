// Settings as nodes' configuration files state them. By their lines, since a file need not parse for its ports to be
// known.

/** A setting in one section of a TOML file. `section` and `name` are parts of a pattern. */
export function inSection(section: string, name: string): (text: string) => string | undefined {
  const header = new RegExp(`^[ \\t]*\\[${section}\\][ \\t]*(#.*)?\\r?$`, 'm')
  const line = new RegExp(`^[ \\t]*${name}[ \\t]*=[ \\t]*(?:["']([^"'\\n]*)["']|(\\d{1,5})\\b)`, 'm')
  return text => {
    const start = header.exec(text)
    const rest = start ? text.slice(start.index + start[0].length) : ''
    const [own = ''] = rest.split(/^[ \t]*\[/m, 1)
    return line
      .exec(own)
      ?.slice(1)
      .find(value => value !== undefined)
  }
}

/** A numeric setting outside of all sections. */
export function setting(name: string): (text: string) => string | undefined {
  const line = new RegExp(`^[ \\t]*${name}[ \\t]*=[ \\t]*["']?(\\d{1,5})\\b`, 'm')
  return text => line.exec(text)?.[1]
}

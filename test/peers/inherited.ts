/** Names that every plain object answers to. All but the last two are legal names of Services, too, or hosts in a list. */
export const inherited = [
  'constructor',
  'toString',
  'valueOf',
  'hasOwnProperty',
  'isPrototypeOf',
  'toLocaleString',
  '__proto__',
  '__defineGetter__',
] as const

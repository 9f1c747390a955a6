// How much of a pod's ConfigMaps one admission looks into. A pod may mount any number of them, of 1 MiB each, and while
// one is looked into no other admission is answered. By what stands in the texts and not by a clock, so that a pod is
// decided alike on a busy machine and an idle one.
import { type Effort, lightPart, TooDear } from '../../shell/index.ts'
import type { ConfigMapView, DecideInput } from '../decision.ts'
import { dataOf, longestList } from './content.ts'

export const contentBudget = {
  /** Characters of all ConfigMaps. Configuration files have some 20,000; one ConfigMap has 1 MiB at the most. */
  characters: 4 * 1024 * 1024,
  /**
   * What a parser has to do, in units of about 0.4 µs: a setting counts 8, any other separator 1. The configuration of
   * a node has some 1,500, and the ConfigMap that has one for each of 50 nodes 75,000.
   */
  units: 400_000,
} as const

/** Each key's name is matched with the rules of all chains, which takes as long as so many characters. */
const perKey = 512
const perSetting = 8

export type BudgetedContent = {
  /** A ConfigMap as it was given, and 'too-large' where it is beyond what is left. The same answer each time. */
  readonly configMap: DecideInput['configMap']
  /** Which of them were not looked into, a sentence; undefined where all were. */
  readonly notRead: () => string | undefined
}

/** The ConfigMaps of one admission, each charged when it is first asked for; TooDear where the effort is light. */
export function budgetedContent(configMap: DecideInput['configMap'], effort: Effort): BudgetedContent {
  const known = new Map<string, ConfigMapView>()
  const part = effort === 'full' ? 1 : lightPart
  const left = { characters: contentBudget.characters * part, units: contentBudget.units * part }
  const beyond: string[] = []
  const look = (name: string): ConfigMapView => {
    const view = configMap(name)
    const data = dataOf(view)
    if (!data) return view
    const { characters, units } = costOf(data)
    if (characters > left.characters || units > left.units) {
      if (effort === 'light') throw new TooDear()
      beyond.push(name)
      return 'too-large'
    }
    left.characters -= characters
    left.units -= units
    return view
  }
  return {
    configMap: name => {
      const view = known.get(name) ?? look(name)
      known.set(name, view)
      return view
    },
    notRead: () => (beyond.length === 0 ? undefined : sentence(beyond)),
  }
}

/** ConfigMaps that a message names. */
const mostNamed = 5

function sentence(names: readonly string[]): string {
  const named = names.slice(0, mostNamed).join(', ')
  const more = names.length > mostNamed ? ` and ${names.length - mostNamed} more` : ''
  return `ConfigMap ${named}${more} was not looked into: the pod's ConfigMaps are larger than an admission has time for (${contentBudget.characters} characters, or ${contentBudget.units / perSetting} settings); repeer.dev/config names the list`
}

type Cost = { readonly characters: number; readonly units: number }

/** For as long as a ConfigMap does not change. */
const costs = new WeakMap<Readonly<Record<string, string>>, Cost>()

/** What looking into a ConfigMap costs. */
export function costOf(data: Readonly<Record<string, string>>): Cost {
  const known = costs.get(data)
  if (known) return known
  const cost = { characters: 0, units: 0 }
  for (const text of Object.values(data)) {
    cost.characters += perKey
    // Nothing parses longer ones.
    if (typeof text !== 'string' || text.length > longestList) continue
    cost.characters += text.length
    cost.units += unitsOf(text)
    if (cost.characters > contentBudget.characters || cost.units > contentBudget.units) break
  }
  costs.set(data, cost)
  return cost
}

const equals = 0x3d
const separators = new Set([...',.[{\\'].map(char => char.charCodeAt(0)))

function unitsOf(text: string): number {
  let units = 0
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === equals) units += perSetting
    else if (separators.has(code)) units += 1
  }
  return units
}

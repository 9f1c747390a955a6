// Everything that is fuzzed.
import type { Target } from '../target.ts'
import { admission, strangeReviews } from './admission.ts'
import { dns } from './dns.ts'
import { lists } from './lists.ts'
import { nodeAnswers } from './node-answers.ts'
import { queries, webSocket } from './provider.ts'
import { apiObjects, endpoints, memories, pages, plans } from './records.ts'
import { requests } from './requests.ts'
import { annotations, texts } from './texts.ts'

export const targets: readonly Target[] = [
  admission,
  strangeReviews,
  lists,
  plans,
  annotations,
  pages,
  endpoints,
  apiObjects,
  memories,
  nodeAnswers,
  dns,
  queries,
  webSocket,
  texts,
  requests,
]

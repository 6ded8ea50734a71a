/** The rules of `ashlar vet`, in the order in which help and documentation tell of them. */

import { deleteAll } from './delete-all.js'
import { notInNull } from './not-in-null.js'
import { nullability } from './nullability.js'
import { VET_OFF } from './off.js'
import { offset } from './offset.js'
import { orderKey } from './order-key.js'
import { implicitCast } from './plan/implicit-cast.js'
import { indexRule } from './plan/index-rule.js'
import { sortWithoutIndex } from './plan/sort-rule.js'
import { PREPARE } from './prepare.js'
import { readMark } from './read-mark.js'
import type { VetRule } from './rule.js'
import { duplicateIndex } from './schema/duplicate-index.js'
import { foreignKeyIndex } from './schema/foreign-key-index.js'
import { unusedIndex } from './schema/unused-index.js'
import { selectStar } from './select-star.js'
import { unbounded } from './unbounded.js'

/** The rules that look at prepared queries. */
export const rules: readonly VetRule[] = [
  readMark,
  nullability,
  selectStar,
  unbounded,
  offset,
  orderKey,
  deleteAll,
  notInNull,
  indexRule,
  implicitCast,
  sortWithoutIndex,
  foreignKeyIndex,
  unusedIndex,
  duplicateIndex,
]

/** All rules with what they are for; the first and the last are part of every run. */
export const ruleTexts: readonly Pick<VetRule, 'name' | 'why'>[] = [
  { name: PREPARE.name, why: PREPARE.why },
  ...rules.map(({ name, why }) => ({ name, why })),
  { name: VET_OFF, why: 'A comment that turns a rule off is malformed, gives no reason, or is not needed any more.' },
]

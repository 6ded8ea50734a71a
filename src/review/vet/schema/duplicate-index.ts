/** The rule `duplicate-index`: no index repeats another one. */

import type { SchemaIndex } from '../plan/index-catalogue.js'
import { indexesOf } from '../plan/unserved.js'
import type { SchemaRule } from '../rule.js'
import { isOffByComment } from './comment-off.js'
import { indexPlace } from './migration-place.js'

const NAME = 'duplicate-index'

export const duplicateIndex: SchemaRule = {
  kind: 'schema',
  name: NAME,
  why: 'An index holds nothing that another one does not hold in the same order: every write pays for both.',
  async check({ client, project }) {
    const { indexes } = await indexesOf(client)
    const findings = indexes.map(async (index, place) => {
      const other = indexes.find((one, otherPlace) => one !== index && isRepeated(index, one, place > otherPlace))
      if (other === undefined || isOffByComment(index.comment, NAME)) return []
      return {
        rule: NAME,
        ...(await indexPlace(project.folder, index.name)),
        subject: index.name,
        message: `${other.name} has the same keys in front, so it serves whatever this index serves`,
        advice: `DROP INDEX ${index.name}, or say why both: COMMENT ON INDEX ${index.name} IS '@vet-off ${NAME}: <reason>'`,
      }
    })
    return (await Promise.all(findings)).flat()
  },
}

/** Of two equal ones the later is the duplicate, unless only it enforces something. */
function isRepeated(index: SchemaIndex, other: SchemaIndex, isLater: boolean): boolean {
  if (index.table !== other.table || index.method !== other.method || index.condition !== other.condition) return false
  if (index.isConstraint || (index.isUnique && !other.isUnique)) return false
  if (index.hasEqualNulls && !other.hasEqualNulls) return false
  const isPrefix = index.keys.every(({ definition }, place) => definition === other.keys[place]?.definition)
  const holdsAll = index.included.every(
    (column) => other.included.includes(column) || other.keys.some((key) => key.column === column),
  )
  if (!isPrefix || !holdsAll) return false
  const isSame = index.keys.length === other.keys.length
  // A longer unique key lets pass what a shorter one refuses; only in a btree can a prefix be looked up.
  if (!isSame) return !index.isUnique && index.method === 'btree'
  const isEqual =
    index.isUnique === other.isUnique &&
    index.hasEqualNulls === other.hasEqualNulls &&
    index.included.length === other.included.length
  return other.isConstraint || !isEqual || isLater
}

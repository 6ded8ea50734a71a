/** What differs between server versions by design. */

import type { SchemaObject } from '../catalogue/object.js'

/** PostgreSQL makes such ids itself from 18 on; before that a body of SQL does. */
const NEW_ID = 'core.new_id()'
const FIRST_WITH_UUIDV7 = 18

/** Gives a description as it would be on a server of the version that the migrations were applied to: with the body of
 *  `core.new_id()` that is right there. */
export function sameOnAll(
  found: readonly SchemaObject[],
  wanted: readonly SchemaObject[],
  [version, wantedVersion]: readonly [number, number],
): readonly SchemaObject[] {
  const isNewId = ({ kind, name }: SchemaObject): boolean => kind === 'function' && name === NEW_ID
  const right = wanted.find(isNewId)
  if (right === undefined || version >= FIRST_WITH_UUIDV7 === wantedVersion >= FIRST_WITH_UUIDV7) return found
  const { body = '', language = '' } = right.parts
  return found.map((object) => (isNewId(object) ? { ...object, parts: { ...object.parts, body, language } } : object))
}

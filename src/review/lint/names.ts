/** Names as a parse tree holds them. */

import type { Node } from 'libpg-query'

interface Relation {
  readonly schemaname?: string
  readonly relname?: string
}

/** Gives the name of a table, view, index or sequence, with its schema when that is given. */
export function relationName({ schemaname, relname = '' }: Relation = {}): string {
  return schemaname === undefined ? relname : `${schemaname}.${relname}`
}

/** Gives a name that is a list of its parts. */
export function listName(parts: readonly Node[] = []): string {
  return partsOf(parts).join('.')
}

/** Gives the names that a DROP or COMMENT names, of whatever kind: a list, a function with its arguments, a type. */
export function objectName(object: Node | undefined): string {
  if (object === undefined) return ''
  if ('List' in object) return listName(object.List.items)
  if ('String' in object) return object.String.sval ?? ''
  if ('ObjectWithArgs' in object) return listName(object.ObjectWithArgs.objname)
  if ('TypeName' in object) return listName(object.TypeName.names)
  return ''
}

function partsOf(parts: readonly Node[]): readonly string[] {
  return parts.map((part) => ('String' in part ? (part.String.sval ?? '') : ''))
}

/** Gives the last part of a name. */
export function bareName(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}

/** Gives a name without its last part. */
export function ownerName(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf('.')))
}

/** What is said of an object beside what it is: its comment, and who may do what with it. */

import type { SchemaObject } from '../catalogue/object.js'
import type { Step } from './mend.js'

/** Gives an object its comment, or takes it away. */
export function commentOn({ kind, name, parts: { comment } }: SchemaObject): string {
  return `COMMENT ON ${kind === 'enum' ? 'TYPE' : kind.toUpperCase()} ${name} IS ${comment === undefined ? 'NULL' : quote(comment)}`
}

/** Quotes a text for any session: a backslash means what standard_conforming_strings says, but for E''. */
export function quote(text: string): string {
  const doubled = text.replaceAll("'", "''")
  return text.includes('\\') ? `E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`
}

/** Gives and takes privileges, such as `select to reader`; one way. */
export function grants(from: SchemaObject, to: SchemaObject): readonly Step[] {
  const listOf = ({ parts: { privileges = '' } }: SchemaObject) => privileges.split(', ').filter((text) => text !== '')
  const [had, has] = [listOf(from), listOf(to)]
  const statement = (verb: 'GRANT' | 'REVOKE', text: string): string => {
    const [, privilege = '', option, role] = /^(.+?)( with grant option)? to (.+)$/.exec(text) ?? []
    const columns = to.kind === 'column' ? ` (${to.name.slice((to.parent ?? '').length + 1)})` : ''
    const what = `${privilege.toUpperCase()}${columns} ON ${targetOf(to)}`
    return verb === 'GRANT'
      ? `GRANT ${what} TO ${role}${option === undefined ? '' : ' WITH GRANT OPTION'}`
      : `REVOKE ${what} FROM ${role}`
  }
  return [
    [
      ...had.filter((text) => !has.includes(text)).map((text) => statement('REVOKE', text)),
      ...has.filter((text) => !had.includes(text)).map((text) => statement('GRANT', text)),
    ],
  ]
}

function targetOf({ kind, name, parent }: SchemaObject): string {
  if (kind === 'column') return `TABLE ${parent}`
  if (kind === 'enum' || kind === 'type') return `TYPE ${name}`
  return /table|view/.test(kind) ? `TABLE ${name}` : `${kind === 'aggregate' ? 'FUNCTION' : kind.toUpperCase()} ${name}`
}

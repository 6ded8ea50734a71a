/** The page with the diagrams of all schemas. */

import type { DiagramCatalogue } from './catalogue.js'
import { drawSchema } from './mermaid.js'

/** Writes the page: for each schema its diagram, what its tables hold, and its enum types.
 *  @param writer the command that writes it */
export function writeDocument({ schemas, tables, enums }: DiagramCatalogue, writer: string): string {
  const lines = [
    '# Schema',
    '',
    `What the migrations make, a diagram a schema. Written by \`${writer}\`; do not edit. \`schema.sql\` has all of it.`,
    '',
    'PK: primary key, FK: foreign key, UK: unique by itself. A column that may be NULL says so. Partitions are left out.',
    '',
  ]
  for (const { name, comment } of schemas) {
    const own = tables.filter((table) => table.schema === name)
    const types = enums.filter((type) => type.schema === name)
    if (own.length === 0 && types.length === 0) continue
    lines.push(`## ${markdown(name)}`, '')
    if (comment !== null) lines.push(markdown(comment), '')
    if (own.length > 0) {
      lines.push('```mermaid', drawSchema(name, tables).trimEnd(), '```', '', '| table | what a row is |', '|---|---|')
      for (const table of own) lines.push(`| \`${code(table.name)}\` | ${markdown(table.comment ?? '')} |`)
      lines.push('')
    }
    if (types.length > 0) {
      lines.push('| enum type | values | what it tells |', '|---|---|---|')
      for (const { name: type, values, comment: told } of types) {
        const listed = values.map((value) => `\`${code(value)}\``).join(', ')
        lines.push(`| \`${code(type)}\` | ${listed} | ${markdown(told ?? '')} |`)
      }
      lines.push('')
    }
  }
  return `${lines.join('\n').trimEnd()}\n`
}

/** Gives a text as one line that means nothing but itself. */
function markdown(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/[\\`*_|<>[\]]/g, (sign) => `\\${sign}`)
}

function code(text: string): string {
  return text.replaceAll('`', "'").replaceAll('|', '\\|').replace(/\s+/g, ' ')
}

import pc from 'picocolors'
import type { ManifestColumn, ManifestQuery } from '../generate/manifest-file.js'
import { type Presence, parametersOf } from '../review/query-parameters.js'

const WIDTH = 110
const LABEL_WIDTH = 11

const labels: Readonly<Record<Presence, string>> = {
  required: 'required',
  nullable: 'or NULL',
  optional: 'optional',
  dependent: 'needed with',
  choice: 'choices',
}

/** Lays out what a query is for people: its file and tables, and its parameters by when they must be given. */
export function queryLines(query: ManifestQuery): readonly string[] {
  const { name, file, isRead, tables } = query
  const parameters = parametersOf(query)
  const parts: [label: string, items: readonly string[]][] = [
    ['reads', tables.read],
    ['writes', tables.written],
  ]
  for (const [presence, label] of Object.entries(labels)) {
    const some = parameters.filter((parameter) => parameter.presence === presence)
    if (presence === 'choice') for (const { name, values = [] } of some) parts.push([label, [`${name}:`, ...values]])
    else if (presence === 'dependent') {
      for (const { name, type, with: leads = [] } of some)
        parts.push([label, [`${leads.join(' or ')}: ${name} ${type}`]])
    } else parts.push([label, some.map(({ name, type }) => `${name} ${type}`)])
  }
  return [
    `${pc.bold(name)}  ${isRead ? 'read' : 'write'}  ${pc.dim(file)}`,
    ...parts.flatMap(([label, items]) => labelled(label, items)),
  ]
}

/** Lays out the columns of a query's rows. */
export function columnLines(columns: readonly ManifestColumn[]): readonly string[] {
  return labelled(
    'gives',
    columns.map(({ name, type, isNullable }) => `${name} ${type}${isNullable ? ' or NULL' : ''}`),
  )
}

/** Writes items behind a label, in as many lines as they take. */
function labelled(label: string, items: readonly string[]): readonly string[] {
  const lines: string[] = []
  for (const [index, item] of items.entries()) {
    // The name of a choice has its own sign.
    const text = index === items.length - 1 || item.endsWith(':') ? item : `${item},`
    const last = lines.at(-1)
    if (last === undefined || last.length + 1 + text.length > WIDTH - LABEL_WIDTH) lines.push(text)
    else lines[lines.length - 1] = `${last} ${text}`
  }
  return lines.map((line, index) => `  ${pc.dim((index === 0 ? label : '').padEnd(LABEL_WIDTH))} ${line}`)
}

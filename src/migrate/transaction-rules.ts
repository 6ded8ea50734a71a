/** Statements that a migration may not hold, because its transaction is the runner's, or there is no input for them. */

import type { Node } from 'libpg-query'
import type { Statement } from './statements.js'

/** What of a statement's tree is looked at here. */
type Fields = Readonly<Record<string, unknown>>

/** These end the runner's transaction, or begin another; savepoints within it may be. */
const TRANSACTION_CONTROL = new Map([
  ['TRANS_STMT_BEGIN', 'BEGIN'],
  ['TRANS_STMT_START', 'START TRANSACTION'],
  ['TRANS_STMT_COMMIT', 'COMMIT'],
  ['TRANS_STMT_ROLLBACK', 'ROLLBACK'],
  ['TRANS_STMT_PREPARE', 'PREPARE TRANSACTION'],
  ['TRANS_STMT_COMMIT_PREPARED', 'COMMIT PREPARED'],
  ['TRANS_STMT_ROLLBACK_PREPARED', 'ROLLBACK PREPARED'],
])

/** Gives what is wrong with a statement wherever it stands, or null. */
export function refusalOf({ node }: Statement): string | null {
  const [kind, fields] = entryOf(node)
  if (kind === 'TransactionStmt') {
    const name = TRANSACTION_CONTROL.get(String(fields.kind))
    return name === undefined ? null : `has ${name}, but the transaction is the runner's: remove it`
  }
  if (kind === 'DiscardStmt' && fields.target === 'DISCARD_ALL') {
    return 'has DISCARD ALL, which would let go of the migration lock: remove it'
  }
  if (kind === 'CopyStmt' && fields.filename === undefined && fields.is_program !== true) {
    return `has COPY ${fields.is_from === true ? 'FROM STDIN, for which there is no input: write INSERT' : 'TO STDOUT, whose output nobody reads: remove it'}`
  }
  return null
}

/** Gives the statement's name when it cannot run in a transaction, or null. */
export function outsideTransaction({ node }: Pick<Statement, 'node'>): string | null {
  const [kind, fields] = entryOf(node)
  switch (kind) {
    case 'IndexStmt':
      return fields.concurrent === true ? 'CREATE INDEX CONCURRENTLY' : null
    case 'DropStmt':
      return fields.concurrent === true ? 'DROP INDEX CONCURRENTLY' : null
    case 'ReindexStmt':
      return reindex(fields)
    case 'VacuumStmt':
      return fields.is_vacuumcmd === true ? 'VACUUM' : null
    case 'ClusterStmt':
      return fields.relation === undefined ? 'CLUSTER without a table' : null
    case 'AlterTableStmt':
      return hasConcurrentDetach(fields) ? 'DETACH PARTITION CONCURRENTLY' : null
    default:
      return ALWAYS_OUTSIDE.get(kind) ?? null
  }
}

/** Tells whether a statement lets others read and write while it waits for its locks, however long that is. */
export function waitsApart({ node }: Statement): boolean {
  const name = outsideTransaction({ node })
  if (name === 'VACUUM') return !optionsOf(entryOf(node)[1].options).includes('full')
  return name !== null && WAITS_APART.has(name)
}

/** Of those in {@link outsideTransaction}, beside VACUUM without FULL. */
const WAITS_APART = new Set([
  'CREATE INDEX CONCURRENTLY',
  'DROP INDEX CONCURRENTLY',
  'REINDEX CONCURRENTLY',
  'DETACH PARTITION CONCURRENTLY',
  'ALTER SYSTEM',
])

const ALWAYS_OUTSIDE = new Map([
  ['CreatedbStmt', 'CREATE DATABASE'],
  ['DropdbStmt', 'DROP DATABASE'],
  ['AlterSystemStmt', 'ALTER SYSTEM'],
  ['CreateTableSpaceStmt', 'CREATE TABLESPACE'],
  ['DropTableSpaceStmt', 'DROP TABLESPACE'],
])

/** Gives the kind of a node, and its fields. */
export function entryOf(node: Node): readonly [string, Fields] {
  const [entry] = Object.entries(node) as [string, Fields][]
  return entry ?? ['', {}]
}

function reindex({ kind, params = [] }: Fields): string | null {
  if (optionsOf(params).includes('concurrently')) return 'REINDEX CONCURRENTLY'
  return kind === 'REINDEX_OBJECT_INDEX' || kind === 'REINDEX_OBJECT_TABLE' ? null : 'REINDEX of a schema or database'
}

/** Gives the names of a statement's options. */
function optionsOf(params: unknown = []): readonly (string | undefined)[] {
  return (params as readonly { readonly DefElem?: { readonly defname?: string } }[]).map(
    ({ DefElem }) => DefElem?.defname,
  )
}

function hasConcurrentDetach({ cmds = [] }: Fields): boolean {
  type Command = { readonly AlterTableCmd?: { readonly def?: { readonly PartitionCmd?: { concurrent?: boolean } } } }
  return (cmds as readonly Command[]).some(({ AlterTableCmd }) => AlterTableCmd?.def?.PartitionCmd?.concurrent === true)
}

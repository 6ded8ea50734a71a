/** What the statements of a section make and drop. */

import type { AlterTableCmd, Node, RenameStmt } from 'libpg-query'
import type { Section } from './migration.js'
import { listName, objectName, ownerName, relationName } from './names.js'

/** Something that can be made and dropped. */
export interface SchemaObject {
  readonly kind:
    | 'schema'
    | 'table'
    | 'view'
    | 'sequence'
    | 'type'
    | 'function'
    | 'index'
    | 'trigger'
    | 'policy'
    | 'column'
    | 'constraint'
    | 'extension'
  /** With its schema; that of a column, constraint, trigger or policy with its table. */
  readonly name: string
  /** The table that it goes with, of an index. */
  readonly table?: string
  /** Whether it may have been there before: CREATE OR REPLACE, IF NOT EXISTS; what is dropped: IF EXISTS. */
  readonly mayExist?: true
  readonly line: number
}

/** What a section does to objects, in its order. */
export interface Change {
  readonly does: 'make' | 'drop'
  readonly object: SchemaObject
}

/** Lists what a section makes and drops by statements of its own; what it calls is not seen. */
export function changesOf(section: Section): readonly Change[] {
  return section.statements.flatMap(({ tree, line }) => [...changesIn(tree, line)])
}

/** Lists the tables that a section makes. */
export function tablesMadeIn(section: Section): ReadonlySet<string> {
  return new Set(
    changesOf(section).flatMap(({ does, object }) => (does === 'make' && object.kind === 'table' ? [object.name] : [])),
  )
}

const DROPPED: Readonly<Record<string, SchemaObject['kind']>> = {
  OBJECT_TABLE: 'table',
  OBJECT_VIEW: 'view',
  OBJECT_MATVIEW: 'view',
  OBJECT_SEQUENCE: 'sequence',
  OBJECT_TYPE: 'type',
  OBJECT_DOMAIN: 'type',
  OBJECT_FUNCTION: 'function',
  OBJECT_PROCEDURE: 'function',
  OBJECT_ROUTINE: 'function',
  OBJECT_AGGREGATE: 'function',
  OBJECT_INDEX: 'index',
  OBJECT_TRIGGER: 'trigger',
  OBJECT_POLICY: 'policy',
  OBJECT_SCHEMA: 'schema',
  OBJECT_EXTENSION: 'extension',
}

function* changesIn(tree: Node, line: number): Generator<Change> {
  const make = (kind: SchemaObject['kind'], name: string, mayExist = false, table?: string): Change => ({
    does: 'make',
    object: { kind, name, line, ...(mayExist && { mayExist }), ...(table !== undefined && { table }) },
  })
  if ('CreateSchemaStmt' in tree) {
    yield make('schema', tree.CreateSchemaStmt.schemaname ?? '', tree.CreateSchemaStmt.if_not_exists)
  } else if ('CreateStmt' in tree) {
    const { relation, if_not_exists, partbound } = tree.CreateStmt
    // A partition goes with its table, a temporary table with the session.
    if (partbound === undefined && relation?.relpersistence !== 't')
      yield make('table', relationName(relation), if_not_exists)
  } else if ('CreateTableAsStmt' in tree) {
    const { into, objtype, if_not_exists } = tree.CreateTableAsStmt
    const kind = objtype === 'OBJECT_MATVIEW' ? 'view' : 'table'
    if (into?.rel?.relpersistence !== 't') yield make(kind, relationName(into?.rel), if_not_exists)
  } else if ('ViewStmt' in tree) yield make('view', relationName(tree.ViewStmt.view), tree.ViewStmt.replace)
  else if ('CreateSeqStmt' in tree) {
    yield make('sequence', relationName(tree.CreateSeqStmt.sequence), tree.CreateSeqStmt.if_not_exists)
  } else if ('CreateEnumStmt' in tree) yield make('type', listName(tree.CreateEnumStmt.typeName))
  else if ('CompositeTypeStmt' in tree) yield make('type', relationName(tree.CompositeTypeStmt.typevar))
  else if ('CreateRangeStmt' in tree) yield make('type', listName(tree.CreateRangeStmt.typeName))
  else if ('CreateDomainStmt' in tree) yield make('type', listName(tree.CreateDomainStmt.domainname))
  else if ('CreateFunctionStmt' in tree) {
    yield make('function', listName(tree.CreateFunctionStmt.funcname), tree.CreateFunctionStmt.replace)
  } else if ('IndexStmt' in tree) {
    const { relation, idxname, if_not_exists } = tree.IndexStmt
    const name = `${relation?.schemaname === undefined ? '' : `${relation.schemaname}.`}${idxname ?? ''}`
    if (idxname !== undefined) yield make('index', name, if_not_exists, relationName(relation))
  } else if ('CreateTrigStmt' in tree) {
    const { relation, trigname = '', replace } = tree.CreateTrigStmt
    yield make('trigger', `${relationName(relation)}.${trigname}`, replace)
  } else if ('CreatePolicyStmt' in tree) {
    yield make('policy', `${relationName(tree.CreatePolicyStmt.table)}.${tree.CreatePolicyStmt.policy_name ?? ''}`)
  } else if ('CreateExtensionStmt' in tree) {
    yield make('extension', tree.CreateExtensionStmt.extname ?? '', tree.CreateExtensionStmt.if_not_exists)
  } else if ('AlterTableStmt' in tree) {
    const table = relationName(tree.AlterTableStmt.relation)
    for (const command of tree.AlterTableStmt.cmds ?? []) {
      if ('AlterTableCmd' in command) yield* changesByCommand(command.AlterTableCmd, table, line)
    }
  } else if ('RenameStmt' in tree) yield* changesByRename(tree.RenameStmt, line)
  else if ('DropStmt' in tree) {
    const kind = DROPPED[tree.DropStmt.removeType ?? '']
    if (kind === undefined) return
    const mayExist = tree.DropStmt.missing_ok ?? false
    for (const object of tree.DropStmt.objects ?? []) {
      yield { does: 'drop', object: { kind, name: objectName(object), line, ...(mayExist && { mayExist }) } }
    }
  }
}

function* changesByCommand(
  { subtype, name = '', def, missing_ok: mayExist = false }: AlterTableCmd,
  table: string,
  line: number,
): Generator<Change> {
  if (subtype === 'AT_AddColumn' && def !== undefined && 'ColumnDef' in def) {
    const object = { kind: 'column', name: `${table}.${def.ColumnDef.colname ?? ''}`, line } as const
    yield { does: 'make', object: mayExist ? { ...object, mayExist } : object }
  }
  if (subtype === 'AT_AddConstraint' && def !== undefined && 'Constraint' in def) {
    const { conname } = def.Constraint
    if (conname !== undefined) yield { does: 'make', object: { kind: 'constraint', name: `${table}.${conname}`, line } }
  }
  if (subtype === 'AT_DropColumn' || subtype === 'AT_DropConstraint') {
    const kind = subtype === 'AT_DropColumn' ? 'column' : 'constraint'
    yield { does: 'drop', object: { kind, name: `${table}.${name}`, line, ...(mayExist && { mayExist }) } }
  }
}

function* changesByRename(
  { renameType, relation, object, subname = '', newname = '' }: RenameStmt,
  line: number,
): Generator<Change> {
  const table = relationName(relation)
  const [kind, from, to] = ((): [SchemaObject['kind'] | undefined, string, string] => {
    if (renameType === 'OBJECT_COLUMN') return ['column', `${table}.${subname}`, `${table}.${newname}`]
    if (renameType === 'OBJECT_TABCONSTRAINT') return ['constraint', `${table}.${subname}`, `${table}.${newname}`]
    if (renameType === 'OBJECT_TRIGGER') return ['trigger', `${table}.${subname}`, `${table}.${newname}`]
    if (renameType === 'OBJECT_SCHEMA') return ['schema', subname, newname]
    const name = relation === undefined ? objectName(object) : table
    const owner = ownerName(name)
    return [DROPPED[renameType ?? ''], name, owner === '' ? newname : `${owner}.${newname}`]
  })()
  if (kind === undefined) return
  yield { does: 'drop', object: { kind, name: from, line } }
  yield { does: 'make', object: { kind, name: to, line } }
}

/** The draft as a migration file: both sections, and what a reviewer must know. */

import type { Draft, Remaining } from './draft.js'
import { describeDifference } from './drift-lines.js'
import { whyLeft } from './why-left.js'

/** What data or time a statement costs, by its form. */
const COSTS: readonly (readonly [RegExp, string])[] = [
  [/^drop table/i, 'DESTRUCTIVE: the rows of the table are lost'],
  [
    /^drop (schema|sequence|type|domain|materialized view|extension|foreign table)/i,
    'DESTRUCTIVE: what it holds is lost',
  ],
  [/^alter table .* drop column/is, 'DESTRUCTIVE: the values of the column are lost'],
  [
    /^alter table .* (set data )?type .* using/is,
    'DESTRUCTIVE: rewrites the table, fails on values that do not fit, and may cut them',
  ],
  [/^alter table .* set unlogged/is, 'DESTRUCTIVE: rewrites the table, and its rows are lost when the server crashes'],
  [/^alter table .* set (logged|expression)/is, 'rewrites the table under a lock'],
  [
    /^alter table .* add column (?!.* (default|generated) ).* not null/is,
    'fails on a table with rows: give it a default, or fill it before NOT NULL',
  ],
  [/^alter table .* drop expression/is, 'the values stay, and are no longer computed'],
  [/^alter table .* set not null/is, 'fails while a row has NULL, and reads the whole table under a lock'],
  [
    /^alter table .* add constraint .* (check|foreign key|exclude)/is,
    'reads the whole table under a lock: NOT VALID first, then VALIDATE',
  ],
  [
    /^alter table .* add constraint .* (unique|primary key)/is,
    'holds up readers and writers while its index is built: the index CONCURRENTLY first, then USING INDEX',
  ],
  [/^create (unique )?index/i, 'holds up writers while it is built: CONCURRENTLY in a step of its own for a big table'],
  [
    /^drop (trigger|policy|rule|function|procedure|aggregate|view)|^alter table .* (drop constraint|disable)/is,
    'takes away what the application may rely on',
  ],
]

/** An empty section is refused, and would say that there is nothing to do. */
const NOTHING = `\nDO $$ BEGIN RAISE EXCEPTION 'there is no statement for this: write it, or leave it'; END $$;\n`

/** Writes the draft of both directions in the two-marker form. */
export function draftText({ up, down }: { readonly up: Draft; readonly down: Draft }, database: string): string {
  return `-- Up Migration
-- Draft, to review: makes the migrations yield what database ${oneLine(database)} holds.
-- Save it by \`ashlar migrate create NAME\`. That database has the change already: there, record it by
-- \`ashlar migrate stamp to NAME\`, which runs nothing; elsewhere \`ashlar migrate up\` runs it. Take these lines out then.
-- Why: (say what the change is for). Locks: (say which). Old code: (say whether it still works).
${notCovered(up.remaining)}${sectionText(up) || NOTHING}
-- Down Migration
${notCovered(down.remaining)}${sectionText(down) || NOTHING}`
}

/** Writes a script for the database itself. */
export function undoText(down: Draft, database: string): string {
  return `-- Draft, to review: takes database ${oneLine(database)} back to what the migrations yield. It is no migration.
${notCovered(down.remaining)}BEGIN;
${sectionText(down) || NOTHING}
COMMIT;
`
}

/** Writes the statements of one direction. */
export function sectionText({ statements }: Draft): string {
  const lines = statements.map(
    (statement) => `\n${isOnNewTable(statement, statements) ? '' : costOf(statement)}${ended(statement)}\n`,
  )
  if (statements.some((statement) => /^create (or replace )?(function|procedure)/i.test(statement))) {
    lines.unshift('\n-- What a body refers to may be made after it.\nSET LOCAL check_function_bodies = off;\n')
  }
  return lines.join('')
}

function notCovered(remaining: readonly Remaining[]): string {
  if (remaining.length === 0) return ''
  return `-- NOT COVERED by what follows:\n${remaining.map((left) => `--   ${oneLine(describeRemaining(left))}\n`).join('')}`
}

/** Says what a difference is, and why the draft leaves it. */
export function describeRemaining({ difference, refusal }: Remaining): string {
  const reason = whyLeft(difference) ?? refusal
  return `${describeDifference(difference)}${reason === null ? '' : `: ${reason}`}`
}

/** What is done to a table that the draft itself makes costs nothing. */
function isOnNewTable(statement: string, statements: readonly string[]): boolean {
  const table =
    /^(?:alter table|create (?:unique )?index .*? on|create trigger .*? on) (?:only )?((?:"(?:[^"]|"")+"|[^\s".])+\.(?:"(?:[^"]|"")+"|[^\s".])+)/is.exec(
      statement,
    )?.[1]
  return table !== undefined && statements.some((other) => other.startsWith(`CREATE TABLE ${table} `))
}

function costOf(statement: string): string {
  const cost = COSTS.find(([form]) => form.test(statement))?.[1]
  return cost === undefined ? '' : `-- ${cost}\n`
}

function ended(statement: string): string {
  const text = statement.trim()
  return text.endsWith(';') ? text : `${text};`
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ')
}

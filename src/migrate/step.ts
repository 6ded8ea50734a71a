/** Steps that need no transaction: modules that say their SQL to node-pg-migrate's builder, or to the one here. */

import { pathToFileURL } from 'node:url'
import type { MigrationFile } from './files.js'
import type { Direction } from './sections.js'

/** What a step's function said. */
export interface StepSql {
  /** Each one call of `pgm.sql`. */
  readonly texts: readonly string[]
  readonly isOutsideTransaction: boolean
}

/** Why a step cannot be used. */
export class StepFault extends Error {
  /** Of the module, from 1; null where none can be told. */
  readonly line: number | null

  constructor(message: string, line: number | null = null) {
    super(message)
    this.line = line
  }
}

type StepModule = Readonly<Partial<Record<Direction, unknown>>>

/** Reads the SQL of a step in one direction.
 *  @throws {StepFault} when the module cannot be loaded, or does more than give SQL */
export async function readStep({ path, checksum }: MigrationFile, direction: Direction): Promise<StepSql> {
  // The checksum, because a module of one address is loaded once for the life of a process.
  const module = (await import(`${pathToFileURL(path).href}?${checksum}`).catch((error: unknown) => {
    // The place of a syntax error is in the stack alone.
    const line = /^file:.*?:(\d+)$/m.exec(error instanceof Error ? (error.stack ?? '') : '')?.[1]
    throw new StepFault(`cannot be loaded: ${messageOf(error)}`, line === undefined ? null : Number(line))
  })) as StepModule
  const action = module[direction]
  if (typeof action !== 'function') {
    throw new StepFault(`exports no function ${direction}: write \`export function ${direction}(pgm) { ... }\``)
  }
  if (action.length > 1) throw new StepFault(`takes more than pgm in ${direction}: give SQL by pgm.sql() alone`)
  const texts: string[] = []
  let isOutsideTransaction = false
  const own: Readonly<Record<string, unknown>> = {
    noTransaction: () => {
      isOutsideTransaction = true
    },
    sql: (text: unknown, ...more: readonly unknown[]) => {
      if (typeof text !== 'string' || more.length > 0) throw new StepFault('calls pgm.sql() with more than one text')
      texts.push(text)
    },
  }
  const pgm = new Proxy(own, {
    get(target, property) {
      // A function that gives pgm back is awaited with it.
      if (typeof property !== 'string' || property === 'then' || property in target)
        return Reflect.get(target, property)
      throw new StepFault(
        `uses pgm.${property}, but only pgm.noTransaction() and pgm.sql() can be read before they run`,
      )
    },
  })
  try {
    await action(pgm)
  } catch (error) {
    if (error instanceof StepFault) throw error
    throw new StepFault(`fails in ${direction}: ${messageOf(error)}`)
  }
  return { texts, isOutsideTransaction }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

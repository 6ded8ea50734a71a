import { changesOf } from '../objects.js'
import type { LintRule } from '../rule.js'

/** The administrator may have made these before, since they take rights that the deploying role lacks. */
const EXEMPT = new Set(['schema', 'extension', 'function', 'view', 'trigger'])

/** A migration finds the schema that the ones before it left. */
export const ifNotExists: LintRule = {
  name: 'if-not-exists',
  asks: 'no CREATE ... IF NOT EXISTS but for schemas and extensions',
  check: ({ up }) =>
    changesOf(up).flatMap(({ does, object: { kind, name, mayExist, line } }) =>
      does === 'make' && mayExist === true && !EXEMPT.has(kind)
        ? [
            {
              line,
              subject: name,
              message: `takes whatever ${kind} of this name is there, with other columns or as an invalid index: the database differs from the migrations without a word`,
              advice:
                'leave out IF NOT EXISTS: a migration that fails leaves nothing behind, so that it can run again as it is',
            },
          ]
        : [],
    ),
}

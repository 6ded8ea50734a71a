/** ashlar's SQL that stands in no `.sql` file; part of the vet of ashlar itself. */

import { type Client, DatabaseError } from 'pg'
import { checkSql } from '../../check/check-sql.js'
import { beginSql, listenSql, resetSql, savepointSql, sessionSql } from '../../engine/session-sql.js'
import type { Statement } from '../../engine/statement.js'
import { describe } from '../../generate/describe.js'
import { provisionSql } from '../../provision/provision-sql.js'
import { PREPARE } from './prepare.js'
import type { VetFinding } from './rule.js'

const engineStatements: readonly Statement[] = [
  ...Object.values(sessionSql),
  ...Object.values(listenSql('channel')),
  ...Object.values(savepointSql(1)),
  ...resetSql,
  beginSql(' ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE'),
]

interface OwnText {
  readonly file: string
  readonly name: string
  readonly text: string
}

/** The texts of ashlar's constants; what is made with a name of the caller's is left out. */
export function ownTexts(): readonly OwnText[] {
  const constants = (file: string, texts: Readonly<Record<string, unknown>>): readonly OwnText[] =>
    Object.entries(texts).flatMap(([name, text]) => (typeof text === 'string' ? [{ file, name, text }] : []))
  return [
    ...engineStatements.map(({ query: name, text }) => ({ file: 'src/engine/session-sql.ts', name, text })),
    ...constants('src/check/check-sql.ts', checkSql),
    ...constants('src/provision/provision-sql.ts', provisionSql),
  ]
}

/** Prepares texts; gives a finding for each that the server refuses. */
export async function prepareTexts(client: Client, texts: readonly OwnText[]): Promise<readonly VetFinding[]> {
  const findings: VetFinding[] = []
  for (const { file, name, text } of texts) {
    try {
      await describe(client, text)
    } catch (error) {
      if (!(error instanceof DatabaseError)) throw error
      findings.push({
        rule: PREPARE.name,
        file,
        line: null,
        subject: name,
        message: error.message,
        advice: PREPARE.advice,
      })
    }
  }
  return findings
}

/** What verifying finds: a finding, and how much it matters to what runs now. */

import type { Finding } from '../finding.js'

/** `breaks`: calls of the previous release fail, or give what its types exclude, once the schema is there. `notice`: they
 *  may, for some values; somebody who knows these must decide. */
export type Severity = 'breaks' | 'notice'

/** One thing that is not as the previous release has it. */
export interface VerifyFinding extends Finding {
  readonly severity: Severity
  /** The previous release: its version, or the file. */
  readonly release: string
  /** The queries of that release that are concerned. */
  readonly queries: readonly string[]
  /** What of the schema changed: `agent.template.category`; null when it cannot be told. */
  readonly change: string | null
  /** The migration that names it, of those that are new since that release; null when none or it cannot be told. */
  readonly migration: { readonly file: string; readonly line: number } | null
}

/** A finding before it is known whose release it is and which migration is behind it. */
export interface Suspicion extends Omit<VerifyFinding, 'release' | 'migration' | 'line'> {
  /** Names that such a migration has, the most telling first. */
  readonly words: readonly string[]
}

import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import { StepFailure } from '../check/step.js'

/** PostgreSQL's own default (scram_iterations). */
const ITERATIONS = 4_096
const SALT_BYTES = 16

/** Makes what PostgreSQL stores of a password (RFC 5803; PostgreSQL manual, `pg_authid`), so that the password itself
 *  gets into no statement, and so into no log of the server.
 *  @throws {StepFailure} when clients would not agree on the password's characters */
export function scramVerifier(password: string, salt: Buffer = randomBytes(SALT_BYTES)): string {
  const salted = pbkdf2Sync(prepare(password), salt, ITERATIONS, 32, 'sha256')
  const keyOf = (name: string): Buffer => createHmac('sha256', salted).update(name).digest()
  const storedKey = createHash('sha256').update(keyOf('Client Key')).digest('base64')
  const serverKey = keyOf('Server Key').toString('base64')
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString('base64')}$${storedKey}:${serverKey}`
}

/** Characters of Latin script, typographic spaces, ligatures and full-width forms: assigned in Unicode 3.2, from left to
 *  right, not prohibited, and still so after preparation. */
const PREPARED_ALIKE =
  /^(?:[\x20-\x7e\u00a0-\u021f\u2000-\u200b\u2153-\u2183\u3000\ufb00-\ufb06\uff01-\uff5e]|[\u0300-\u033f]|[\u0342-\u034f])*$/

/** PostgreSQL and libpq take a password as it is when SASLprep (RFC 4013) would refuse it, for characters that are
 *  prohibited, unassigned in Unicode 3.2 or of both directions; pg prepares it all the same. So it may change only where
 *  none of that can be. */
function prepare(password: string): string {
  const prepared = saslPrepared(password)
  if (prepared !== '' && (prepared === password || PREPARED_ALIKE.test(password))) return prepared
  throw new StepFailure(
    "the role's password has characters that PostgreSQL's clients do not read alike (SASLprep, RFC 4013)",
    'choose a password of other characters: letters, digits and signs of ASCII are the same everywhere',
  )
}

/** SASLprep without its refusals: spaces (table C.1.2 of RFC 3454), characters that map to nothing (B.1), NFKC. Without it
 *  a password with an ideographic space could never log in. */
function saslPrepared(password: string): string {
  return password
    .replace(/[\u00A0\u1680\u2000-\u200B\u202F\u205F\u3000]/gu, ' ')
    .replace(/\u00AD|\u034F|\u1806|[\u180B-\u180D]|[\u200C\u200D]|\u2060|[\uFE00-\uFE0F]|\uFEFF/gu, '')
    .normalize('NFKC')
}

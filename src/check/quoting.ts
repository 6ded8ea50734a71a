/** Names as they are written in an advice, where they are not SQL. */

/** Words that stand for more than one database or role (PostgreSQL manual, "The pg_hba.conf File"). */
const hbaKeywords = new Set(['all', 'replication', 'samegroup', 'samerole', 'sameuser'])

/** Writes a name for pg_hba.conf. */
export function hbaWord(name: string): string {
  return /^\w+$/.test(name) && !hbaKeywords.has(name) ? name : quoted(name)
}

/** Writes a role's name for a command of psql, which takes what is not quoted in lower case. */
export function psqlName(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : quoted(name)
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

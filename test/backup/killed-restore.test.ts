/** A restore of an embedded server's folder that is killed while it swaps the data. */

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { backup, restore } from '../../src/backup/backup.js'
import { connect } from '../../src/database.js'

const folder = mkdtempSync(join(tmpdir(), 'ashlar-test-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))
const file = join(folder, 'whole.tgz')
const live = join(folder, 'live')
const url = `embedded:${live}`

async function mark(text?: string): Promise<string | null> {
  const db = await connect({ url, pool: { min: 0 } })
  try {
    if (text !== undefined) await db.query(`COMMENT ON SCHEMA public IS '${text}'`)
    const [row] = await db.query<{ mark: string }>(
      `SELECT obj_description('public'::regnamespace, 'pg_namespace') AS mark`,
    )
    return row?.mark ?? null
  } finally {
    await db.close()
  }
}

await mark('backed up')
await backup(file, { url })
await mark('later')

const program = new URL('fixtures/killed-restore.ts', import.meta.url).pathname
/** How many moves were done: of server.json and data away, and of those that come. */
for (const done of [1, 3, 4]) {
  t.test(`killed after ${done} moves`, async (t) => {
    const child = spawnSync(process.execPath, ['--import', 'tsx', program, file, url, String(done)])
    t.equal(child.signal, 'SIGKILL')
    if (done === 4) {
      t.equal(await mark(), 'backed up')
    } else {
      await t.rejects(mark(), {
        message: /a restore into .* was ended in between, and what was there before is in/,
      })
    }
    // It puts back first: without leave it refuses what it finds then.
    await t.rejects(restore(file, { url }), { code: 'ASHLAR_BACKUP', what: 'not-empty' })
    t.notOk(readdirSync(live).some((each) => /^(restoring|replaced)-/.test(each)))
    t.equal(await mark(), done === 4 ? 'backed up' : 'later')
  })
}

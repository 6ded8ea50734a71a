import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { findPassword } from '../../src/engine/password-file.js'
import { setVariable } from '../fixtures/environment.js'

const login = { host: 'db.example', port: 5432, database: 'shop', user: 'app' }

t.test('findPassword', async (t) => {
  async function lookUp(lines: readonly string[], wanted = login): Promise<string | null> {
    const folder = t.testdir({ pgpass: `${lines.join('\n')}\n` })
    const path = join(folder, 'pgpass')
    chmodSync(path, 0o600)
    setVariable(t, 'PGPASSFILE', path)
    return findPassword(wanted)
  }

  const cases: readonly [string, readonly string[], string | null][] = [
    ['takes the line of the login', ['db.example:5432:shop:app:secret'], 'secret'],
    ['takes the first of several', ['*:*:*:app:one', '*:*:*:app:two'], 'one'],
    ['passes over comments and what is no line', ['#*:*:*:*:no', '', 'what', '*:*:*:*:', '*:*:*:*:yes'], 'yes'],
    ['passes over another host', ['other:5432:shop:app:secret'], null],
    ['passes over another port', ['db.example:5433:shop:app:secret'], null],
    ['passes over another database', ['db.example:5432:other:app:secret'], null],
    ['passes over another user', ['db.example:5432:shop:other:secret'], null],
    ['undoes the escapes of a password', ['*:*:*:*:a\\:b\\\\c'], 'a:b\\c'],
    ['reads lines of Windows', ['*:*:*:*:secret\r'], 'secret'],
    ['knows a star that is escaped for a star', ['\\*:*:*:*:secret'], null],
  ]
  for (const [name, lines, password] of cases) t.test(name, async (t) => t.equal(await lookUp(lines), password))

  t.test('undoes the escapes of a name', async (t) => {
    t.equal(await lookUp(['*:*:a\\:b:app:secret'], { ...login, database: 'a:b' }), 'secret')
  })

  t.test('gives null when there is no file', async (t) => {
    setVariable(t, 'PGPASSFILE', join(t.testdir({}), 'none'))
    t.equal(await findPassword(login), null)
  })

  t.test('looks into the home folder without PGPASSFILE', { skip: process.platform === 'win32' }, async (t) => {
    const folder = t.testdir({ '.pgpass': '*:*:*:*:at home\n' })
    chmodSync(join(folder, '.pgpass'), 0o600)
    setVariable(t, 'PGPASSFILE', undefined)
    setVariable(t, 'HOME', folder)
    t.equal(await findPassword(login), 'at home')
  })

  t.test('refuses a file that others can read', { skip: process.platform === 'win32' }, async (t) => {
    const path = join(t.testdir({ pgpass: '*:*:*:*:secret\n' }), 'pgpass')
    chmodSync(path, 0o640)
    setVariable(t, 'PGPASSFILE', path)
    await t.rejects(findPassword(login), {
      message: `the password file ${path} is open to others than its owner: chmod 0600 makes it usable`,
    })
  })

  t.test('says so when it cannot read the file', { skip: process.platform === 'win32' }, async (t) => {
    const folder = join(t.testdir({ folder: {} }), 'folder')
    chmodSync(folder, 0o700)
    setVariable(t, 'PGPASSFILE', folder)
    await t.rejects(findPassword(login), { message: `the password file ${folder} cannot be read (EISDIR)` })
  })
})

import { Client } from 'pg'
import t from 'tap'
import { scramVerifier } from '../../src/provision/scram-verifier.js'
import { testServer } from '../fixtures/database.js'
import { roleName } from '../fixtures/role.js'
import { withAdmin } from '../fixtures/template.js'

t.test('scramVerifier', async (t) => {
  t.test('is what the server itself makes of the password and the salt', async (t) => {
    const access = await testServer(t)
    const role = await roleName(t)
    for (const password of [
      'pencil',
      'pässwörd',
      'a b c',
      'ﬁ ligature Ⅸ',
      'u\u0308 ½',
      '🔑',
      'שלום1',
      "quote ' $1 \\",
    ]) {
      const stored = await withAdmin(access, async (admin) => {
        const literal = admin.escapeLiteral(password)
        await admin.query(`DROP ROLE IF EXISTS ${role}`)
        await admin.query(`CREATE ROLE ${role} PASSWORD ${literal}`)
        const { rows } = await admin.query('SELECT rolpassword FROM pg_authid WHERE rolname = $1', [role])
        return rows[0].rolpassword as string
      })
      const salt = Buffer.from(/^SCRAM-SHA-256\$4096:([^$]+)\$/.exec(stored)?.[1] ?? '', 'base64')
      t.equal(scramVerifier(password, salt), stored, password)
    }
  })

  t.test('lets a role log in', async (t) => {
    const access = await testServer(t)
    for (const password of ['plain', 'wide\u3000space', 'soft\u00adhyphen', 'u\u0308 ½', '🔑']) {
      const role = await roleName(t)
      await withAdmin(access, (admin) =>
        admin.query(`CREATE ROLE ${role} LOGIN PASSWORD ${admin.escapeLiteral(scramVerifier(password))}`),
      )
      const client = new Client({ host: '127.0.0.1', port: access.port, user: role, password, database: 'postgres' })
      await t.resolves(client.connect(), password)
      await client.end()
    }
  })

  t.test('refuses what clients do not read alike', async (t) => {
    // Unassigned in Unicode 3.2, prohibited, of both directions: each beside a character that preparation changes.
    for (const password of ['🔑 ½', 'ﬁ\u0085', '\u0340a', 'שﬁ', 'x\u200d🔑', '\u00ad', '']) {
      t.throws(
        () => scramVerifier(password),
        { message: /do not read alike/, advice: /^choose a password of other characters/ },
        JSON.stringify(password),
      )
    }
  })

  t.test('is salted anew each time', async (t) => {
    t.not(scramVerifier('pencil'), scramVerifier('pencil'))
  })
})

import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import * as tar from 'tar'
import { readRelease } from '../../../src/review/verify/release.js'

const own = readFileSync('src/generated/queries.json', 'utf8')
const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
const folder = t.testdir({
  'own.json': own,
  // As releases of before wrote it.
  'older.json': JSON.stringify({ format: 1, queries: JSON.parse(own).queries }),
  'later.json': JSON.stringify({ format: 2, queries: {} }),
  'other.json': '{"name":"x"}',
  'list.json': '[]',
  'cut.json': own.slice(0, 1_000),
  'damaged.json': own.replace('"isRead": false', '"isRead": "no"'),
  package: { dist: { generated: { 'queries.json': own } } },
  project: {
    'pgtyped.config.json': JSON.stringify({ transforms: [{ mode: 'sql', emitTemplate: './lib/sql/{{name}}.ts' }] }),
    lib: { sql: { 'queries.json': own } },
  },
  empty: {},
  'text.tgz': 'no archive',
})
const at = (name: string): string => join(folder, name)

t.test('readRelease', async (t) => {
  for (const name of ['own.json', 'package', 'project']) {
    t.test(`reads ${name}, and knows its version`, async (t) => {
      const { name: release, manifest } = await readRelease(at(name))
      t.equal(release, version)
      t.match(manifest, { format: 1, migrations: { ashlar: /^\d{4}_\w+$/ } })
    })
  }

  t.test('reads a manifest of before, which tells no version and no schema', async (t) => {
    const { name, manifest } = await readRelease(at('older.json'))
    t.same([name, manifest.schema, manifest.queries.length], ['older.json', undefined, JSON.parse(own).queries.length])
  })

  t.test('reads a package as npm packs it, but not one that holds none or several', async (t) => {
    await tar.create({ file: at('one.tgz'), gzip: true, cwd: folder }, ['package'])
    t.equal((await readRelease(at('one.tgz'))).name, version)
    await tar.create({ file: at('none.tgz'), gzip: true, cwd: folder }, ['empty'])
    await t.rejects(readRelease(at('none.tgz')), { message: /holds no queries\.json/, code: 'ASHLAR_VERIFY' })
    await tar.create({ file: at('two.tgz'), gzip: true, cwd: folder }, ['package', 'project'])
    await t.rejects(readRelease(at('two.tgz')), { message: /several manifests \(.*lib\/sql\/queries\.json.*\)/ })
    mkdirSync(at('long'))
    writeFileSync(at('long/queries.json'), '')
    truncateSync(at('long/queries.json'), 64 * 1024 * 1024 + 1)
    await tar.create({ file: at('long.tar'), cwd: folder }, ['long'])
    await t.rejects(readRelease(at('long.tar')), { message: /holds long\/queries\.json, which is longer than 64 MB/ })
    mkdirSync(at('cut'))
    const whole = readFileSync(at('one.tgz'))
    writeFileSync(at('cut.tgz'), whole.subarray(0, whole.length / 2))
    await t.rejects(readRelease(at('cut.tgz')), { message: /is no package that can be read/ })
  })

  const refused: Readonly<Record<string, RegExp>> = {
    'nothing.json': /nothing\.json is not there: give the queries\.json of the release that runs now$/,
    'later.json': /later\.json is a manifest of format 2, and this release of ashlar reads 1: /,
    'other.json': /other\.json is no manifest of queries, which `ashlar generate` writes$/,
    'list.json': /list\.json is no manifest of queries/,
    'cut.json': /cut\.json is not JSON/,
    'damaged.json': /damaged\.json is a damaged manifest: queries\.0\.isRead: /,
    empty: /empty holds no manifest of queries \(dist\/generated\/queries\.json, /,
    'text.tgz': /text\.tgz is no package that can be read/,
  }
  for (const [name, message] of Object.entries(refused)) {
    t.test(`refuses ${name}`, async (t) => {
      await t.rejects(readRelease(at(name)), { name: 'VerifyError', code: 'ASHLAR_VERIFY', message })
    })
  }
})

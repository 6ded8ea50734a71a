import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { copyShop, makeShop, SCHEMA } from '../review/verify/fixtures/release.js'
import { run, urlOf } from './fixtures/command.js'
import { writeFiles } from './fixtures/files.js'

const { template, manifest } = await makeShop(t)
const cwd = t.testdir({})
mkdirSync(join(cwd, 'shop'))
const migration = (up: string): string => `-- Up Migration\n${up};\n\n-- Down Migration\nSELECT 1;\n`
writeFiles(cwd, {
  'running/queries.json': manifest,
  'shop/migrations/0001_shop.sql': migration(SCHEMA),
  'shop/migrations/0002_weigh.sql': migration('ALTER TABLE shop.item ADD weight_g int4'),
})

t.test('verify', async (t) => {
  t.test('names the query that a dropped column breaks, and the migration, on a server of its own', async (t) => {
    writeFileSync(join(cwd, 'shop/migrations/0003_drop.sql'), migration('ALTER TABLE shop.item DROP made_at'))
    const { code, stdout, stderr } = await run(t, ['verify', '--against', 'running', 'shop', '--json'], { cwd })
    t.same([code, stderr], [1, ''])
    const { findings, releases } = JSON.parse(stdout)
    t.match(releases, [{ name: '1.4.0', queries: 6, variants: Number }])
    t.match(findings, [
      {
        rule: 'prepare',
        severity: 'breaks',
        release: '1.4.0',
        file: 'sql/shop/item.sql',
        line: null,
        subject: 'listItems',
        change: 'shop.item.made_at',
        migration: { file: 'migrations/0003_drop.sql', line: 2 },
      },
    ])
    t.equal(findings.length, 1)
  })

  t.test('passes an added column, on a live database', async (t) => {
    const access = await copyShop(t, template, 'ALTER TABLE shop.item ADD weight_g int4')
    const args = ['verify', '--against', 'running/queries.json', '--live', 'shop']
    const { code, stdout, stderr } = await run(t, args, { cwd, env: { DATABASE_URL: urlOf(access) } })
    t.same([code, stderr], [0, ''])
    t.match(stdout, /^1\.4\.0: 6 queries, \d+ variants prepared\nnothing breaks\n$/)
  })

  t.test('shows findings to people, and exits 0 when nothing breaks for sure', async (t) => {
    const change = `ALTER TABLE shop.item RENAME cents TO "price in cents";
      ALTER TABLE shop.box ADD CONSTRAINT box_weight_range CHECK (weight_g > 0)`
    const access = await copyShop(t, template, change)
    const args = (query: string) => ['verify', '--against', 'running', '--url', urlOf(access), query]
    const { code, stdout } = await run(t, args('shop'), { cwd })
    t.equal(code, 1)
    t.match(
      stdout,
      /^breaks sql\/shop\/item\.sql listItems, listPrices: does not prepare any more: .* \(prepare\)\n {2}what to do: keep the column /m,
    )
    t.match(
      stdout,
      /^notice shop\.box box_weight_range: a constraint is new, which addBox, deleteBox will meet: CHECK /m,
    )
    t.match(stdout, /\n2 findings break the running release, 1 to look at\n$/)
    const milder = await copyShop(t, template, 'ALTER TABLE shop.box ADD CHECK (weight_g > 0)')
    const outcome = await run(t, ['verify', '--against', 'running', '--url', urlOf(milder), 'shop'], { cwd })
    t.equal(outcome.code, 0)
    t.match(outcome.stdout, /\nnothing breaks, 1 to look at\n$/)
  })

  t.test('refuses what is no release, before it starts a server', async (t) => {
    writeFileSync(join(cwd, 'later.json'), '{"format":2,"queries":[]}')
    const cases: readonly (readonly [args: string, code: number, says: string])[] = [
      ['verify', 64, "error: required option '--against <file>' not specified"],
      ['verify --against none.json', 1, 'none.json is not there: give the queries.json of the release that runs now'],
      ['verify --against later.json', 1, 'later.json is a manifest of format 2'],
      ['verify --against postgres://a:canary@h/d', 1, 'against is a URL, but must be the path of a folder'],
      ['verify --against running postgres://a:canary@h/d', 1, 'project is a URL, but must be the path of a folder'],
    ]
    await Promise.all(
      cases.map(async ([args, code, says]) => {
        const outcome = await run(t, args.split(' '), { cwd })
        t.same([outcome.code, outcome.stdout], [code, ''], args)
        t.ok(outcome.stderr.includes(says), `${args}: ${outcome.stderr}`)
        t.notMatch(outcome.stderr, 'canary')
      }),
    )
  })

  t.test('says what is missing in a folder without migrations', async (t) => {
    const { code, stderr } = await run(t, ['verify', '--against', 'running', 'running'], { cwd })
    t.equal(code, 1)
    t.match(stderr, /migrations/)
  })
})

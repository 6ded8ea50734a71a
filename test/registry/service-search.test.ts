import t from 'tap'
import type { Page } from '../../src/engine/page.js'
import type { FoundService } from '../../src/registry/service-search.js'
import { connectTestDatabase } from '../fixtures/database.js'
import { until } from '../fixtures/until.js'

const db = await connectTestDatabase(t)
const { services } = db

await db.query(`
  INSERT INTO registry.service (name, display_name, description, tags, priority, deleted_at) VALUES
    ('fastapi', 'Fast API', 'Routes in Python', '{python,web}', 'high', NULL),
    ('fastapi-users', NULL, 'Accounts and calendars', '{auth}', 'medium', NULL),
    ('@acme/node.js_kit', 'Kit', 'A parser of markdown for fastapi', '{docs}', 'low', NULL),
    ('calendar', 'Agenda', 'Meetings', '{time}', 'medium', NULL),
    ('planner', 'Planner of it', NULL, '{calendar}', 'medium', NULL),
    ('redis', NULL, 'A cache', '{database}', 'critical', NULL),
    ('postgres', 'PostgreSQL', 'Tables', '{database,sql}', 'critical', NULL),
    ('é-commerce', NULL, NULL, '{café}', 'low', NULL),
    ('gone-fastapi', NULL, NULL, '{}', 'low', now()),
    ('zeppelin', NULL, NULL, '{}', 'low', now())`)

function namesOf({ items }: Page<FoundService>): string[] {
  return items.map(({ name }) => name)
}

t.test('searchServices', async (t) => {
  const searches: readonly [string, string, readonly string[]][] = [
    [
      'the name itself first, then what begins with it, then by place',
      'fastapi',
      ['fastapi', 'fastapi-users', '@acme/node.js_kit'],
    ],
    ['in any case', 'FASTAPI', ['fastapi', 'fastapi-users', '@acme/node.js_kit']],
    ['by beginnings of words', 'fasta', ['fastapi-users', 'fastapi', '@acme/node.js_kit']],
    ['by all of several beginnings, in any order', 'use fast', ['fastapi-users']],
    ['name before tag before description', 'calendar', ['calendar', 'planner', 'fastapi-users']],
    ['by another form of a word', 'calendars', ['calendar', 'planner', 'fastapi-users']],
    ['parts of a name', 'node js', ['@acme/node.js_kit']],
    ['a name as it stands', '@acme/node.js_kit', ['@acme/node.js_kit']],
    ['without the words that tell nothing', 'parser of the markdown', ['@acme/node.js_kit']],
    ['those where there is nothing else', 'it', ['planner']],
    ['by words beyond ASCII', 'CAFÉ', ['é-commerce']],
    ['one wrong letter', 'fastapu', ['fastapi', 'fastapi-users']],
    ['a letter too few', 'fstapi', ['fastapi', 'fastapi-users']],
    ['a letter too many', 'reddis', ['redis']],
    ['one wrong letter of five', 'redus', ['redis']],
    ['swapped letters', 'postgers', ['postgres']],
    ['swapped letters of five', 'reids', ['redis']],
    ['a typo in a tag', 'databsae', ['redis', 'postgres']],
    ['nothing by an empty text', '', []],
    ['nothing by blanks', ' \n\t ', []],
    ['nothing by punctuation', '&|!():*<->\'"\\%', []],
    ['nothing by one letter that is no word', 'f', []],
    ['nothing like two letters', 'xq', []],
    ['nothing by a word of no likeness', 'xylophone', []],
    ['nothing that is deleted', 'zeppelin', []],
  ]
  for (const [what, text, expected] of searches) {
    t.test(`finds ${what}: ${JSON.stringify(text)}`, async (t) => {
      const page = await services.search(text, { withTotal: true })
      t.same(
        text === 'databsae' ? namesOf(page).toSorted() : namesOf(page),
        text === 'databsae' ? expected.toSorted() : expected,
      )
      t.equal(page.total, expected.length)
    })
  }

  t.test('tells by the rank what is only similar', async (t) => {
    const ranks = async (text: string) => (await services.search(text)).items.map(({ rank }) => rank)
    t.ok((await ranks('fastapi')).every((rank) => rank > 0))
    t.ok((await ranks('fastapu')).every((rank) => rank < 0))
  })

  t.test('lists by words, and never by likeness', async (t) => {
    t.equal(await services.count({ text: 'fastapi' }), 3)
    t.equal(await services.count({ text: 'fastapu' }), 0)
  })

  t.test('takes the filters of the list', async (t) => {
    t.same(namesOf(await services.search('fastapi', { priority: ['high', 'low'] })), ['fastapi', '@acme/node.js_kit'])
    t.same(namesOf(await services.search('fastapu', { tagsAny: ['auth'] })), ['fastapi-users'])
    t.same(namesOf(await services.search('zeppelin', { deleted: 'only' })), ['zeppelin'])
    t.equal((await services.search('fastapi', { deleted: 'included', limit: 1, withTotal: true })).total, 4)
  })

  t.test('finds a service by what it has become, whatever an update says of the search', async (t) => {
    await db.query(`INSERT INTO registry.service (name, search) VALUES ('larva', 'moth')`)
    t.same(namesOf(await services.search('larva')), ['larva'])
    await db.query(`UPDATE registry.service SET name = 'butterfly', tags = '{zebra}' WHERE name = 'larva'`)
    t.same(namesOf(await services.search('zebra')), ['butterfly'])
    await db.query(`UPDATE registry.service SET search = 'moth' WHERE name = 'butterfly'`)
    t.same(namesOf(await services.search('butterfly')), ['butterfly'])
    t.same(namesOf(await services.search('moth')), [])
    await db.query(`DELETE FROM registry.service WHERE name = 'butterfly'`)
  })

  t.test('leaves the threshold of the session as it was', async (t) => {
    const shown = await db.transaction(async (tx) => {
      await tx.services.search('fastapu')
      return tx.query(`SELECT current_setting('pg_trgm.word_similarity_threshold') AS threshold`)
    })
    t.same(shown, [{ threshold: '0.6' }])
  })

  t.test('walks all pages, also of one rank, forward and back', async (t) => {
    await db.query(`INSERT INTO registry.service (name, description)
      SELECT CASE WHEN i % 2 = 0 THEN 'ledger-' || i ELSE 'other-' || i END, 'A ledger' FROM generate_series(1, 40) AS i`)
    for (const text of ['ledger', 'ledgre']) {
      const expected = namesOf(await services.search(text, { limit: 500 }))
      t.equal(expected.length, text === 'ledger' ? 40 : 20)
      const forward = [await services.search(text, { limit: 7 })]
      for (let cursor = forward[0]?.next; cursor; cursor = forward.at(-1)?.next) {
        forward.push(await services.search(text, { limit: 7, cursor }))
      }
      t.same(forward.flatMap(namesOf), expected)
      const back = forward.slice(-1)
      for (let cursor = back[0]?.previous; cursor; cursor = back[0]?.previous) {
        back.unshift(await services.search(text, { limit: 7, cursor }))
      }
      t.same(back.flatMap(namesOf), expected)
    }
  })

  const refused: readonly [string, unknown, object, RegExp][] = [
    ['a text of 301 characters', 'x'.repeat(301), {}, /query: must have at most 300 characters/],
    ['NUL', 'a\0', {}, /query: must not contain a NUL character/],
    ['no text', undefined, {}, /query: Invalid input: expected string/],
    ['a second text', 'a', { text: 'b' }, /Unrecognized key: "text"/],
    ['a sort', 'a', { sort: 'name' }, /Unrecognized key: "sort"/],
    ['what is no cursor', 'a', { cursor: 'x' }, /cursor: is not a cursor/],
  ]
  for (const [what, text, options, message] of refused) {
    t.test(`refuses ${what}`, async (t) => {
      await t.rejects(services.search(text as string, options), { name: 'ValidationError', message })
    })
  }
})

t.test('countFoundServices', async (t) => {
  t.test('counts what the search finds under its filters', async (t) => {
    t.equal((await services.search('fastapi', { priority: 'low', withTotal: true })).total, 1)
    t.equal((await services.search('fastapu', { priority: 'high', withTotal: true })).total, 1)
  })
})

t.test('hostile texts', async (t) => {
  t.test('find nothing or are refused, in every filter, and change nothing', async (t) => {
    const before = await db.query(
      'SELECT md5(string_agg(service::text, chr(10) ORDER BY service_id)) FROM registry.service AS service',
    )
    const parts = [
      "'",
      '"',
      '\\',
      '%',
      '_',
      '*',
      '?',
      '&',
      '|',
      '!',
      ':*',
      '(',
      ')',
      '<->',
      '--',
      '/*',
      '$0',
      ';',
      '\0',
      '\ud800',
      '🧱',
      ' ',
      "'::",
    ]
    const texts = Array.from({ length: 25 }, (_, index) =>
      Array.from({ length: 1 + (index % 9) }, (_, at) => parts[(index * 7 + at * at * 5) % parts.length])
        .join('')
        .padEnd(index % 10 === 0 ? 10_000 : 0, 'x'),
    )
    const asked = texts.flatMap((text) => [
      () => services.search(text),
      () => services.list({ text }),
      () => services.list({ namePattern: `x${text}` }),
      () => services.list({ endpoint: text }),
      () => services.list({ version: text }),
      () => services.list({ tagsAny: [text] }),
      () => services.list({ metadata: { [text]: text } }),
      () => services.list({ sort: text as 'name' }),
      () => services.list({ status: text as 'healthy' }),
      () => services.list({ cursor: text }),
      () => services.search('a', { cursor: Buffer.from(text).toString('base64url') }),
    ])
    const answers = new Set<string>()
    for (const ask of asked) {
      answers.add(
        await ask().then(
          ({ items }) => (items.length === 0 ? 'no rows' : `${ask} finds ${items[0]?.name}`),
          (error: Error) => error.name,
        ),
      )
    }
    t.same([...answers].toSorted(), ['ValidationError', 'no rows'])
    t.same(
      await db.query(
        'SELECT md5(string_agg(service::text, chr(10) ORDER BY service_id)) FROM registry.service AS service',
      ),
      before,
    )
    await until(() => db.stats().pool.borrowed === 0)
  })
})

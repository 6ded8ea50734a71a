import t from 'tap'
import type { FoundTemplate } from '../../src/agent/template-search.js'
import type { Page } from '../../src/engine/page.js'
import { connectTestDatabase } from '../fixtures/database.js'
import { newTemplate } from '../fixtures/template-row.js'

const db = await connectTestDatabase(t)
const { templates } = db

const blank = { description: null, tags: [], techStack: [] }
await templates.upsertMany([
  newTemplate({ ...blank, name: 'fastify-api', tags: ['rest', 'next-14'], description: 'A server of calendars' }),
  newTemplate({ ...blank, name: 'static site', tags: ['markdown', 'parser'], description: 'Pages, styled' }),
  newTemplate({ ...blank, name: 'worker', tags: ['calendars', 'queues'], category: 'backend' }),
  newTemplate({ ...blank, name: 'calendar', category: 'frontend', complexity: 'complex' }),
  newTemplate({ ...blank, name: 'chatty', description: 'calendar '.repeat(1_000), category: 'frontend' }),
  newTemplate({
    ...blank,
    name: '@acme/node.js_kit',
    description: 'See https://example.org/guide for a parser of markdown',
  }),
])

const namesOf = ({ items }: Page<FoundTemplate>) => items.map(({ name }) => name)

t.test('searchTemplates', async (t) => {
  t.test('ranks the name before tags before the description, however often that repeats the word', async (t) => {
    const page = await templates.search('calendar')
    t.same(namesOf(page), ['calendar', 'worker', 'chatty', 'fastify-api'])
    const ranks = page.items.map(({ rank }) => rank)
    t.same(
      ranks,
      ranks.toSorted((a, b) => b - a),
    )
    t.ok(ranks.every((rank) => rank > 0))
  })

  t.test('ranks by the best place of each word, wherever the words stand, and however often', async (t) => {
    const words = (name: string) => Array.from({ length: 18 }, (_, index) => `${name} ${index}`)
    await templates.upsertMany([
      newTemplate({ name: 'quokka starter', description: 'a small wombat', tags: [] }),
      newTemplate({ name: 'tagged', description: null, tags: ['quokka', ...words('filler'), 'wombat'] }),
      newTemplate({ name: 'retold', description: 'quokka wombat, '.repeat(50), tags: [] }),
      newTemplate({ name: 'told', description: 'Not a wombat and not a quokka.', tags: [] }),
      newTemplate({ name: 'many tags', description: null, tags: words('quokka') }),
    ])
    t.same(namesOf(await templates.search('quokka wombat')), ['quokka starter', 'tagged', 'retold', 'told'])
    t.same(namesOf(await templates.search('quokka')), ['quokka starter', 'many tags', 'tagged', 'retold', 'told'])
    await templates.deleteMany({ text: 'quokka' }, { maxRows: 5 })
  })

  t.test('gives whole templates but for their files', async (t) => {
    const { items } = await templates.search('worker')
    const [{ rank, ...summary } = { rank: 0 }] = items
    t.same([summary], (await templates.list({ text: 'worker' })).items)
  })

  const searches: readonly [string, string, string[]][] = [
    ['any form of a word', 'calendars', ['calendar', 'worker', 'chatty', 'fastify-api']],
    ['any form of a word', 'styling', ['static site']],
    ['words in any case', 'FASTIFY', ['fastify-api']],
    ['parts of a hyphenated name', 'fastify', ['fastify-api']],
    ['parts of a hyphenated name', 'api', ['fastify-api']],
    ['a hyphenated name as it stands', 'fastify-api', ['fastify-api']],
    ['a hyphenated name in two words', 'fastify api', ['fastify-api']],
    ['a hyphenated name in any order', 'api fastify', ['fastify-api']],
    ['a number behind a hyphen', '14', ['fastify-api']],
    ['a number behind a hyphen', 'next-14', ['fastify-api']],
    ['parts of a name with dots and slashes', 'acme', ['@acme/node.js_kit']],
    ['parts of a name with dots and slashes', 'node', ['@acme/node.js_kit']],
    ['parts of a name with dots and slashes', 'kit', ['@acme/node.js_kit']],
    ['a name with dots as it stands', 'node.js', ['@acme/node.js_kit']],
    ['a name with a scope as it stands', '@acme/node.js_kit', ['@acme/node.js_kit']],
    ['parts of an address', 'example.org', ['@acme/node.js_kit']],
    ['all of several words', 'calendars queues', ['worker']],
    ['one of several words', 'queues or styled', ['worker', 'static site']],
    ['a phrase', '"parser of markdown"', ['@acme/node.js_kit']],
    ['a phrase across a hyphen', '"fastify api"', ['fastify-api']],
    ['no phrase in another order', '"api fastify"', []],
    ['no phrase from one tag into the next', '"markdown parser"', []],
    ['no phrase from the name into the tags', '"api rest"', []],
    ['all but what is excluded', 'calendar -queues', ['calendar', 'chatty', 'fastify-api']],
    ['all but a hyphenated word', 'calendar -fastify-api', ['calendar', 'worker', 'chatty']],
    ['what has none of a word', '-calendar -parser', []],
    ['nothing by an empty text', '', []],
    ['nothing by blanks', ' \n\t ', []],
    ['nothing by operators alone', '-', []],
    ['nothing by operators alone', '-- or "" - "', []],
    ['nothing by words that tell nothing', 'the of or', []],
    ['nothing by punctuation', "&|!():*<->'\\%", []],
    ['nothing by an unknown word', 'zeppelin', []],
  ]
  for (const [what, text, expected] of searches) {
    t.test(`finds ${what}: ${JSON.stringify(text)}`, async (t) => {
      const page = await templates.search(text, { withTotal: true })
      t.same(namesOf(page), expected)
      t.equal(page.total, expected.length)
      t.equal(await templates.count({ text }), expected.length, 'and counts it')
      t.same((await templates.list({ text })).items.map(({ name }) => name).sort(), expected.toSorted(), 'and lists it')
    })
  }

  t.test('takes the filters of the list', async (t) => {
    t.same(namesOf(await templates.search('calendar', { category: 'frontend' })), ['calendar', 'chatty'])
    t.same(namesOf(await templates.search('calendar', { tagsAny: ['rest', 'queues'] })), ['worker', 'fastify-api'])
    t.same(namesOf(await templates.search('calendar', { tagsNone: ['rest'], complexity: 'simple' })), [
      'worker',
      'chatty',
    ])
    t.equal((await templates.search('calendar', { category: 'frontend', limit: 1, withTotal: true })).total, 2)
  })

  t.test('finds a template by what it has become', async (t) => {
    const { templateId } = await templates.create(newTemplate({ ...blank, name: 'larva' }))
    await templates.update(templateId, { name: 'butterfly', tags: ['zebra'], description: 'giraffes' })
    for (const [text, expected] of [
      ['larva', []],
      ['butterfly', ['butterfly']],
      ['zebras', ['butterfly']],
      ['giraffe', ['butterfly']],
    ] as const) {
      t.same(namesOf(await templates.search(text)), expected, text)
    }
    await templates.delete(templateId)
  })

  t.test('walks all pages, also of one rank, forward and back', async (t) => {
    await templates.upsertMany(
      Array.from({ length: 40 }, (_, index) =>
        newTemplate({
          ...blank,
          name: index % 3 === 0 ? `ledger-${index}` : `other ${index}`,
          tags: index % 3 === 1 ? ['ledger'] : [],
          description: index % 3 === 2 ? 'A ledger' : null,
        }),
      ),
    )
    const all = (await templates.search('ledger', { limit: 500 })).items
    t.equal(all.length, 40)
    t.equal(new Set(all.map(({ rank }) => rank)).size, 3)
    t.ok(
      all.every(({ name }, index) => index >= 14 || name.startsWith('ledger-')),
      'names first',
    )
    const expected = all.map(({ name }) => name)
    const forward = [await templates.search('ledger', { limit: 7 })]
    for (let cursor = forward[0]?.next; cursor; cursor = forward.at(-1)?.next) {
      forward.push(await templates.search('ledger', { limit: 7, cursor }))
    }
    t.same(forward.flatMap(namesOf), expected)
    const back = forward.slice(-1)
    for (let cursor = back[0]?.previous; cursor; cursor = back[0]?.previous) {
      back.unshift(await templates.search('ledger', { limit: 7, cursor }))
    }
    t.same(back.flatMap(namesOf), expected)
  })

  const refused: readonly [string, unknown, object, RegExp][] = [
    ['a text of 1,001 characters', 'x'.repeat(1_001), {}, /text: must have at most 1000 characters/],
    ['NUL', 'a\0', {}, /text: must not contain a NUL character/],
    ['no text', undefined, {}, /text: Invalid input: expected string/],
    ['a sort', 'a', { sort: 'name' }, /Unrecognized key: "sort"/],
    ['a limit of 0', 'a', { limit: 0 }, /limit: Too small/],
    ['what is no cursor', 'a', { cursor: 'x' }, /cursor: is not a cursor/],
  ]
  for (const [what, text, options, message] of refused) {
    t.test(`refuses ${what}`, async (t) => {
      await t.rejects(templates.search(text as string, options), { name: 'ValidationError', message })
    })
  }

  t.test('refuses a cursor of the list, and takes no harm from a forged one', async (t) => {
    const { next } = await templates.list({ limit: 1 })
    await t.rejects(templates.search('calendar', { cursor: next }), { message: /cursor: belongs to another list/ })
    const id = '01900000-0000-7000-8000-000000000000'
    const forge = (key: unknown) =>
      Buffer.from(JSON.stringify({ list: 'searchTemplates', sort: 'best', direction: 'after', key, id })).toString(
        'base64url',
      )
    await t.rejects(templates.search('calendar', { cursor: forge('x') }), { name: 'ValidationError' })
    await t.rejects(templates.search('calendar', { cursor: forge(1e300) }), { message: /cursor: is not a cursor/ })
  })

  t.test('takes any text', async (t) => {
    for (const text of [
      'a"b"c',
      '"',
      '-"x',
      'or or or',
      '((',
      "'; DROP TABLE agent.template; --",
      '🧱',
      'x'.repeat(1_000),
    ]) {
      await t.resolves(templates.search(text), text)
    }
  })
})

import fc from 'fast-check'
import t from 'tap'
import { gather } from '../../src/engine/binding.js'
import { Query, type QueryIR } from '../../src/engine/query.js'
import { statementFor, wholeStatement } from '../../src/engine/statement.js'
import { QueryError, ValidationError } from '../../src/errors.js'

/** Makes a query from SQL as pgtyped would: `:name` and `:name!` outside comments are parameters. */
function queryOf(statement: string, parameterTypes: Record<string, string> = {}, name = 'listThings') {
  const params = new Map<string, QueryIR['params'][number] & { locs: { a: number; b: number }[] }>()
  const code = statement.replace(/--.*$/gm, (comment) => ' '.repeat(comment.length))
  for (const match of code.matchAll(/:(\w+)(!?)/g)) {
    const param = params.get(match[1] as string) ?? {
      name: match[1] as string,
      required: match[2] === '!',
      transform: { type: 'scalar' },
      locs: [],
    }
    param.locs.push({ a: match.index, b: match.index + match[0].length - 1 })
    params.set(param.name, param)
  }
  return new Query<unknown, unknown>(name, { statement, params: [...params.values()] }, { parameterTypes })
}

const list = `SELECT a
FROM t
WHERE TRUE
  AND a = :a        -- @if a
  AND (b, c) > (:b, :c) -- @if b
ORDER BY
  a DESC, -- @if sort=newest
  b, -- @if sort=name
  c
LIMIT :limit!`

t.test('statementFor', async (t) => {
  t.test('sends only the lines whose parameters are given, numbered in order', async (t) => {
    const { text, bindings } = statementFor(queryOf(list), { b: 1, c: 2, sort: 'name', limit: 5 })
    t.equal(
      text,
      '/* listThings */ SELECT a\nFROM t\nWHERE TRUE\n  AND (b, c) > ($1, $2)\nORDER BY\n  b,\n  c\nLIMIT $3',
    )
    t.same(
      bindings.map(({ parameter }) => parameter),
      ['b', 'c', 'limit'],
    )
  })

  t.test('refuses more parameters than the protocol counts', async (t) => {
    const names = (count: number) => Array.from({ length: count }, (_, index) => `:a${index}`).join(', ')
    t.equal(statementFor(queryOf(`SELECT ${names(65_535)}`), {}).bindings.length, 65_535)
    t.throws(() => statementFor(queryOf(`SELECT ${names(65_536)}`), {}), {
      name: 'QueryError',
      message: 'listThings: has 65536 parameters; at most 65535 work, so send arrays instead',
    })
  })

  t.test('gives one number to a parameter that stands at two places', async (t) => {
    const { text } = statementFor(queryOf('SELECT :a + :b + :a'), {})
    t.equal(text, '/* listThings */ SELECT $1 + $2 + $1')
  })

  t.test('compiles each variant once', async (t) => {
    const query = queryOf(list)
    t.equal(statementFor(query, { a: 1, limit: 5 }), statementFor(query, { a: 2, limit: 9 }))
    t.not(statementFor(query, { a: 1, limit: 5 }), statementFor(query, { limit: 5 }))
  })

  t.test('names variants apart, in at most 63 bytes, and the same text always alike', async (t) => {
    const long = 'q'.repeat(80)
    const name = (params: object, types = {}) => statementFor(queryOf(list, types, long), { ...params }).preparedName
    t.equal(Buffer.byteLength(name({ limit: 1 }) ?? ''), 63)
    t.equal(name({ limit: 1 }), name({ limit: 2 }))
    t.not(name({ limit: 1 }), name({ a: 1, limit: 1 }))
    t.not(name({ limit: 1 }), name({ limit: 1 }, { limit: 'int8' }), 'other parameter types, another name')
  })

  t.test('prepares no more than 64 variants of a query', async (t) => {
    const query = queryOf(`SELECT 0\n${Array.from({ length: 7 }, (_, i) => `, ${i} -- @if c${i}=on`).join('\n')}`)
    const names = new Set<string | null>()
    for (let bits = 0; bits < 128; bits += 1) {
      const params = Object.fromEntries(
        Array.from({ length: 7 }, (_, i) => [`c${i}`, bits & (1 << i) ? 'on' : undefined]),
      )
      const { text, preparedName } = statementFor(query, params)
      t.equal(text.split('\n').length - 1, [...bits.toString(2)].filter((bit) => bit === '1').length)
      names.add(preparedName)
    }
    t.equal(names.size, 65, '64 names and null')
  })

  t.test('is not confused by a query name that could end a comment or a name', async (t) => {
    const { text, preparedName } = statementFor(queryOf('SELECT 1', {}, 'über*/'), {})
    t.match(text, /^\/\* _ber__ \*\/ SELECT 1/)
    t.match(preparedName, /^_ber___[0-9a-f]{16}$/)
  })

  t.test('refuses a choice that no line knows', async (t) => {
    t.throws(
      () => statementFor(queryOf(list), { sort: 'age', limit: 1 }),
      new ValidationError('listThings', [{ path: 'sort', message: 'must be one of newest, name' }]),
    )
  })

  t.test('names the query and line of a malformed mark', async (t) => {
    t.throws(() => statementFor(queryOf('SELECT 1\n, 2 -- @iff a'), {}), {
      message: /listThings: line 2 of the statement: unknown mark @iff/,
    })
  })

  t.test('refuses a parameter that pgtyped would expand on each call', async (t) => {
    const ir = {
      statement: 'SELECT :ids',
      params: [{ name: 'ids', required: false, transform: { type: 'array_spread' }, locs: [] }],
    }
    t.throws(() => statementFor(new Query('q', ir), {}), QueryError)
  })

  t.test('refuses more marks than it can tell apart', async (t) => {
    const lines = Array.from({ length: 54 }, (_, index) => `, ${index} -- @if c${index}=on`)
    t.throws(() => statementFor(queryOf(`SELECT 0\n${lines.join('\n')}`), {}), { message: /54 different marks/ })
  })

  t.test('tells up to 53 marks apart', async (t) => {
    const query = queryOf(`SELECT 0\n${Array.from({ length: 53 }, (_, i) => `, ${i} -- @if c${i}=on`).join('\n')}`)
    t.match(statementFor(query, { c0: 'on' }).text, /0\n, 0$/)
    t.match(statementFor(query, { c52: 'on' }).text, /0\n, 52$/)
  })

  t.test('never leaves a parameter unbound, whatever is given', async () => {
    const query = queryOf(list)
    const choices = fc.record(
      { a: fc.integer(), b: fc.integer(), c: fc.integer(), sort: fc.constantFrom('newest', 'name') },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(choices, (params) => {
        const { text, bindings } = statementFor(query, params)
        const numbers = [...text.matchAll(/\$(\d+)/g)].map((match) => Number(match[1]))
        return (
          !text.includes(':') &&
          numbers.every((number, index) => number === index + 1) &&
          numbers.length === bindings.length
        )
      }),
    )
  })
})

t.test('wholeStatement', async (t) => {
  t.test('has all lines on', async (t) => {
    t.same(
      wholeStatement(queryOf(list)).bindings.map(({ parameter }) => parameter),
      ['a', 'b', 'c', 'limit'],
    )
  })
})

t.test('gather', async (t) => {
  const gatherFor = (sql: string, params: Record<string, unknown>, types = {}) => {
    const query = queryOf(sql, types)
    return gather(statementFor(query, params), params)
  }

  t.test('encodes by the types that the generator found', async (t) => {
    const types = { a: 'jsonb', b: 'text[]', c: 'timestamptz' }
    const values = gatherFor('SELECT :a, :b, :c', { a: ['x'], b: ['x', 'y z'], c: new Date(0) }, types)
    t.same(values, ['["x"]', '{"x","y z"}', '1970-01-01T00:00:00.000Z'])
  })

  t.test('sends NULL for null, and for an optional parameter that is left out', async (t) => {
    t.same(gatherFor('SELECT :a, :b', { a: null }, { a: 'jsonb' }), [null, null])
  })

  t.test('refuses to leave out a required parameter', async (t) => {
    t.throws(
      () => gatherFor('SELECT :a!', {}),
      new ValidationError('listThings', [{ path: 'a', message: 'is missing' }]),
    )
  })

  t.test('refuses to leave out a parameter of a line that another one switched on', async (t) => {
    t.throws(
      () => gatherFor(list, { b: 1, limit: 1 }),
      new ValidationError('listThings', [{ path: 'c', message: 'is missing' }]),
    )
  })

  t.test('names the parameter whose value its type cannot hold, and not the value', async (t) => {
    t.throws(
      () => gatherFor('SELECT :a', { a: 'secret' }, { a: 'int4' }),
      new ValidationError('listThings', [{ path: 'a', message: 'must be an integer from -2147483648 to 2147483647' }]),
    )
  })
})

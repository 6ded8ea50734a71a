import t from 'tap'
import { countRows } from '../../src/backup/archive.js'
import { withoutTransactionTimeout } from '../../src/backup/script.js'

/** Gives a text in chunks of so many bytes. */
async function* chunked(text: string, bytes: number): AsyncGenerator<Buffer> {
  const whole = Buffer.from(text)
  for (let from = 0; from < whole.length; from += bytes) yield whole.subarray(from, from + bytes)
}

const script = [
  'SET row_security = off;',
  'COPY public.a (id, name) FROM stdin;',
  '1\tCOPY public.b (id) FROM stdin;',
  '\\.x\t',
  '\\N\t\\\\.',
  '\\.',
  '',
  'COPY public."odd ""name (x)." (id) FROM stdin;',
  '\\.',
  'COPY "s.t".bare  FROM stdin;',
  '',
  '',
  '\\.',
  '',
].join('\n')

t.test('countRows', async (t) => {
  t.test('counts the rows of each table, wherever the chunks end', async (t) => {
    for (const bytes of [1, 2, 3, 7, 64, 10_000]) {
      const rows = await countRows(chunked(script, bytes))
      t.same(
        [...(rows ?? [])],
        [
          ['public.a', 3],
          ['public."odd ""name (x)."', 0],
          ['"s.t".bare', 2],
        ],
        `${bytes} bytes`,
      )
    }
  })

  t.test('gives null when the rows of a table have no end', async (t) => {
    t.equal(await countRows(chunked('COPY public.a (id) FROM stdin;\n1\n', 10)), null)
  })
})

t.test('withoutTransactionTimeout', async (t) => {
  const collect = async (text: string, bytes: number): Promise<string> => {
    const chunks: Buffer[] = []
    for await (const chunk of withoutTransactionTimeout(chunked(text, bytes))) chunks.push(chunk)
    return Buffer.concat(chunks).toString()
  }
  const setting = 'SET transaction_timeout = 0;\n'

  t.test('takes out the setting among the first lines, and nothing else', async (t) => {
    const rest = `${'x'.repeat(9_000)}\n${setting}`
    for (const bytes of [5, 4_096, 100_000]) {
      t.equal(await collect(`SET lock_timeout = 0;\n${setting}${rest}`, bytes), `SET lock_timeout = 0;\n${rest}`)
    }
    t.equal(await collect(`a\n${setting}`, 3), 'a\n')
  })

  t.test('leaves a script without it as it is', async (t) => {
    t.equal(await collect('SELECT 1;\n', 4), 'SELECT 1;\n')
  })
})

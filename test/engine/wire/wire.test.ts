import t from 'tap'
import { actorOf } from '../../../src/engine/actor.js'
import { rawStatement } from '../../../src/engine/statement.js'
import type { Prefix } from '../../../src/engine/wire/prefix.js'
import { StatementExchange } from '../../../src/engine/wire/statement-exchange.js'
import { Wire } from '../../../src/engine/wire/wire.js'

/** A wire over a socket that keeps what it is given. */
function wireOver() {
  const written: Buffer[] = []
  const stream = {
    writable: true,
    writableLength: 0,
    write: (bytes: Buffer) => written.push(Buffer.from(bytes)) > 0,
    on: () => stream,
    off: () => stream,
    destroy: () => {
      stream.writable = false
    },
  }
  const wire = new Wire(stream, 10)
  const sent = (): string => {
    wire.flush()
    return Buffer.concat(written.splice(0)).toString('latin1')
  }
  return { wire, stream, sent }
}

/** Sends a statement; gives what it was settled with so far. */
function send(wire: Wire, name: string, values: readonly unknown[], prefix: readonly Prefix[] = []): unknown[] {
  const errors: unknown[] = []
  const statement = { ...rawStatement(`SELECT '${name}'`), preparedName: name, query: name }
  wire.send(new StatementExchange(statement, values as never, (error) => errors.push(error), prefix))
  return errors
}

t.test('an exchange that cannot be written', async (t) => {
  t.test('leaves nothing behind but its error', async (t) => {
    const alone = wireOver()
    send(alone.wire, 'good', ['a'])
    const { wire, sent } = wireOver()
    const good = send(wire, 'good', ['a'])
    t.match(send(wire, 'bad', ['x'.repeat(100_000), undefined]), [{ name: 'QueryError', query: 'bad' }])
    t.equal(wire.depth, 1)
    t.equal(wire.bytesInFlight, alone.wire.bytesInFlight)
    t.equal(sent(), alone.sent())
    t.same(good, [])
  })

  t.test('is prepared when it is sent again', async (t) => {
    const { wire, sent } = wireOver()
    send(wire, 'query_a', [undefined])
    send(wire, 'query_a', ['a'])
    t.match(sent(), /SELECT 'query_a'/)
  })

  t.test('leaves the connection when nothing behind it counts on what goes before', async (t) => {
    const { wire, stream, sent } = wireOver()
    const { prefix } = actorOf({ actorId: 'ann' })
    t.match(send(wire, 'bad', [undefined], prefix), [{ name: 'QueryError', query: 'bad' }])
    t.ok(stream.writable)
    t.equal(sent(), '')
    send(wire, 'good', ['a'], prefix)
    t.match(sent(), /ashlar\.actor.*SELECT 'good'/s)
  })

  t.test('takes the connection with it when it was to open a transaction', async (t) => {
    const { wire, stream, sent } = wireOver()
    const begin = { statement: rawStatement('BEGIN'), values: [] }
    t.match(send(wire, 'bad', [undefined], [begin]), [{ message: 'the connection was lost' }])
    t.notOk(stream.writable)
    t.equal(sent(), '')
  })
})

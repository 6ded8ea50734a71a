import t from 'tap'
import { Inbox } from '../../../src/engine/listen/inbox.js'
import type { Gap } from '../../../src/engine/listen/listener.js'

const message = (text: string) => ({ text, processId: 1 })
const lost = (lastedMs: number): Gap => ({ reason: 'connection-lost', lastedMs })

/** Takes out all, messages as their text. */
function all(inbox: Inbox): readonly (string | Gap)[] {
  const taken = []
  for (let item = inbox.take(); item !== undefined; item = inbox.take()) taken.push('text' in item ? item.text : item)
  return taken
}

t.test('Inbox', async (t) => {
  t.test('gives messages and gaps in their order', async (t) => {
    const inbox = new Inbox(10)
    inbox.addMessage(message('a'))
    inbox.addGap(lost(5))
    inbox.addMessage(message('b'))
    inbox.addGap(lost(6))
    t.equal(inbox.size, 4)
    t.same(all(inbox), ['a', lost(5), 'b', lost(6)])
    t.equal(inbox.size, 0)
  })

  t.test('gives gaps with nothing in between as one', async (t) => {
    const inbox = new Inbox(10)
    inbox.addGap(lost(5))
    inbox.addGap(lost(6))
    t.same(all(inbox), [lost(11)])
    inbox.addGap(lost(7))
    t.same(all(inbox), [lost(7)], 'not with one that was taken out')
  })

  t.test('drops all that wait when it is full, and leaves a gap', async (t) => {
    const inbox = new Inbox(2)
    t.equal(inbox.addMessage(message('a')), 0)
    t.equal(inbox.addMessage(message('b')), 0)
    t.equal(inbox.addMessage(message('c')), 3)
    t.equal(inbox.addMessage(message('d')), 0)
    t.same(all(inbox), [{ reason: 'overflow', dropped: 3 }, 'd'])
  })

  t.test('counts together what is dropped again and again, and drops no gap', async (t) => {
    const inbox = new Inbox(2)
    inbox.addGap(lost(5))
    for (const text of ['a', 'b', 'c', 'd', 'e']) inbox.addMessage(message(text))
    const [gap, ...rest] = all(inbox)
    t.match(gap, { reason: 'overflow' })
    t.equal((gap as { dropped: number }).dropped + rest.length, 5)
  })

  t.test('keeps what was dropped when the connection is lost too', async (t) => {
    const inbox = new Inbox(1)
    inbox.addMessage(message('a'))
    inbox.addMessage(message('b'))
    inbox.addGap(lost(5))
    t.same(all(inbox), [{ reason: 'overflow', dropped: 2 }])
  })

  t.test('leaves a gap also where a gap was the last that waited', async (t) => {
    const inbox = new Inbox(2)
    inbox.addMessage(message('a'))
    inbox.addGap(lost(5))
    t.equal(inbox.addMessage(message('b')), 2)
    t.equal(inbox.size, 1)
    t.equal(inbox.addMessage(message('c')), 0)
    t.same(all(inbox), [{ reason: 'overflow', dropped: 2 }, 'c'])
  })

  t.test('counts what was dropped before, where that gap is the last', async (t) => {
    const inbox = new Inbox(1)
    for (const text of ['a', 'b', 'c']) inbox.addMessage(message(text))
    t.same(all(inbox), [{ reason: 'overflow', dropped: 3 }])
  })

  t.test('tells of a gap that comes behind a clearing', async (t) => {
    const inbox = new Inbox(10)
    inbox.addGap(lost(5))
    inbox.clear()
    inbox.addGap(lost(6))
    t.same(all(inbox), [lost(6)])
  })
})

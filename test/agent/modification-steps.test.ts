import t from 'tap'
import type { Modification } from '../../src/agent/modification-row.js'
import type { DataAccessError } from '../../src/errors.js'
import { connectTestDatabase } from '../fixtures/database.js'
import { modificationIn, newModification } from '../fixtures/modification.js'
import { newProjectContext } from '../fixtures/project-context.js'
import { until } from '../fixtures/until.js'

const db = await connectTestDatabase(t)
const { modifications, projectContexts } = db
const { projectContextId } = await projectContexts.create(newProjectContext())
const UNKNOWN_ID = '01900000-0000-7000-8000-000000000000'
const decision = { decidedBy: 'linus', note: 'as discussed' }
const result = { summary: 'done', changedFiles: ['a.ts'], commit: 'f00', extra: [1, { two: null }] }

type Status = Modification['status']
const statuses: readonly Status[] = ['pending', 'approved', 'applied', 'failed', 'rejected']
const legal = new Set(['pending>approved', 'pending>rejected', 'approved>applied', 'approved>failed'])

/** The verb that leads to a status; none leads back to pending. */
const verbs: Readonly<Partial<Record<Status, (id: string) => Promise<Modification>>>> = {
  approved: (id) => modifications.approve(id, decision),
  rejected: (id) => modifications.reject(id, decision),
  applied: (id) => modifications.apply(id, result),
  failed: (id) => modifications.fail(id, result),
}

async function waitsForLock(): Promise<boolean> {
  const [row] = await db.query<{ waiting: number }>(
    "SELECT count(*) AS waiting FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
  )
  return row?.waiting === 1
}

t.test('every step from one status to another', async (t) => {
  for (const from of statuses) {
    for (const to of statuses) {
      const isLegal = legal.has(`${from}>${to}`)
      const refusal = {
        name: 'TransitionError',
        code: 'ASHLAR_TRANSITION',
        constraint: 'modification_status_transition',
        table: 'agent.modification',
        column: 'status',
        message: new RegExp(`^\\w+: a modification cannot go from ${from} to ${to}$`),
      }
      const verb = verbs[to]
      if (verb !== undefined) {
        t.test(`${from} to ${to} is ${isLegal ? 'taken' : 'refused'}`, async (t) => {
          const before = await modificationIn(db, from, newModification(projectContextId))
          if (isLegal) t.equal((await verb(before.modificationId)).status, to)
          else {
            await t.rejects(verb(before.modificationId), refusal)
            t.same(await modifications.get(before.modificationId), before, 'the row is as it was')
          }
        })
      }

      t.test(`${from} to ${to} is ${isLegal ? 'taken' : 'refused'} in plain SQL`, async (t) => {
        const before = await modificationIn(db, from, newModification(projectContextId))
        const work = db.query(
          "UPDATE agent.modification SET status = $2, decided_by = coalesce(decided_by, 'sql') WHERE modification_id = $1",
          [before.modificationId, to],
        )
        if (isLegal) {
          await work
          const after = await modifications.get(before.modificationId)
          t.equal(after.status, to)
          t.ok(after.decidedAt)
          t.equal(after.appliedAt !== null, to === 'applied')
          t.equal(after.failedAt !== null, to === 'failed')
        } else {
          await t.rejects(work, refusal)
          t.same(await modifications.get(before.modificationId), before, 'the row is as it was')
        }
      })
    }
  }
})

t.test('a row inserted in plain SQL', async (t) => {
  for (const status of statuses) {
    t.test(`${status === 'pending' ? 'may' : 'cannot'} begin as ${status}`, async (t) => {
      const work = db.query(
        `INSERT INTO agent.modification (project_context_id, request, requested_by, status, decided_by)
         VALUES ($1, 'x', 'sql', $2, $3)`,
        [projectContextId, status, status === 'pending' ? null : 'sql'],
      )
      if (status === 'pending') await t.resolves(work)
      else {
        await t.rejects(work, {
          name: 'TransitionError',
          constraint: 'modification_status_transition',
          message: `query: a modification cannot begin as ${status}`,
        })
      }
    })
  }
})

t.test('approveModification', async (t) => {
  t.test('stores who, why and when, and nothing else changes', async (t) => {
    const before = await modifications.create(newModification(projectContextId))
    const { decidedAt, updatedAt, ...after } = await modifications.approve(before.modificationId, decision)
    const { decidedAt: _, updatedAt: __, ...rest } = before
    t.same(after, { ...rest, status: 'approved', decidedBy: 'linus', decisionNote: 'as discussed' })
    t.ok(Math.abs(Date.now() - Number(decidedAt)) < 60_000)
    t.ok(updatedAt >= before.updatedAt)
  })

  t.test('needs no note', async (t) => {
    const { modificationId } = await modifications.create(newModification(projectContextId))
    t.equal((await modifications.approve(modificationId, { decidedBy: 'linus' })).decisionNote, null)
  })

  t.test('is not before the creation, also in a transaction that began before it', async (t) => {
    await db.transaction(async (tx) => {
      await tx.query('SELECT now()')
      await new Promise((resolve) => setTimeout(resolve, 20))
      const { modificationId, createdAt } = await modifications.create(newModification(projectContextId))
      await new Promise((resolve) => setTimeout(resolve, 20))
      const { decidedAt, updatedAt } = await tx.modifications.approve(modificationId, decision)
      t.ok(Number(decidedAt) >= Number(createdAt) + 10, 'the clock of the step, not of the transaction')
      t.ok(Number(updatedAt) >= Number(decidedAt) - 1)
    })
  })

  t.test('is not before the creation, also when the clock was put back', async (t) => {
    const [row] = await db.query<{ modificationId: string; createdAt: Date }>(
      `INSERT INTO agent.modification (project_context_id, request, requested_by, created_at)
       VALUES ($1, 'x', 'sql', now() + interval '1 h') RETURNING modification_id, created_at`,
      [projectContextId],
    )
    const approved = await modifications.approve(String(row?.modificationId), decision)
    t.same(approved.decidedAt, row?.createdAt)
    t.same((await modifications.apply(approved.modificationId)).appliedAt, row?.createdAt)
    const other = await modifications.create(newModification(projectContextId))
    await db.transaction(async (tx) => {
      await tx.query('ALTER TABLE agent.modification DISABLE TRIGGER USER')
      await tx.query(
        `UPDATE agent.modification SET status = 'approved', decided_by = 'x', decided_at = now() + interval '1 h'
         WHERE modification_id = $1`,
        [other.modificationId],
      )
      await tx.query('ALTER TABLE agent.modification ENABLE TRIGGER USER')
    })
    const { decidedAt, failedAt } = await modifications.fail(other.modificationId)
    t.same(failedAt, decidedAt)
  })

  t.test('lets one of 50 decisions at once win, and the others know', async (t) => {
    for (let round = 0; round < 3; round += 1) {
      const { modificationId } = await modifications.create(newModification(projectContextId))
      const settled = await Promise.allSettled(
        Array.from({ length: 50 }, (_, index) =>
          modifications[index % 2 === 0 ? 'approve' : 'reject'](modificationId, {
            decidedBy: `reviewer ${index}`,
            note: `reason ${index}`,
          }),
        ),
      )
      const won = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
      const lost = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason as DataAccessError] : []))
      t.equal(won.length, 1)
      t.same(
        lost.map(({ name }) => name),
        new Array(49).fill('TransitionError'),
      )
      const winner = settled.findIndex(({ status }) => status === 'fulfilled')
      const stored = await modifications.get(modificationId)
      t.same(stored, won[0])
      t.match(stored, {
        status: winner % 2 === 0 ? 'approved' : 'rejected',
        decidedBy: `reviewer ${winner}`,
        decisionNote: `reason ${winner}`,
      })
    }
  })

  t.test('is an error when there is no such modification', async (t) => {
    await t.rejects(modifications.approve(UNKNOWN_ID, decision), {
      name: 'NotFoundError',
      message: 'approveModification: no such row in agent.modification',
    })
  })

  t.test('refuses a decision of nobody, a note too long, and what is no UUID', async (t) => {
    const { modificationId } = await modifications.create(newModification(projectContextId))
    await t.rejects(modifications.approve(modificationId, {} as never), {
      message: /^approveModification: decidedBy: Invalid input/,
    })
    await t.rejects(modifications.approve(modificationId, { decidedBy: '' }), { message: /decidedBy: Too small/ })
    await t.rejects(modifications.approve(modificationId, { decidedBy: 'x', note: 'x'.repeat(10_001) }), {
      message: /note: must have at most 10000 characters/,
    })
    await t.rejects(modifications.approve('42', decision), { message: /modificationId: must be a UUID/ })
  })
})

t.test('rejectModification', async (t) => {
  t.test('stores who, why and when, and nothing else changes', async (t) => {
    const before = await modifications.create(newModification(projectContextId))
    const { decidedAt, updatedAt, ...after } = await modifications.reject(before.modificationId, decision)
    const { decidedAt: _, updatedAt: __, ...rest } = before
    t.same(after, { ...rest, status: 'rejected', decidedBy: 'linus', decisionNote: 'as discussed' })
    t.ok(Math.abs(Date.now() - Number(decidedAt)) < 60_000)
  })

  t.test('is an error when there is no such modification', async (t) => {
    await t.rejects(modifications.reject(UNKNOWN_ID, decision), { name: 'NotFoundError', query: 'rejectModification' })
  })
})

t.test('applyModification', async (t) => {
  const iterationOf = async (id: string) => (await projectContexts.get(id)).iteration

  t.test('stores result and time, and counts one iteration of its context alone', async (t) => {
    const [own, other] = await projectContexts.createMany([newProjectContext(), newProjectContext()])
    const id = String(own?.projectContextId)
    const approved = await modificationIn(db, 'approved', newModification(id))
    const { appliedAt, updatedAt, ...after } = await modifications.apply(approved.modificationId, result)
    const { appliedAt: _, updatedAt: __, ...rest } = approved
    t.same(after, { ...rest, status: 'applied', result })
    t.ok(Number(appliedAt) >= Number(approved.decidedAt))
    t.same([await iterationOf(id), await iterationOf(String(other?.projectContextId))], [1, 0])
  })

  t.test('needs no result', async (t) => {
    const { modificationId } = await modificationIn(db, 'approved', newModification(projectContextId))
    t.equal((await modifications.apply(modificationId)).result, null)
  })

  t.test('is counted in plain SQL too', async (t) => {
    const id = (await projectContexts.create(newProjectContext())).projectContextId
    const { modificationId } = await modificationIn(db, 'approved', newModification(id))
    await db.query("UPDATE agent.modification SET status = 'applied' WHERE modification_id = $1", [modificationId])
    t.equal(await iterationOf(id), 1)
  })

  t.test('counts no iteration when it is refused', async (t) => {
    const id = (await projectContexts.create(newProjectContext())).projectContextId
    for (const status of statuses) {
      if (status === 'approved') continue
      const { modificationId } = await modificationIn(db, status, newModification(id))
      const before = await iterationOf(id)
      await t.rejects(modifications.apply(modificationId), { name: 'TransitionError' })
      t.equal(await iterationOf(id), before)
    }
  })

  t.test('counts one iteration when many apply one at once, and none gets lost when they apply many', async (t) => {
    const id = (await projectContexts.create(newProjectContext())).projectContextId
    const { modificationId } = await modificationIn(db, 'approved', newModification(id))
    const settled = await Promise.allSettled(Array.from({ length: 20 }, () => modifications.apply(modificationId)))
    t.equal(settled.filter(({ status }) => status === 'fulfilled').length, 1)
    t.equal(await iterationOf(id), 1)
    const approved = await Promise.all(
      Array.from({ length: 20 }, () => modificationIn(db, 'approved', newModification(id))),
    )
    await Promise.all(approved.map((each) => modifications.apply(each.modificationId)))
    t.equal(await iterationOf(id), 21)
  })

  t.test('counts no iteration when the modification is deleted meanwhile', async (t) => {
    const id = (await projectContexts.create(newProjectContext())).projectContextId
    const { modificationId } = await modificationIn(db, 'approved', newModification(id))
    let applying: Promise<unknown> = Promise.resolve()
    await db.transaction(async (tx) => {
      await tx.modifications.delete(modificationId)
      applying = t.rejects(modifications.apply(modificationId), { name: 'NotFoundError' })
      await until(waitsForLock)
    })
    await applying
    t.equal(await iterationOf(id), 0)
  })

  t.test('finds nothing when the context is deleted meanwhile', async (t) => {
    const id = (await projectContexts.create(newProjectContext())).projectContextId
    const { modificationId } = await modificationIn(db, 'approved', newModification(id))
    let applying: Promise<unknown> = Promise.resolve()
    await db.transaction(async (tx) => {
      await tx.projectContexts.delete(id)
      applying = t.rejects(modifications.apply(modificationId), { name: 'NotFoundError' })
      await until(waitsForLock)
    })
    await applying
  })

  t.test('does not deadlock with the deletion of its context', async (t) => {
    const contexts = await projectContexts.createMany(Array.from({ length: 20 }, () => newProjectContext()))
    const approved = await Promise.all(
      contexts.map((context) => modificationIn(db, 'approved', newModification(context.projectContextId))),
    )
    const settled = await Promise.allSettled(
      approved.flatMap(({ modificationId, projectContextId: id }) => [
        modifications.apply(modificationId),
        projectContexts.delete(id),
      ]),
    )
    const errors = settled.flatMap((one) => (one.status === 'rejected' ? [(one.reason as Error).name] : []))
    t.same(
      errors.filter((name) => name !== 'NotFoundError'),
      [],
    )
  })

  t.test('refuses a malformed result', async (t) => {
    const { modificationId } = await modificationIn(db, 'approved', newModification(projectContextId))
    await t.rejects(modifications.apply(modificationId, { changedFiles: [''] }), {
      message: /^applyModification: result\.changedFiles\[0\]: Too small/,
    })
    for (const result of [[], new Error('x'), new Map(), new Date(), 'x', JSON.parse('{"__proto__": 1}')]) {
      await t.rejects(modifications.apply(modificationId, result as never), {
        message: 'applyModification: result: must be a plain object, without a key `__proto__`',
      })
    }
  })

  t.test('is an error when there is no such modification', async (t) => {
    await t.rejects(modifications.apply(UNKNOWN_ID), { name: 'NotFoundError', query: 'applyModification' })
  })
})

t.test('failModification', async (t) => {
  t.test('stores result and time, and counts no iteration', async (t) => {
    const id = (await projectContexts.create(newProjectContext())).projectContextId
    const approved = await modificationIn(db, 'approved', newModification(id))
    const failure = { error: 'tests fail' }
    const { failedAt, updatedAt, ...after } = await modifications.fail(approved.modificationId, failure)
    const { failedAt: _, updatedAt: __, ...rest } = approved
    t.same(after, { ...rest, status: 'failed', result: failure })
    t.ok(Number(failedAt) >= Number(approved.decidedAt))
    t.equal((await projectContexts.get(id)).iteration, 0)
  })

  t.test('is an error when there is no such modification', async (t) => {
    await t.rejects(modifications.fail(UNKNOWN_ID), { name: 'NotFoundError', query: 'failModification' })
  })
})

import t from 'tap'
import type { Modification } from '../../src/agent/modification-row.js'
import type { Executor } from '../../src/engine/executor.js'
import { connectTestDatabase } from '../fixtures/database.js'
import { modificationIn, newModification } from '../fixtures/modification.js'
import { newProjectContext } from '../fixtures/project-context.js'

/** What only plain SQL can try: the repository refuses it before. */
const db = await connectTestDatabase(t)
const { projectContextId } = await db.projectContexts.create(newProjectContext())
const rows: Partial<Record<Modification['status'], Modification>> = {}
for (const status of ['pending', 'approved', 'applied', 'failed', 'rejected'] as const) {
  rows[status] = await modificationIn(db, status, newModification(projectContextId))
}

function set(executor: Executor, status: Modification['status'], assignment: string): Promise<unknown> {
  const text = `UPDATE agent.modification SET ${assignment} WHERE modification_id = $1`
  return executor.query(text, [rows[status]?.modificationId])
}

/** By constraint: the row, and what it refuses there when no trigger refuses it before. */
const refused: Readonly<Record<string, readonly [Modification['status'], string]>> = {
  modification_request_length: ['pending', "request = repeat('x', 20001)"],
  modification_requested_by_length: ['pending', "requested_by = ''"],
  modification_impact_analysis_object: ['pending', "impact_analysis = '[]'"],
  modification_impact_analysis_risk: ['pending', `impact_analysis = '{"risk": null}'`],
  modification_impact_analysis_affected_components: [
    'pending',
    `impact_analysis = '{"risk": "low", "affectedComponents": "x"}'`,
  ],
  modification_impact_analysis_estimate: ['pending', `impact_analysis = '{"risk": "low", "estimate": 3}'`],
  modification_affected_files_elements: ['pending', "affected_files = '{a,NULL}'"],
  modification_result_object: ['applied', "result = '5'"],
  modification_result_status: ['approved', "result = '{}'"],
  modification_decided_by_length: ['approved', "decided_by = repeat('x', 201)"],
  modification_decided_by_status: ['approved', 'decided_by = NULL'],
  modification_decision_note_length: ['approved', "decision_note = repeat('x', 10001)"],
  modification_decision_note_status: ['pending', "decision_note = 'x'"],
  modification_decided_at_status: ['pending', 'decided_at = now()'],
  modification_decided_at_order: ['approved', "decided_at = created_at - interval '1 ms'"],
  modification_applied_at_status: ['approved', 'applied_at = now()'],
  modification_applied_at_order: ['applied', "applied_at = decided_at - interval '1 ms'"],
  modification_failed_at_status: ['applied', 'failed_at = now()'],
  modification_failed_at_order: ['failed', "failed_at = decided_at - interval '1 ms'"],
}

t.test('every check of agent.modification', async (t) => {
  t.test('is tried here', async (t) => {
    const checks = await db.query<{ conname: string }>(
      "SELECT conname FROM pg_constraint WHERE conrelid = 'agent.modification'::regclass AND contype = 'c' ORDER BY 1",
    )
    t.same(
      checks.map(({ conname }) => conname),
      Object.keys(refused).sort(),
    )
  })

  for (const [constraint, [status, assignment]] of Object.entries(refused)) {
    t.test(`${constraint} refuses ${assignment}`, async (t) => {
      const work = db.transaction(async (tx) => {
        await tx.query('ALTER TABLE agent.modification DISABLE TRIGGER USER')
        await set(tx, status, assignment)
      })
      await t.rejects(work, { name: 'CheckViolationError', constraint })
    })
  }

  for (const analysis of ['{"risk": "low"}', '{"risk": "critical", "x": 1}']) {
    t.test(`takes the analysis ${analysis}`, async (t) => {
      await t.resolves(set(db, 'pending', `impact_analysis = '${analysis}'`))
    })
  }

  for (const analysis of ['{}', '{"risk": "huge"}', '{"risk": 1}', '{"risk": ["low"]}']) {
    t.test(`refuses the analysis ${analysis}`, async (t) => {
      await t.rejects(set(db, 'pending', `impact_analysis = '${analysis}'`), {
        name: 'CheckViolationError',
        constraint: 'modification_impact_analysis_risk',
      })
    })
  }
})

t.test('every column that must be there', async (t) => {
  const columns = await db.query<{ column: string }>(
    "SELECT attname AS column FROM pg_attribute WHERE attrelid = 'agent.modification'::regclass AND attnum > 0 AND attnotnull",
  )
  for (const { column } of columns) {
    // The trigger puts back both times, whatever an update says.
    if (column === 'created_at' || column === 'updated_at') continue
    t.test(`${column} refuses NULL`, async (t) => {
      await t.rejects(set(db, 'pending', `${column} = NULL`), { name: 'NotNullViolationError', column })
    })
  }
})

t.test('what is decided', async (t) => {
  const touched = [
    `project_context_id = project_context_id`,
    "request = 'x'",
    "requested_by = 'x'",
    'impact_analysis = NULL',
    "affected_files = '{}'",
  ]
  for (const status of ['approved', 'applied', 'failed', 'rejected'] as const) {
    for (const assignment of touched) {
      t.test(`cannot be changed when ${status}: ${assignment}`, async (t) => {
        await t.rejects(set(db, status, assignment), {
          name: 'CheckViolationError',
          constraint: 'modification_pending_update',
          message: 'query: only a pending modification can be changed',
        })
      })
    }
  }

  t.test('cannot be changed by the statement that decides', async (t) => {
    await t.rejects(set(db, 'pending', "status = 'approved', decided_by = 'x', request = 'other'"), {
      name: 'CheckViolationError',
      constraint: 'modification_pending_update',
    })
  })
})

t.test('a decision and an outcome', async (t) => {
  const changed: Readonly<Record<string, readonly Modification['status'][]>> = {
    "decided_by = 'x'": ['pending', 'approved', 'applied', 'failed', 'rejected'],
    "decision_note = 'x'": ['pending', 'approved', 'applied', 'failed', 'rejected'],
    "decided_at = now() + interval '1 h'": ['pending', 'approved', 'applied', 'failed', 'rejected'],
    "result = '{}'": ['pending', 'approved', 'applied', 'failed', 'rejected'],
    "applied_at = now() + interval '1 h'": ['pending', 'approved', 'applied', 'failed', 'rejected'],
    "failed_at = now() + interval '1 h'": ['pending', 'approved', 'applied', 'failed', 'rejected'],
    "status = 'applied', decided_by = 'x'": ['approved'],
    "status = 'failed', decided_at = created_at - interval '1 h'": ['approved'],
    "status = 'approved', decided_by = 'x', result = '{}'": ['pending'],
    "status = 'rejected', decided_by = 'x', applied_at = now()": ['pending'],
  }
  for (const [assignment, statuses] of Object.entries(changed)) {
    for (const status of statuses) {
      t.test(`cannot be written to one that is ${status} by ${assignment}`, async (t) => {
        await t.rejects(set(db, status, assignment), {
          name: 'CheckViolationError',
          constraint: 'modification_decision_update',
        })
      })
    }
  }

  t.test('cannot be without somebody who decided', async (t) => {
    await t.rejects(set(db, 'pending', "status = 'approved'"), {
      name: 'CheckViolationError',
      constraint: 'modification_decided_by_status',
    })
  })

  t.test('gets its time from the server, whatever is said', async (t) => {
    const { modificationId } = await db.modifications.create(newModification(projectContextId))
    const update = (assignments: string) =>
      db.query(`UPDATE agent.modification SET ${assignments} WHERE modification_id = $1`, [modificationId])
    await update("status = 'approved', decided_by = 'x', decided_at = '2000-01-01'")
    await update("status = 'applied', applied_at = '2000-01-01'")
    const { createdAt, decidedAt, appliedAt } = await db.modifications.get(modificationId)
    t.ok(Number(decidedAt) >= Number(createdAt))
    t.ok(Number(appliedAt) >= Number(decidedAt))
  })

  t.test('cannot come with an INSERT', async (t) => {
    for (const [column, value, constraint] of [
      ['decided_by', "'x'", 'modification_decided_by_status'],
      ['decision_note', "'x'", 'modification_decision_note_status'],
      ['decided_at', 'now()', 'modification_decided_at_status'],
      ['applied_at', 'now()', 'modification_applied_at_status'],
      ['failed_at', 'now()', 'modification_failed_at_status'],
      ['result', "'{}'", 'modification_result_status'],
    ]) {
      const text = `INSERT INTO agent.modification (project_context_id, request, requested_by, ${column})
        VALUES ($1, 'x', 'x', ${value})`
      await t.rejects(db.query(text, [projectContextId]), { name: 'CheckViolationError', constraint })
    }
  })
})

t.test('times', async (t) => {
  t.test('cannot be changed by hand', async (t) => {
    await set(db, 'rejected', "created_at = '2000-01-01', updated_at = '2000-01-01'")
    t.same(await db.modifications.get(String(rows.rejected?.modificationId)), rows.rejected)
  })

  t.test('hold milliseconds, as a Date does', async (t) => {
    for (const column of ['created_at', 'updated_at', 'decided_at', 'applied_at', 'failed_at']) {
      const found = await db.query<{ exact: boolean }>(
        `SELECT ${column} = date_trunc('milliseconds', ${column}) AS exact FROM agent.modification WHERE ${column} IS NOT NULL`,
      )
      t.ok(found.length > 0)
      t.ok(
        found.every(({ exact }) => exact),
        column,
      )
    }
  })
})

t.test('agent.risk_rank', async (t) => {
  t.test('orders risks, and puts what is not analysed below', async (t) => {
    const ranks = await db.query<{ rank: number }>(
      `SELECT agent.risk_rank(analysis) AS rank
       FROM unnest('{NULL,"{}","{\\"risk\\": \\"low\\"}","{\\"risk\\": \\"medium\\"}","{\\"risk\\": \\"high\\"}","{\\"risk\\": \\"critical\\"}"}'::jsonb[])
         WITH ORDINALITY AS input (analysis, position)
       ORDER BY position`,
    )
    t.same(
      ranks.map(({ rank }) => rank),
      [0, 0, 1, 2, 3, 4],
    )
  })
})

import t from 'tap'
import { applyOffs, readOffs } from '../../../src/review/vet/off.js'
import type { VetFinding } from '../../../src/review/vet/rule.js'
import { FILE, queryOf } from '../../generate/fixtures/queries.js'

const known = { all: ['offset', 'index', 'vet-off'], run: ['offset', 'index'] }

function found(rule: string, parameter?: string): VetFinding {
  const place = { rule, file: FILE, line: 3, subject: 'listItems', message: 'wrong', advice: 'mend it' }
  return parameter === undefined ? place : { ...place, parameter }
}

function complaints(comment: string, findings: readonly VetFinding[] = []): readonly string[] {
  const left = applyOffs(queryOf(`SELECT 1 AS one\n${comment}\n`), findings, known)
  return left.map(({ rule, line, message }) => `${line} ${rule}: ${message}`)
}

t.test('readOffs', async (t) => {
  t.test('reads rule, parameters, reason and line', async (t) => {
    const query = queryOf('-- Some rows.\n  --@vet-off index(a, b): few rows: at most 3  \nSELECT :a::int, :b::int')
    t.same(readOffs(query), [{ rule: 'index', parameters: ['a', 'b'], reason: 'few rows: at most 3', line: 3 }])
  })

  t.test('reads none where there is none', async (t) => {
    t.same(readOffs(queryOf('SELECT 1 AS one -- a vet-off is no mark')), [])
  })
})

t.test('applyOffs', async (t) => {
  t.test('takes out what a comment turns off, for all parameters or for some', async (t) => {
    t.same(complaints('-- @vet-off offset: a reason', [found('offset')]), [])
    t.same(complaints('-- @vet-off index: a reason', [found('index', 'a'), found('index', 'b')]), [])
    t.same(complaints('-- @vet-off index(a): a reason', [found('index', 'a'), found('index', 'b')]), ['3 index: wrong'])
  })

  t.test('keeps what another rule finds', async (t) => {
    t.match(complaints('-- @vet-off offset: a reason', [found('index')]), [
      '3 index: wrong',
      /^3 vet-off: offset is turned/,
    ])
  })

  t.test('finds a parameter for which nothing is found any more', async (t) => {
    t.match(complaints('-- @vet-off index(a, b): a reason', [found('index', 'a')]), [
      /^3 vet-off: index for :b is turned off/,
    ])
  })

  t.test('takes no comment for idle in a query that the server refuses', async (t) => {
    t.same(complaints('-- @vet-off offset: a reason', [found('prepare')]), ['3 prepare: wrong'])
  })

  t.test('finds comments that it cannot read', async (t) => {
    for (const comment of [
      '-- @vet-off',
      '-- @vet-off offset',
      '-- @vet-off offset:',
      '-- @vet-off offset:   ',
      '-- @vet-off : a reason',
      '-- @vet-off index(): a reason',
      '-- @vet-off index(a b): a reason',
      'LIMIT 1 -- @vet-off offset: a reason',
    ]) {
      t.match(
        complaints(comment, [found('offset')]),
        ['3 offset: wrong', /^3 vet-off: the comment has no rule/],
        comment,
      )
    }
  })

  t.test('finds a rule that there is not, and says nothing of one that has not run', async (t) => {
    t.match(complaints('-- @vet-off ofset: a reason'), [/^3 vet-off: there is no rule ofset/])
    t.same(complaints('-- @vet-off vet-off: a reason'), [])
  })
})

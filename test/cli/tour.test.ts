import { existsSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { connect } from '../../src/database.js'
import { makeFolder } from '../embedded/fixtures/processes.js'
import { createTestDatabase } from '../fixtures/database.js'
import { run, urlOf } from './fixtures/command.js'
import { writeFiles } from './fixtures/files.js'

const project = makeFolder(t)
writeFiles(project, {
  'node_modules/alpha/package.json': {
    name: 'alpha',
    version: '1.2.3',
    description: 'First of all',
    type: 'module',
    bin: { alpha: 'cli.js', omega: 'omega.js' },
    types: 'index.d.ts',
    scripts: { test: 'tap' },
    engines: { node: '>=20' },
    license: 'MIT',
    keywords: ['cli', 'ast', 'parser', 'cli'],
    dependencies: { beta: '^2.0.0' },
    peerDependencies: { '@scope/gamma': '*' },
  },
  'node_modules/alpha/index.ts': 'export const alpha = 1\n',
  'node_modules/alpha/README.md': '# Longer than the code, and no language\n',
  'node_modules/alpha/node_modules/beta/package.json': { name: 'beta', version: '2.0.0' },
  'node_modules/beta/package.json': { name: 'beta', version: '1.0.0' },
  'node_modules/@scope/gamma/package.json': { name: '@scope/gamma', bin: 'run.js', dependencies: { beta: '1' } },
  'node_modules/@scope/gamma/node_modules/beta/package.json': { name: 'beta', version: '1.0.0' },
  'node_modules/@scope/notes.txt': 'no package',
  'node_modules/malformed/package.json': '{ "name": "malformed", ',
  'node_modules/refused/package.json': { name: 'refused', version: '1.0.0', description: 'a\u0000b' },
  'node_modules/odd/package.json': {
    name: 'odd',
    version: 3,
    description: 7,
    keywords: 'cli',
    dependencies: ['beta'],
    scripts: 'none',
    engines: ['node'],
    bin: 5,
    license: {},
  },
  'node_modules/.bin/alpha': '#!/bin/sh\n',
  'packages/linked/package.json': { name: 'linked', version: '0.1.0' },
})
symlinkSync(join(project, 'packages/linked'), join(project, 'node_modules/linked'), 'dir')
symlinkSync(join(project, 'node_modules'), join(project, 'packages/linked/node_modules'), 'dir')
symlinkSync(join(project, 'gone'), join(project, 'node_modules/dangling'), 'dir')

const created = ['@scope/gamma@0.0.0', 'alpha@1.2.3', 'beta@1.0.0', 'beta@2.0.0', 'linked@0.1.0', 'odd@0.0.0']
const access = await createTestDatabase(t, null)
const surroundings = { cwd: project, env: { CI: 'true' } }

t.test('tour', async (t) => {
  t.test('imports each package once, and says what it left out', async (t) => {
    const { code, stdout, stderr } = await run(t, ['tour', '--json', '--url', urlOf(access)], surroundings)
    t.same([code, stderr], [0, ''])
    const { imported, answers, templates, used, templateAnswers, changes, modifications, timings, health, ...rest } =
      JSON.parse(stdout)
    t.match(imported, { packages: 9, created: 6, updated: 0, unchanged: 0, repeated: 1, mostDependedOn: 'beta' })
    t.same(imported.skipped, [
      { path: join(project, 'node_modules/malformed'), reason: 'no package.json with a name' },
      { path: 'refused@1.0.0', reason: imported.skipped[1]?.reason },
    ])
    t.match(imported.skipped[1]?.reason, 'description: ')
    t.match(
      answers.map(({ question, rows }: { question: string; rows: number }) => [question, rows]),
      [
        ['depend on beta', 2],
        ['have executables and are ESM', 1],
        ['written mostly in TypeScript', 1],
        ['tagged cli or terminal', 1],
        ['tagged ast and parser', 1],
        ['largest by code', 5],
        ['all by name, page by page', 6],
      ],
    )
    t.equal(changes.length, 5)
    t.match(templates, { created: 6, updated: 0, unchanged: 0, files: 8, refused: [{ name: 'refused@1.0.0' }] })
    t.same(used, ['alpha@1.2.3 with variables name, colour: still missing version, not known colour'])
    t.match(
      templateAnswers.map(({ question, rows }: { question: string; rows: number }) => [question, rows]),
      [
        ['search for: parser or formatting -browser', 1],
        ['tagged cli, but not terminal', 1],
        ['simple, set up within 2 minutes', 6],
        ['with TypeScript and Markdown', 1],
        ['most used', 1],
      ],
    )
    t.match(rest.services, {
      services: { created: 6, updated: 0, unchanged: 0 },
      dependencies: { created: 3 },
      required: 2,
      optional: 1,
      loosened: 0,
      refused: {
        dependency: 'beta requires @scope/gamma',
        message: /^DependencyCycleError: /,
        cycle: ['@scope/gamma', 'beta'],
      },
    })
    t.match(
      rest.serviceAnswers.map(({ question, rows }: { question: string; rows: number }) => [question, rows]),
      [
        ['in which order do all start', 6],
        ['what goes down with beta', 2],
        ['what does the last to start need', 3],
        ['longest chain, optional ones too', 3],
        ['search with a typo: bea', 2],
        ['figures of all', 6],
        ['who changed beta', 1],
      ],
    )
    t.same(
      rest.serviceAnswers.slice(3, 5).map(({ found }: { found: string[] }) => found),
      [['alpha > @scope/gamma > beta'], ['beta, beta@2.0.0']],
    )
    t.match(rest.serviceAnswers[6].found, [/^tour: insert of name, /])
    const outcomes = modifications.map(({ what, outcome }: { what: string; outcome: string }) => `${what}: ${outcome}`)
    for (const expected of [
      '60 requested, decided, carried out: 5 pending, 4 approved, 30 applied, 6 failed, 15 rejected',
      'iterations of the context: 30, one for each that was applied',
      /^approve a rejected one: TransitionError: .* cannot go from rejected to approved$/,
      /^apply one twice: TransitionError: .* cannot go from applied to applied$/,
      /^apply a pending one: TransitionError: .* cannot go from pending to applied$/,
      /^change an applied one: CheckViolationError: .*: only a pending modification can be changed$/,
      /^delete all, at most 10: RowLimitError: .* more than 10 rows; nothing was changed$/,
      'delete those that failed: 6 deleted',
      'delete the context: 54 modifications before, 0 after: they go with it',
    ]) {
      t.ok(
        outcomes.some(
          (outcome: string) => outcome === expected || (expected instanceof RegExp && expected.test(outcome)),
        ),
        String(expected),
      )
    }
    t.match(
      timings.find(({ call }: { call: string }) => call === 'modifications.apply'),
      { calls: 32 },
    )
    t.equal(health.status, 'healthy')
  })

  t.test('imports nothing twice, and prints neither colours nor progress into a pipe', async (t) => {
    const { code, stdout, stderr } = await run(t, ['tour', '.', '--url', urlOf(access)], surroundings)
    t.equal(code, 0)
    t.match(
      stdout,
      'Imported 9 packages of ./node_modules\n  as project contexts: 0 created, 0 updated, 6 unchanged; 1 at several places, imported once; 2 skipped',
    )
    t.match(stdout, 'skipped node_modules/malformed: no package.json with a name')
    t.equal(stderr, 'connecting and applying migrations ...\n')
    t.notOk(stdout.includes('\u001b'))
  })

  t.test('leaves whole rows, and none of its own', async (t) => {
    const db = await connect(access)
    t.teardown(() => db.close())
    const { items } = await db.projectContexts.list({ sort: 'name', limit: 100 })
    t.same(items.map(({ name }) => name).sort(), created)
    t.match(await db.projectContexts.findByName('tour', 'alpha@1.2.3'), {
      description: 'First of all',
      language: 'TypeScript',
      codebase: { files: 3, moduleKind: 'esm', features: ['executables', 'types'], executables: ['alpha', 'omega'] },
      configuration: { scripts: { test: 'tap' }, engines: { node: '>=20' }, licence: 'MIT' },
      techStack: ['cli', 'ast', 'parser'],
      dependencies: ['@scope/gamma', 'beta'],
    })
    t.equal(await db.modifications.count(), 0)
    t.match(await db.templates.findByName('alpha@1.2.3'), {
      version: '1.2.3',
      category: 'command line',
      files: {
        'index.ts': 'export const alpha = 1\n',
        'package.json': /"name": "\{\{name\}\}".*"license": "\{\{license\}\}"/s,
      },
      requiredVariables: ['name', 'version'],
      optionalVariables: ['description', 'license'],
      techStack: ['JSON', 'Markdown', 'TypeScript'],
      tags: ['cli', 'ast', 'parser'],
      complexity: 'simple',
      estimatedSetupMinutes: 2,
    })
    t.match(await db.projectContexts.findByName('tour', '@scope/gamma@0.0.0'), { codebase: { executables: ['gamma'] } })
    t.match(await db.projectContexts.findByName('tour', 'odd@0.0.0'), {
      description: null,
      codebase: { executables: [] },
      configuration: { scripts: {}, engines: {} },
      techStack: [],
      dependencies: [],
    })
  })

  t.test('of a folder without packages fails at once, and starts no server', async (t) => {
    const cwd = makeFolder(t)
    const { code, stdout, stderr } = await run(t, ['tour', 'nowhere'], { cwd })
    t.same([code, stdout], [1, ''])
    t.match(stderr, /^error nowhere has no node_modules with packages; try another folder\n/)
    t.notOk(existsSync(join(cwd, '.ashlar')))
  })

  t.test('does not repeat the password of its URL', async (t) => {
    const url = urlOf(access, { password: 'canary-4711' })
    const { code, stdout, stderr } = await run(t, ['tour', '--verbose', '--url', url], surroundings)
    t.same([code, stdout], [1, ''])
    t.match(stderr, 'password authentication failed')
    t.notMatch(stderr, 'canary-4711')
  })

  t.test('ends quietly when nobody reads its output', async (t) => {
    const { code, stdout, stderr } = await run(t, ['tour', '--url', urlOf(access)], {
      ...surroundings,
      readsOutput: false,
    })
    t.same([code, stdout, stderr], [141, '', 'connecting and applying migrations ...\n'])
  })
})

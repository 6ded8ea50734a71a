import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { findProject, leftOutHere } from '../../src/cli/project.js'
import { ConfigError } from '../../src/errors.js'

/** Makes a folder the working directory until the end of the test; gives its path. */
function enter(t: Test, files: Parameters<Test['testdir']>[0]): string {
  const before = process.cwd()
  const folder = realpathSync(t.testdir(files))
  process.chdir(folder)
  t.teardown(() => process.chdir(before))
  return folder
}

const shop = { 'pgtyped.config.json': '{}', migrations: {}, 'package.json': '{"name":"shop"}' }

t.test('findProject', async (t) => {
  t.test('is the working directory when that has pgtyped.config.json and migrations/', async (t) => {
    const folder = enter(t, shop)
    t.equal(findProject({}), folder)
    t.equal(leftOutHere({}), null)
    t.equal(findProject({ project: false }), null)
  })

  t.test('is none in a folder without either, and says when migrations/ is left out', async (t) => {
    enter(t, { migrations: {} })
    t.equal(findProject({}), null)
    t.match(leftOutHere({}), 'migrations/ of this folder is left out')
    t.equal(leftOutHere({ project: false }), null)
  })

  t.test('is none in a folder without migrations', async (t) => {
    enter(t, { 'pgtyped.config.json': '{}' })
    t.same([findProject({}), leftOutHere({})], [null, null])
  })

  t.test('is the working directory also where package.json cannot be read', async (t) => {
    const folder = enter(t, { ...shop, 'package.json': '{"name":' })
    t.equal(findProject({}), folder)
  })

  t.test('is none in the source of ashlar itself', async (t) => {
    const folder = enter(t, { ...shop, 'package.json': '{"name":"ashlar"}' })
    t.same([findProject({}), leftOutHere({}), findProject({ project: folder })], [null, null, null])
  })

  t.test('is the folder that is named, of which migrations/ is enough', async (t) => {
    const folder = enter(t, { 'my shop': { migrations: {} } })
    t.equal(findProject({ project: 'my shop' }), join(folder, 'my shop'))
  })

  t.test('refuses what is no folder, has no migrations, or is a URL', async (t) => {
    enter(t, { file: '', empty: {} })
    const refused = {
      file: /^--project is file, which is not a folder/,
      gone: /^--project is gone, which is not a folder/,
      empty: /^--project is empty, where there is no folder migrations/,
      'postgres://ada:canary@h/shop': /^--project is a URL/,
    }
    for (const [project, message] of Object.entries(refused)) {
      t.throws(() => findProject({ project }), { name: ConfigError.name, message }, project)
    }
  })
})

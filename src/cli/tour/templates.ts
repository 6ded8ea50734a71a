/** Makes templates of packages, and asks for them as an agent would that begins a project. */

import type { NewTemplate } from '../../agent/template.js'
import type { Database } from '../../database.js'
import type { Page } from '../../engine/page.js'
import { ValidationError } from '../../errors.js'
import type { Repositories } from '../../repositories.js'
import { observe } from './observer.js'
import { readTemplate } from './package-template.js'
import type { Answer } from './questions.js'

/** Templates that the tour makes at the most. */
const MOST = 100
/** Names shown for each answer. */
const SHOWN = 5
/** As people type it. */
const SEARCH = 'parser or formatting -browser'

/** What the import of templates did. */
export interface TemplateReport {
  readonly created: number
  readonly updated: number
  readonly unchanged: number
  readonly files: number
  /** Packages that ashlar refused, with the reason. */
  readonly refused: readonly { readonly name: string; readonly reason: string }[]
}

/** Makes a template of each package that is small and all text, up to 100, given by its folder. */
export async function importTemplates(db: Database, paths: readonly string[]): Promise<TemplateReport> {
  const templates = await readTemplates(paths)
  const counts = { created: 0, updated: 0, unchanged: 0 }
  const refused: { name: string; reason: string }[] = []
  let files = 0
  for (const template of templates) {
    try {
      counts[(await db.templates.upsert(template)).outcome] += 1
      files += Object.keys(template.files ?? {}).length
    } catch (error) {
      if (!(error instanceof ValidationError)) throw error
      refused.push({ name: template.name, reason: error.message })
    }
  }
  return { ...counts, files, refused }
}

async function readTemplates(paths: readonly string[]): Promise<NewTemplate[]> {
  const templates = new Map<string, NewTemplate>()
  for (const path of paths) {
    if (templates.size === MOST) break
    const template = await readTemplate(path)
    if (template !== null) templates.set(template.name, template)
  }
  return [...templates.values()]
}

/** Asks for templates in several ways. */
export async function askTemplates(db: Database): Promise<Answer[]> {
  return [
    await ask(db, `search for: ${SEARCH}`, ({ templates }) => templates.search(SEARCH)),
    await ask(db, 'tagged cli, but not terminal', ({ templates }) =>
      templates.list({ tagsAny: ['cli'], tagsNone: ['terminal'] }),
    ),
    await ask(db, 'simple, set up within 2 minutes', ({ templates }) =>
      templates.list({ complexity: 'simple', setupMinutesTo: 2, sort: 'quickest' }),
    ),
    await ask(db, 'with TypeScript and Markdown', ({ templates }) =>
      templates.list({ techAll: ['TypeScript', 'Markdown'], sort: 'newest' }),
    ),
    await ask(db, 'most used', async ({ templates }) =>
      (await templates.mostUsed(SHOWN)).map(({ name, usageCount }) => ({ name: `${name} (uses: ${usageCount})` })),
    ),
  ]
}

type Found = readonly { readonly name: string }[]

async function ask(
  db: Database,
  question: string,
  work: (db: Repositories) => Promise<Found | Page<Found[number]>>,
): Promise<Answer> {
  const { result, ...cost } = await observe(db, work)
  const items = 'items' in result ? result.items : result
  const names = items.map(({ name }) => name)
  const more = names.length > SHOWN ? [`... ${names.length - SHOWN} more`] : []
  return { question, ...cost, rows: names.length, found: [...names.slice(0, SHOWN), ...more] }
}

/** Uses the three templates that a search ranks first, as an agent would that lacks one of their variables. */
export async function useTemplates(db: Database): Promise<string[]> {
  const { items } = await db.templates.search(SEARCH, { limit: 3 })
  const used: string[] = []
  for (const [index, { templateId, name }] of items.entries()) {
    const { missing, unknown } = await db.templates.missingVariables(templateId, { name: 'mine', colour: 'red' })
    // Each time, so that there is a most used one.
    for (let times = items.length - index; times > 0; times -= 1) await db.templates.recordUse(templateId)
    used.push(
      `${name} with variables name, colour: still missing ${missing.join(', ') || 'none'}, not known ${unknown.join(', ')}`,
    )
  }
  return used
}

/** The application at work. DATABASE_URL says where; without it, an embedded server comes and goes with the program. */

import { fileURLToPath } from 'node:url'
import { CheckViolationError, connect } from 'ashlar'
import { newest, report, resolve } from './incidents.js'

const project = fileURLToPath(new URL('..', import.meta.url))
// A service in production leaves `migrate` out: `ashlar migrate up` is a step of its deploy.
await using db = await connect({ url: process.env.DATABASE_URL ?? 'embedded:temp', project, migrate: true })

await db.services.upsert({ name: 'calendar', protocol: 'http' })
const incidentId = await report(db, { service: 'calendar', severity: 'major', title: 'answers late' })
await show('reported')

await report(db, { service: 'calendar', severity: 'minor', title: '' }).catch((error: unknown) => {
  if (!(error instanceof CheckViolationError)) throw error
  console.log(`refused by ${error.constraint}`)
})
console.log('resolved:', await resolve(db, incidentId), await resolve(db, incidentId))
await show('in the end')

const { checks } = await db.health()
console.log('migrations:', checks.find(({ name }) => name === 'migrations')?.details)

async function show(when: string): Promise<void> {
  for (const { serviceName, serviceStatus, severity, title, resolvedAt } of await newest(db)) {
    const state = resolvedAt === null ? 'open' : 'resolved'
    console.log(`${when}: ${serviceName} (${serviceStatus}), ${severity}: ${title}, ${state}`)
  }
}

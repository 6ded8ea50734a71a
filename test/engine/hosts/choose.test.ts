import t from 'tap'
import { resolveConfig, type ServersTarget } from '../../../src/config.js'
import { choose, noneFits } from '../../../src/engine/hosts/choose.js'
import type { Sighting } from '../../../src/engine/hosts/probe.js'
import type { Role } from '../../../src/engine/hosts/role.js'
import { ConnectionError } from '../../../src/errors.js'
import { sessionAttrs } from '../../../src/session-attrs.js'

const { servers } = resolveConfig({ host: 'a,b,c', user: 'u' }, {}).target as ServersTarget

const primary = (timeline: number, systemId: string | null = '1'): Role => ({
  isStandby: false,
  isReadOnly: false,
  timeline,
  systemId,
})
const standby: Role = { isStandby: true, isReadOnly: true, timeline: null, systemId: '1' }
const closed: Role = { ...primary(1), isReadOnly: true }

/** What was seen of the hosts a, b and c; null: no answer. */
function seen(...roles: readonly (Role | null)[]): readonly Sighting[] {
  return roles.map((role, index) => {
    const server = servers[index]
    if (server === undefined) throw new Error('no such host')
    return { server, role, error: role === null ? new ConnectionError('connect: refused') : null }
  })
}

function known(index: number, role: Role) {
  const [sighting] = seen(role, role, role).slice(index)
  if (sighting === undefined) throw new Error('no such host')
  return { server: sighting.server, role }
}

t.test('choose', async (t) => {
  t.test('gives what is asked for, the first of equals', async (t) => {
    const hosts = seen(null, standby, primary(1))
    const chosen = (sightings: readonly Sighting[]) =>
      sessionAttrs.map((attrs) => choose(sightings, attrs, null)?.server.host ?? null)
    t.same(chosen(hosts), ['c', 'c', 'b', 'c', 'b', 'b'])
    t.same(chosen(seen(closed)), ['a', null, 'a', 'a', null, 'a'])
    t.same(chosen(seen(null, null, null)), [null, null, null, null, null, null])
  })

  t.test('gives the primary on the highest timeline, wherever it stands', async (t) => {
    t.equal(choose(seen(primary(1), primary(2)), 'read-write', null)?.server.host, 'b')
    t.equal(choose(seen(primary(10), primary(2)), 'primary', null)?.server.host, 'a')
  })

  t.test('stays with the one that it knows among equals', async (t) => {
    t.equal(choose(seen(standby, standby), 'standby', known(1, standby))?.server.host, 'b')
    t.equal(choose(seen(primary(2), primary(2)), 'read-write', known(1, primary(2)))?.server.host, 'b')
  })

  t.test('passes over a primary that was replaced, also when there is no other', async (t) => {
    t.equal(choose(seen(primary(1), null), 'read-write', known(1, primary(2))), null)
    t.equal(choose(seen(primary(1, null), null), 'read-write', known(1, primary(2, null))), null)
    t.equal(choose(seen(primary(1), null), 'any', known(1, primary(2)))?.server.host, 'a')
  })

  t.test('takes a lower timeline of a server that was set up anew', async (t) => {
    t.equal(choose(seen(primary(1, 'new'), null), 'read-write', known(1, primary(2)))?.server.host, 'a')
  })
})

t.test('noneFits', async (t) => {
  t.test('tells of each host what it is, or why it could not be seen', async (t) => {
    const { message, cause } = noneFits(seen(null, standby, primary(1)), 'read-write', known(1, primary(2)))
    t.equal(
      message,
      'connect: none of 3 hosts can be used: a port 5432: refused; b port 5432: a standby; ' +
        'c port 5432: an old primary, on timeline 1, where 2 was seen (target_session_attrs is read-write)',
    )
    t.match(cause, { message: 'connect: refused' })
  })

  t.test('leaves the error of a single host as it is', async (t) => {
    const [one] = seen(null)
    t.equal(noneFits(seen(null), 'read-write', null).message, one?.error?.message)
    t.match(
      noneFits(seen(closed), 'read-write', null).message,
      /^connect: a port 5432: a primary that takes no writes \(/,
    )
  })
})

import t from 'tap'

t.test('findPlace', async (t) => {
  t.test('tells a name server that does not answer from a name that is not known', async (t) => {
    const server = {
      host: 'db.internal',
      port: 1,
      user: 'app',
      password: null,
      database: 'shop',
      tls: 'disable' as const,
    }
    for (const [code, message, advice] of [
      ['EAI_AGAIN', /^the name db\.internal was not resolved: no name server answers/, /name servers/],
      ['ENOTFOUND', /^there is no host named db\.internal \(ENOTFOUND\)/, /mistake in the host's name/],
    ] as const) {
      const { findPlace } = await t.mockImport<typeof import('../../src/check/name.js')>('../../src/check/name.js', {
        'node:dns/promises': { lookup: () => Promise.reject(Object.assign(new Error(code), { code })) },
      })
      await t.rejects(findPlace(server, 1_000), { message, advice }, code)
    }
  })
})

import { EventEmitter } from 'node:events'
import t from 'tap'

t.test('openSocket', async (t) => {
  t.test('tells a connection that may not be opened from one that nobody takes', async (t) => {
    const server = { host: '10.0.0.5', port: 1, user: 'app', password: null, database: 'shop', tls: 'disable' as const }
    for (const [code, advice] of [
      ['EACCES', /may not open the connection/],
      ['EPERM', /may not open the connection/],
      ['EHOSTUNREACH', /lets TCP port 1 through/],
    ] as const) {
      const { openSocket } = await t.mockImport<typeof import('../../src/check/port.js')>('../../src/check/port.js', {
        'node:net': {
          connect() {
            const socket = Object.assign(new EventEmitter(), { destroy() {} })
            process.nextTick(() => socket.emit('error', Object.assign(new Error(`connect ${code}`), { code })))
            return socket
          },
        },
      })
      const opened = openSocket(server, { addresses: [{ address: '10.0.0.5', family: 4 }] }, 1_000)
      await t.rejects(opened, { message: new RegExp(code), advice }, code)
    }
  })
})

import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import t from 'tap'
import { startDelayProxy } from '../../bench/delay-proxy.js'

t.test('startDelayProxy', async (t) => {
  t.test('delays both directions, and keeps order and content', async (t) => {
    const echo = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1')
    await once(echo, 'listening')
    t.teardown(() => echo.close())
    const { port } = echo.address() as AddressInfo
    const proxy = await startDelayProxy({ host: '127.0.0.1', port, user: '', password: '', database: '' }, 20)
    t.teardown(() => proxy.close())

    const socket = connect(proxy.target.port, proxy.target.host).setEncoding('utf8')
    await once(socket, 'connect')
    const startedAt = performance.now()
    const parts = Array.from({ length: 20 }, (_, index) => `part ${index};`)
    for (const part of parts) socket.write(part)
    socket.end()
    let received = ''
    let firstAt = 0
    for await (const chunk of socket) {
      firstAt ||= performance.now()
      received += chunk
    }
    t.equal(received, parts.join(''))
    // Timers may fire a fraction of a millisecond early.
    t.ok(firstAt - startedAt >= 38)
  })
})

import { keepInSync } from '../../src/sync/index.ts'
import { type LocalShell, localGuest } from './local-guest.ts'

// Keeps two folders equal until it is killed: the pair as JSON, and the shell that stands for the guest.
const [pair = '', shell = ''] = process.argv.slice(2)
const control = new AbortController()
process.once('SIGTERM', () => control.abort(new Error('ended')))
await keepInSync(JSON.parse(pair), localGuest(shell as LocalShell), {
  emit: () => undefined,
  signal: control.signal,
}).catch((error: unknown) => {
  if (error !== control.signal.reason)
    process.stderr.write(`${error instanceof Error ? error.stack : error}\n`)
  process.exitCode = 1
})

import { readFileSync } from 'node:fs'
import { encodeFailure, encodeReady, logLine, tellStarter, untilToldToEnd } from '../../background/index.ts'
import { hostedPaths, runServer, type ServerConfig } from '../../remote/index.ts'
import { providerRegistry } from '../provider/registry.ts'

/** The process that serves other hosts: its configuration on standard input. Only built-in providers run machines for them. */

process.umask(0o077)
const stop = untilToldToEnd()
const user = hostedPaths(process.env)
const refuse = async () => {
  throw new Error('nothing here belongs to a project')
}
const { get: provider } = providerRegistry({
  ...{ root: user.hosted, cacheDir: user.cache, trust: { require: refuse } },
  emit: (event) => event.type === 'notice' && logLine(event.message),
})
try {
  const config = JSON.parse(readFileSync(0, 'utf8')) as ServerConfig
  const onReady = () => tellStarter(encodeReady(), logLine)
  const ended = await runServer(config, { user, provider }, { signal: stop, onReady })
  if (ended === null) onReady()
  else logLine(`ended: ${ended}`)
  process.exit(0)
} catch (error) {
  if (stop.aborted) process.exit(0)
  logLine(`ended: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  tellStarter(encodeFailure(error), logLine)
  process.exit(1)
}

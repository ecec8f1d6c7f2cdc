import { logLine, runServing } from '../../background/index.ts'
import { hostedPaths, runServer, type ServerConfig } from '../../remote/index.ts'
import { providerRegistry } from '../provider/registry.ts'

/** The process that serves other hosts: its configuration on standard input. Only built-in providers run machines for them. */

await runServing<ServerConfig>(async (config, serving) => {
  const user = hostedPaths(process.env)
  const refuse = async () => {
    throw new Error('nothing here belongs to a project')
  }
  const { get: provider } = providerRegistry({
    ...{ root: user.hosted, cacheDir: user.cache, trust: { require: refuse } },
    emit: (event) => event.type === 'notice' && logLine(event.message),
  })
  return runServer(config, { user, provider }, serving)
})

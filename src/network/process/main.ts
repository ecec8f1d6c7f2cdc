import { readFileSync } from 'node:fs'
import { encodeFailure, encodeReady, logLine as log, tellStarter } from '../../background/index.ts'
import { fromSystemError } from '../../errors/index.ts'
import type { ProcessConfig } from '../launch.ts'
import { supervise } from './supervise.ts'

/** The process of one project's networks: its configuration on standard input, one line of JSON on standard output. */

const say = (line: string) => tellStarter(line, log)

process.on('uncaughtException', (error) => {
  log(`bug: ${error.stack ?? error.message}`)
  process.exit(1)
})

process.umask(0o077)
process.title = 'posada-network'
const stop = new Promise<string>((resolve) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => resolve(`it was told to end by ${signal}`))
  }
})
let hangUp: () => void = () => undefined
process.on('SIGHUP', () => hangUp())

const config = JSON.parse(readFileSync(0, 'utf8')) as ProcessConfig
process.title = `posada-network ${config.id}`
try {
  log('the networks of the project begin')
  const onHangUp = (putBack: () => void) => {
    hangUp = putBack
  }
  const onReady = () => say(encodeReady())
  log(`they end: ${await supervise({ ...config, log, stop, onReady, onHangUp })}`)
  process.exit(0)
} catch (error) {
  const failure = fromSystemError(error)
  log(`failed: ${failure instanceof Error ? (failure.stack ?? failure.message) : failure}`)
  say(encodeFailure(failure))
  process.exit(1)
}

import type { Readable, Writable } from 'node:stream'
import { hostedPaths, serveStdio } from '../remote/index.ts'
import { ownVersion } from './own-version.ts'

/** Serves another host over the process's own streams, until that goes away: what it runs by ssh. */
export function serve(streams: { stdin: Readable; stdout: Writable }, env: NodeJS.ProcessEnv): Promise<void> {
  return serveStdio({ user: hostedPaths(env), version: ownVersion() }, streams)
}

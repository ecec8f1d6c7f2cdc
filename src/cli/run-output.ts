import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { Masking } from '../machine/index.ts'
import { Collector } from './collector.ts'

export interface RunOutput {
  stdout: Writable
  stderr: Writable
  /** Lets out what waited; with `--json` what was written. */
  end(): Promise<{ stdout?: string; stderr?: string; truncated?: boolean }>
}

/** Where the output of a run goes: on, or into the document; secret values do neither. */
export function runOutput(json: boolean, secrets: readonly string[]): RunOutput {
  const collected = json ? { stdout: new Collector(), stderr: new Collector() } : null
  const { stdout, stderr } = collected ?? process
  const maskings: Masking[] = []
  const hiding = (stream: Writable): Writable => {
    if (secrets.length === 0) return stream
    const masking = new Masking(secrets)
    masking.pipe(stream, { end: false })
    maskings.push(masking)
    return masking
  }
  return {
    stdout: hiding(stdout),
    stderr: hiding(stderr),
    async end() {
      await Promise.all(maskings.map((masking) => finished(masking.end())))
      if (collected === null) return {}
      const truncated = collected.stdout.truncated || collected.stderr.truncated
      return { stdout: collected.stdout.text(), stderr: collected.stderr.text(), truncated }
    },
  }
}

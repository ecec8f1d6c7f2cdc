import type { ReadyProbe } from '../../manifest/index.ts'
import type { Answer, Looking } from './answer.ts'
import { probeConsole } from './probe-console.ts'
import { probeHttp } from './probe-http.ts'
import { probeShell } from './probe-shell.ts'
import { probeTcp } from './probe-tcp.ts'

/** Looks once, at the console or from inside the guest. Throws E_SSH_LOST, and the signal's reason. */
export function probeOnce(probe: ReadyProbe, looking: Looking): Promise<Answer> {
  if (probe.kind === 'console') return probeConsole(probe, looking)
  const { session } = looking
  if (session === null) throw new Error(`a probe by ${probe.kind} takes a session`)
  const context = { ...looking, session }
  switch (probe.kind) {
    case 'tcp':
      return probeTcp(probe, context)
    case 'http':
      return probeHttp(probe, context)
    case 'shell':
      return probeShell(probe, context)
  }
}

/** A probe in a few words: `tcp 5432`, `http localhost:80/health`, `shell pg_isready`, `console "login:"`. */
export function probeName(probe: ReadyProbe): string {
  switch (probe.kind) {
    case 'tcp':
      return `tcp ${probe.port}`
    case 'http':
      return `http ${probe.host}:${probe.port}${probe.path === '/' ? '' : probe.path}`
    case 'console':
      return `console ${JSON.stringify(probe.text)}`
    case 'shell': {
      const [line = ''] = probe.script.trim().split('\n')
      return `shell ${line.length > 50 ? `${line.slice(0, 49)}…` : line}`
    }
  }
}

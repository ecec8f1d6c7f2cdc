import type { ReadyProbe } from '../../manifest/index.ts'
import type { Answer, ProbeContext } from './answer.ts'
import { probeHttp } from './probe-http.ts'
import { probeShell } from './probe-shell.ts'
import { probeTcp } from './probe-tcp.ts'

/** Looks once, from inside the guest. Throws E_SSH_LOST, and the signal's reason. */
export function probeOnce(probe: ReadyProbe, context: ProbeContext): Promise<Answer> {
  switch (probe.kind) {
    case 'tcp':
      return probeTcp(probe, context)
    case 'http':
      return probeHttp(probe, context)
    case 'shell':
      return probeShell(probe, context)
  }
}

/** A probe in a few words: `tcp 5432`, `http localhost:80/health`, `shell pg_isready`. */
export function probeName(probe: ReadyProbe): string {
  switch (probe.kind) {
    case 'tcp':
      return `tcp ${probe.port}`
    case 'http':
      return `http ${probe.host}:${probe.port}${probe.path === '/' ? '' : probe.path}`
    case 'shell': {
      const [line = ''] = probe.script.trim().split('\n')
      return `shell ${line.length > 50 ? `${line.slice(0, 49)}…` : line}`
    }
  }
}

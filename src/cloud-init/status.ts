import { capture, type SshSession } from '../ssh/index.ts'

/** How cloud-init ended. */
export interface CloudInitResult {
  /** `degraded`: it went on over problems. `absent`: the guest has none. `cut`: what waited was killed, as by a shutdown. */
  state: 'done' | 'degraded' | 'failed' | 'absent' | 'cut'
  /** What went wrong, then the end of its log; empty where nothing did. */
  details: string[]
}

const logLines = 15
const detailLength = 400

/**
 * Waits for cloud-init in a guest to end, which may take as long as what it was told to do; `signal` ends
 * the waiting. Throws E_SSH_LOST where the connection does not last. Source: cloud-init, "status".
 */
export async function awaitCloudInit(session: SshSession, signal: AbortSignal): Promise<CloudInitResult> {
  const { code, signal: killedBy } = await capture(session, ['/bin/sh', '-c', waitScript], { signal })
  if (killedBy !== null) return { state: 'cut', details: [] }
  if (code === 127) return { state: 'absent', details: [] }
  if (code === 0) return { state: 'done', details: [] }
  const { stdout } = await capture(session, ['/bin/sh', '-c', tellScript], { signal })
  // Older than 23.4: 1 for what newer ones tell apart by 2 and more.
  return { state: code === 2 ? 'degraded' : 'failed', details: readReport(stdout) }
}

/**
 * While it waits it writes dots without end. Older ones wait no longer once something has failed, though later
 * stages still run: these are waited for until a minute has passed without any.
 */
const waitScript = `command -v cloud-init >/dev/null 2>&1 || exit 127
cloud-init status --wait >/dev/null 2>&1
code=$? idle=0
while [ ! -e /run/cloud-init/result.json ] && [ $idle -lt 60 ]; do
  if grep -q '"stage": "' /run/cloud-init/status.json 2>/dev/null; then idle=0; else idle=$((idle + 1)); fi
  sleep 1
done
exit $code`

const tellScript = `head -c 65536 /run/cloud-init/result.json 2>/dev/null
echo; echo ${'='.repeat(8)}
log=/var/log/cloud-init-output.log
if [ -r $log ]; then tail -n ${logLines} $log; else sudo -n tail -n ${logLines} $log; fi 2>/dev/null`

/** Errors as result.json has them, and the end of the log. The guest is not trusted to write either well. */
export function readReport(text: string): string[] {
  const [json = '', log = ''] = text.split(`\n${'='.repeat(8)}\n`)
  const lines = log
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .slice(-logLines)
  return [...errorsIn(json), ...lines].map((line) => line.slice(0, detailLength))
}

function errorsIn(json: string): string[] {
  try {
    const result = member(JSON.parse(json), 'v1')
    const errors = member(result, 'errors')
    const recoverable = member(result, 'recoverable_errors')
    const groups = typeof recoverable === 'object' && recoverable !== null ? Object.values(recoverable) : []
    return [errors, ...groups]
      .flat()
      .filter((each) => typeof each === 'string')
      .slice(0, 10)
  } catch (error) {
    if (error instanceof SyntaxError) return []
    throw error
  }
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined
}

import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { it } from 'vitest'
import { readSyncStatus } from '../../../src/sync/index.ts'
import { makePair } from '../../helpers/sync-pair.ts'
import { buildEngine } from '../../kills/sync-engine.ts'

// A user namespace has a limit of its own. It has more folders than that on both sides.
const limited = 'echo 3 >/proc/sys/user/max_inotify_watches && exec "$@"'

it('at the limit of watches both sides are looked at every few seconds, and that is said', {
  timeout: 120_000,
}, async () => {
  using pair = makePair('dash')
  for (const name of 'abcdef') {
    mkdirSync(join(pair.from, name))
    writeFileSync(join(pair.from, name, 'f'), '1')
  }
  const program = await buildEngine(join(pair.from, '..'))
  const words = ['-Ur', 'sh', '-c', limited, 'sh', process.execPath, program, JSON.stringify(pair), 'dash']
  const engine = spawn('unshare', words, { stdio: ['ignore', 'ignore', 'inherit'] })
  const ended = new Promise((resolve) => engine.once('exit', resolve))
  try {
    await until(async () => {
      const { scanning } = await readSyncStatus(pair.stateDir)
      return scanning.host && scanning.guest
    })
    for (const [here, there] of [
      [pair.from, pair.to],
      [pair.to, pair.from],
    ] as const) {
      writeFileSync(join(here, 'f/f'), `from ${here}`)
      await until(() => content(join(there, 'f/f')) === `from ${here}`)
    }
  } finally {
    engine.kill('SIGTERM')
    await ended
  }
})

/** Waits as long as a busy host may take. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await holds()); tries++) {
    if (tries > 3000) throw new Error(`it did not happen: ${holds}`)
    await sleep(20)
  }
}

/** Null while the next version takes its place. */
function content(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

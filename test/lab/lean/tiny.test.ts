import { it } from 'vitest'
import { liveThrough } from '../machine-life.ts'

// An outer machine, and in it one of posada/tiny: some 2.5 minutes.
it('brings posada/tiny up to SSH, provisions it, shuts it down and takes it away', async () => {
  await liveThrough({ box: 'posada/tiny', cpus: 1, memory: '256MiB', agent: false })
}, 520_000)

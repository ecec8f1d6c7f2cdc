import { expect, it, onTestFinished } from 'vitest'
import { labGuest } from './lab-guest.ts'

// One start of a guest: some 15 s.
it('gives the guest two processors, and both work', async () => {
  const guest = await labGuest({ cpus: 2 })
  onTestFinished(() => guest.discard())
  await guest.start()
  expect((await guest.run('nproc')).trim()).toBe('2')
  const work = 'n=0; while [ $n -lt 20000 ]; do n=$((n+1)); done'
  await guest.run(`taskset 1 sh -c '${work}' & taskset 2 sh -c '${work}' & wait`)
  const busy = [...(await guest.run('cat /proc/stat')).matchAll(/^cpu\d+ (\d+)/gm)].map(([, user]) =>
    Number(user),
  )
  expect(busy).toHaveLength(2)
  for (const ticks of busy) expect(ticks).toBeGreaterThan(0)
})

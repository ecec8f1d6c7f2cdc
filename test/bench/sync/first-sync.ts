import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type BenchResult, comparePairs } from '../bench.ts'
import { timed } from '../timed.ts'
import type { GuestOfBench, Sizes } from './guest.ts'

/** How long it takes until a tree is in the guest, and until it is known that nothing changed. */
export async function firstSync(guest: GuestOfBench, { files, samples, log }: Sizes): Promise<BenchResult[]> {
  await guest.tree('first', files)
  await mkdir(join(guest.folder, 'empty'))
  await guest.folders({ empty: '/home/posada/empty' })
  const config = await guest.sshConfig()
  let count = 0
  const first = await comparePairs({
    ...{ name: `first sync of ${files} files ÷ rsync over ssh`, limit: 1, samples, warmUp: 1, log },
    how: 'debian/12 that runs: `posada sync` with a folder that is new in the manifest, and `rsync -a -e ssh` of it, each into a new folder',
    ours: async () => {
      await guest.folders({ first: `/home/posada/first-${++count}` })
      const { seconds } = await guest.posada('sync')
      await guest.inStep()
      return seconds
    },
    theirs: async () => {
      const words = ['-a', '-e', `ssh -F ${config}`, `${join(guest.folder, 'first')}/`]
      return (await timed('rsync', [...words, `default:theirs-${count}`])).seconds
    },
  })
  const nothing = await comparePairs({
    ...{ name: 'nothing changed ÷ one second', limit: 0.3, samples, warmUp: 1, log },
    how: `\`posada sync\` of the same ${files} files once more`,
    ours: async () => (await guest.posada('sync')).seconds,
    theirs: async () => 1,
  })
  return [first, nothing]
}

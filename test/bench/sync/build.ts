import { type BenchResult, comparePairs } from '../bench.ts'
import type { GuestOfBench, Sizes } from './guest.ts'

/** A build in the guest: it unpacks files and reads them. Prints seconds. */
const script = (place: string) =>
  `cd ${place} && s=$(date +%s.%N) && tar -xf ~/build.tar && grep -rc zzz build | wc -l >/dev/null && e=$(date +%s.%N) && rm -rf build && echo "$s $e"`

/** What working on a folder that is kept equal costs beside the guest's own disk. */
export async function buildOnMirror(
  guest: GuestOfBench,
  { files, samples, log }: Sizes,
): Promise<BenchResult[]> {
  // A folder in which nothing is left would be refused.
  await guest.tree('mirror', 1)
  await guest.folders({ mirror: '/home/posada/mirror' })
  await guest.posada('sync')
  await guest.run(
    `mkdir -p build own && cd build && for i in $(seq ${files}); do echo "file $i" >$i; done; cd .. && tar -cf build.tar build && rm -rf build`,
  )
  const seconds = async (place: string) => {
    const [start = 0, end = 0] = (await guest.run(script(place))).split(' ').map(Number)
    await guest.posada('sync')
    return end - start
  }
  const result = await comparePairs({
    ...{ name: `build of ${files} files on a mirrored folder ÷ on the own disk`, limit: 1.05, log },
    ...{ samples, warmUp: 1 },
    how: 'in debian/12: `tar -x` and `grep -r`, by the guest’s own clock, while changes are carried to the host',
    ours: () => seconds('~/mirror'),
    theirs: () => seconds('~/own'),
  })
  return [result]
}

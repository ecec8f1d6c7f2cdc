import { type BenchResult, comparePairs } from '../bench.ts'
import type { How } from './index.ts'
import { benchProject } from './project.ts'

/** Packages that the guest makes itself: what their installation takes, without a network to wait for. */
const install = `cd /tmp
for p in a b c d e f; do
  d=posada-$p
  mkdir -p $d/DEBIAN $d/usr/share/$d
  printf 'Package: posada-%s\\nVersion: 1\\nArchitecture: all\\nMaintainer: n <n@example.com>\\nDescription: n\\n' $p > $d/DEBIAN/control
  head -c 2000000 /dev/urandom | split -b 4096 - $d/usr/share/$d/
  dpkg-deb -b $d
  dpkg -i $d.deb
  rm -r $d
done > /dev/null`

const manifest = (cache: boolean) => `version: 1
box: debian/12
memory: 512MiB
provision: [{name: packages, shell: ${JSON.stringify(install)}, cache: ${cache}}]
`

/** Creates a machine whose layer is there, and the same without one; then runs commands in that by its agent and over SSH. */
export async function ofDebian({ samples, log }: How): Promise<BenchResult[]> {
  const kept = await benchProject(manifest(true))
  const plain = await benchProject(manifest(false))
  try {
    await kept.posada('up')
    const create = async ({ posada }: typeof kept) => {
      await posada('destroy', '--yes')
      return posada('up')
    }
    const made = await comparePairs({
      ...{ name: 'creation from a layer ÷ without', limit: 0.3, samples, log },
      how: 'debian/12 with 512 MiB: `posada up` of a new machine whose step makes and installs six packages of 500 files, with the layer of that step and without',
      ours: () => create(kept),
      theirs: () => create(plain),
    })
    const byAgent = await comparePairs({
      ...{ name: 'exec --agent ÷ exec', limit: null, warmUp: 1, samples, log },
      how: 'the same machine: `true` by the guest agent and over the connection that is kept; whole processes',
      ours: () => plain.posada('exec', '--agent', '--', 'true'),
      theirs: () => plain.posada('exec', '--', 'true'),
    })
    return [made, byAgent]
  } finally {
    await kept.discard()
    await plain.discard()
  }
}

import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { exists } from '../../lib/files/folders.ts'
import type { Layer } from '../recipe/recipe.ts'

/**
 * Lays out the folder `recipe` of a build as boxes/lib/image.sh wants it, `files/` and `prepare.sh`: the
 * recipe's own where it stands alone and has both; else with a `prepare.sh` that does what the layers
 * say, one after the other. Both may be missing in a layer.
 */
export async function stageLayers(target: string, layers: readonly Layer[]): Promise<void> {
  const [first, ...rest] = layers
  if (first === undefined) throw new Error('a recipe without a layer')
  if (rest.length === 0 && first.run.length === 0 && (await isComplete(first.dir))) {
    await cp(first.dir, target, asTheyAre)
    return
  }
  await mkdir(join(target, 'files'), { recursive: true })
  for (const [index, { dir, run }] of layers.entries()) {
    const own = join(target, 'layers', String(index))
    await cp(dir, own, asTheyAre)
    await mkdir(join(own, 'files'), { recursive: true })
    await mkdir(join(own, 'posada-run'))
    for (const [place, text] of run.entries())
      await writeFile(join(own, 'posada-run', String(place).padStart(3, '0')), text)
    if (!(await exists(join(own, 'prepare.sh')))) await writeFile(join(own, 'prepare.sh'), '')
  }
  await writeFile(join(target, 'prepare.sh'), prepareScript(layers.length))
}

async function isComplete(dir: string): Promise<boolean> {
  return (await exists(join(dir, 'files'))) && (await exists(join(dir, 'prepare.sh')))
}

/** A relative link leads somewhere in the new root. */
const asTheyAre = { recursive: true, verbatimSymlinks: true }

/**
 * Each command runs in a shell of its own, which shows what it does and ends with the first that fails.
 * Runs as image.sh runs a recipe's own: by sh, as root of the build, with `$root` and `$login_user`. A build
 * of an ordinary user cannot make devices, so what was written to /dev/null may have become a file.
 */
function prepareScript(layers: number): string {
  const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
  const environment = `${path} HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive login_user="$login_user"`
  return `set -eu
layers=$(dirname "$0")/layers
for number in ${[...Array(layers).keys()].join(' ')}; do
  layer="$layers/$number"
  cp -R --no-preserve=ownership --remove-destination "$layer/files/." "$root/"
  sh "$layer/prepare.sh"
  for script in "$layer"/posada-run/*; do
    [ -e "$script" ] || continue
    chroot "$root" env -i ${environment} sh -eux -c "$(cat "$script")" </dev/null
  done
  [ -c "$root/dev/null" ] || rm -f "$root/dev/null"
done
`
}

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openBoxStore } from '../../src/box/index.ts'
import { userPaths } from '../../src/project/paths.ts'
import { builtFiles, runInLab } from './lab.ts'

const manifest = (box: string, cpus: number, memory: string) => `version: 1
name: lab
machines:
  web:
    box: ${box}
    provider: kvm
    cpus: ${cpus}
    memory: ${memory}
    provision:
      - name: first
        shell: echo provisioned > /tmp/first
`

const script = `set -e -o pipefail
export XDG_DATA_HOME=/job/data XDG_STATE_HOME=/tmp/state XDG_CACHE_HOME=/tmp/cache XDG_RUNTIME_DIR=/run
posada() { echo "\\$ posada $*"; node /job/project/bin/posada.js "$@" 2>&1 | cat; }
cd /job/vm
posada doctor || true
posada up
posada status
posada exec -- true
posada exec -- sh -c 'cat /tmp/first; uname -sm; grep -c ^processor /proc/cpuinfo'
posada halt
posada status
posada destroy --yes
ls -A /run /tmp/state/posada 2>/dev/null || true
`

const machines = [
  { box: 'posada/tiny', cpus: 1, memory: '256MiB' },
  { box: 'debian/12', cpus: 2, memory: '1GiB' },
]

// Each starts the outer machine and in it one of the box: some 3 minutes.
it.each(machines)(
  'brings $box up to SSH, provisions it, shuts it down and takes it away',
  async (machine) => {
    const { box, cpus, memory } = machine
    const work = await mkdtemp(join(tmpdir(), 'posada-lab-up-'))
    try {
      await writeFile(join(work, 'posada.yaml'), manifest(box, cpus, memory))
      const { output, exitCode } = await runInLab({
        files: {
          ...builtFiles,
          ...(await boxFiles(box)),
          'vm/posada.yaml': join(work, 'posada.yaml'),
        },
        script,
        timeout: 330_000,
        ...(process.env.POSADA_LAB_VERBOSE === undefined
          ? {}
          : { onOutput: (text) => process.stdout.write(text) }),
      })
      expect(exitCode, output.slice(-8000)).toBe(0)
      expect(output).toMatch(new RegExp(`provisioned\\s+Linux x86_64\\s+${cpus}\\s`))
    } finally {
      await rm(work, { recursive: true, force: true })
    }
  },
  400_000,
)

/** The newest box of this name, as it lies in a store below /job/data. */
async function boxFiles(name: string): Promise<Record<string, string>> {
  const { boxes } = userPaths({ ...process.env, HOME: homedir() })
  const store = openBoxStore(boxes)
  const box = (await store.list()).filter((one) => one.name === name).at(-1)
  if (box?.box == null) throw new Error(`no box: bin/posada.js box build ${name}`)
  const ref = join('refs', name, box.version, `${box.arch}.json`)
  const place = join('data', 'posada', 'boxes')
  return { [join(place, ref)]: join(boxes, ref), [join(place, 'sha256', box.digest)]: box.box.dir }
}

import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { userPaths } from '../../src/project/user-paths.ts'
import { hasDockerRegistry, startDockerRegistry } from '../helpers/docker-registry.ts'
import { type Bench, comparePairs } from './bench.ts'
import { timed } from './timed.ts'

const launcher = resolve('bin/posada.js')

/** A box out of a registry on this computer, against skopeo's copy of the same artefact as it lies there. */
export const bench: Bench = {
  name: 'registry',

  async unavailable() {
    if (!hasDockerRegistry) return 'docker-registry is missing: apt-get install docker-registry'
    if (spawnSync('skopeo', ['--version']).status !== 0) return 'skopeo is missing: apt-get install skopeo'
    return null
  },

  async run({ samples, log }) {
    const registry = await startDockerRegistry()
    const dir = await mkdtemp(join(tmpdir(), 'posada-bench-registry-'))
    const place = `${registry.host}/debian:12`
    const posada = (args: string[], data: string) =>
      timed(process.execPath, [launcher, ...args], { cwd: dir, env: { ...process.env, XDG_DATA_HOME: data } })
    try {
      const own = join(userPaths().boxes, '..', '..')
      await posada(['box', 'build', 'debian/12'], own)
      await posada(['box', 'push', 'debian/12', `oci://${place}`], own)
      const result = await comparePairs({
        name: 'box add oci:// ÷ skopeo copy',
        how: 'debian/12 from docker-registry on loopback; ours unpacked, checked, flushed and in a store that was empty; theirs the parts as they lie there, in a folder',
        limit: 1.3,
        samples,
        warmUp: 1,
        log,
        ours: async () => {
          const data = join(dir, 'data')
          const { seconds } = await posada(['box', 'add', `oci://${place}`], data)
          await rm(data, { recursive: true })
          return seconds
        },
        theirs: async () => {
          const copy = join(dir, 'copy')
          const from = ['copy', '--quiet', '--src-tls-verify=false', `docker://${place}`]
          const { seconds } = await timed('skopeo', [...from, `dir:${copy}`])
          await rm(copy, { recursive: true })
          return seconds
        },
      })
      return [result]
    } finally {
      await rm(dir, { recursive: true, force: true })
      await registry.stop()
    }
  },
}

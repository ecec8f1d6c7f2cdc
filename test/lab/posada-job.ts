import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { boxFiles } from './box-files.ts'
import { builtFiles, type LabJob, runInLab } from './lab.ts'

export interface PosadaJob {
  /** Those that the manifest names. */
  boxes: readonly string[]
  /** posada.yaml */
  manifest: string
  /** Lines of bash, in the project's folder; `posada` is the built command line, and says what it is called with. */
  script: string
  /** Milliseconds. */
  timeout: number
  /** Further files of the job. */
  files?: LabJob['files']
}

/** Runs the built command line in the lab, in a project of its own. It fails with the first command that does. */
export async function runPosada(job: PosadaJob): Promise<{ output: string; exitCode: number }> {
  const work = await mkdtemp(join(tmpdir(), 'posada-lab-up-'))
  try {
    await writeFile(join(work, 'posada.yaml'), job.manifest)
    const boxes = await Promise.all(job.boxes.map((name) => boxFiles(name)))
    return await runInLab({
      files: {
        ...builtFiles,
        ...Object.assign({}, ...boxes),
        'vm/posada.yaml': join(work, 'posada.yaml'),
        ...job.files,
      },
      script: `${prelude}\n${job.script}`,
      timeout: job.timeout,
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

const prelude = `set -e -o pipefail
export XDG_DATA_HOME=/job/data XDG_STATE_HOME=/tmp/state XDG_CACHE_HOME=/tmp/cache XDG_RUNTIME_DIR=/run POSADA_WARM=off
posada() { echo "\\$ posada $*"; node /job/project/bin/posada.js "$@" 2>&1 | cat; }
cd /job/vm
`

/** Fails where `destroy` has left a process, a port, a socket or a file of a machine behind. */
export const nothingLeft = `left=$(ps | grep -E '[p]osada-|[p]asst' || true
grep ' 0A ' /proc/net/tcp || true
find /run/posada .posada/machines .posada/networks -mindepth 1 2> /dev/null || true)
if [ -n "$left" ]; then echo "left behind: $left"; exit 1; fi`

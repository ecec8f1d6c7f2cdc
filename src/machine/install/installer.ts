import { randomBytes } from 'node:crypto'
import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Installer, InstallJob } from '../../box/index.ts'
import { PosadaError } from '../../errors/index.ts'
import { readTextIfThere, writeFileAtomic } from '../../lib/files/write-file.ts'
import { ensureRuntimeDir, removeRuntimeDir, type UserPaths } from '../../project/index.ts'
import type { MachineSpec, Provider } from '../../provider/index.ts'
import { tailLines } from '../observed/console.ts'
import type { Providing, Reporting } from '../project.ts'
import { awaitEnd } from './await-end.ts'
import { installNeeds, installSpec } from './spec.ts'

/** Lines of the console that a failure shows. */
const shownLines = 15

type Installing = Providing & Reporting & { user: UserPaths }

/** Runs installers with what providers there are. */
export function machineInstaller(context: Installing): Installer {
  return { run: (job) => runInstaller(context, job), clear: (folder) => clear(context, folder) }
}

async function runInstaller(context: Installing, job: InstallJob): Promise<void> {
  const { provider } = await context.providers.choose(installNeeds(job))
  const id = randomBytes(4).toString('hex')
  const runtimeDir = await ensureRuntimeDir(context.user.runtime, id)
  const spec = installSpec(job, { id, runtimeDir })
  try {
    await mkdir(spec.files.dataDir)
    // Whoever finds that this was killed ends it by this.
    await writeFileAtomic(recordOf(job.folder), JSON.stringify({ provider: provider.name, spec }))
    await provider.create(spec)
    const { size: empty } = await stat(job.disk.path)
    await provider.start(spec, { signal: context.signal })
    await checkEnd(await awaitEnd(context, { provider, spec, job }), { job, spec, empty })
  } finally {
    await end(provider, spec)
  }
}

async function end(provider: Provider, spec: MachineSpec): Promise<void> {
  await provider.stop(spec, { graceful: false, timeout: 0 })
  await removeRuntimeDir(spec.files.runtimeDir)
}

async function clear({ providers }: Installing, folder: string): Promise<void> {
  const text = await readTextIfThere(recordOf(folder))
  if (text === null) return
  const { provider, spec } = JSON.parse(text) as { provider: string; spec: MachineSpec }
  await end(await providers.get(provider), spec)
}

function recordOf(folder: string): string {
  return join(folder, 'machine.json')
}

/** E_INSTALL unless the installer has switched the machine off itself, with something on the disk. */
async function checkEnd(
  { byGuest, reason }: Awaited<ReturnType<typeof awaitEnd>>,
  { job, spec, empty }: { job: InstallJob; spec: MachineSpec; empty: number },
): Promise<void> {
  const wrote = (await stat(job.disk.path)).size > empty
  if (byGuest === true && wrote) return
  const problem = byGuest === true ? 'it has written nothing to the disk' : (reason ?? 'its power was cut')
  throw new PosadaError('E_INSTALL', `the installer of ${job.name} has not finished: ${problem}`, {
    value: job.name,
    details: await tailLines(spec.files.consoleLog, shownLines),
    hint: 'the last lines of its serial console are above; posada box build shows all of it',
  })
}

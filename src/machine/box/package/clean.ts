import { readFile } from 'node:fs/promises'
import type { StoredBox } from '../../../box/index.ts'
import { PosadaError } from '../../../errors/index.ts'
import { deadlineIn } from '../../../lib/async/time-limit.ts'
import { capture, publicKeyOf, type SshSession } from '../../../ssh/index.ts'
import { awaitGuest, connectInTime } from '../../guest/reach-guest.ts'
import { inStep } from '../../in-step.ts'
import type { Reporting } from '../../project.ts'
import { asRoot } from './as-root.ts'
import { cleanScript, cleanWords } from './clean-script.ts'
import { type GuestKernel, takeKernel } from './guest-kernel.ts'
import type { Shadow } from './shadow.ts'

interface CleanInputs {
  box: StoredBox
  bootTimeout: number
  withKernel: boolean
  /** See CleanOptions. */
  keepsCaches?: boolean
}

/**
 * Starts the shadow, cleans it from within and ends it; takes the kernel that it runs out of it first where that
 * is asked for. E_BOX_PACKAGE says what failed in the guest.
 */
export async function cleanShadow(
  project: Reporting,
  shadow: Shadow,
  { box, bootTimeout, withKernel, keepsCaches = false }: CleanInputs,
): Promise<GuestKernel | null> {
  const { provider, state, paths } = shadow
  const machine = state.spec.name
  const deadline = deadlineIn(bootTimeout)
  const guest = { provider, state, paths, bootTimeout }
  await inStep(project.emit, { machine, step: 'copy', message: 'starting a copy of it' }, () =>
    provider.start(state.spec, { signal: project.signal }),
  )
  await awaitGuest(project, guest, box)
  return inStep(project.emit, { machine, step: 'clean', message: 'cleaning the copy' }, async () => {
    const session = await connectInTime(project, guest, { deadline })
    try {
      const kernel = withKernel ? await takeKernel(session, paths.data, project.signal) : null
      const isStill = await runClean(session, await scriptFor(shadow, box, keepsCaches), project.signal)
      await provider.stop(state.spec, { graceful: !isStill, timeout: 60_000, signal: project.signal })
      return kernel
    } finally {
      await session.close()
    }
  })
}

async function scriptFor(
  { paths }: Shadow,
  { dir, manifest }: StoredBox,
  keepsCaches: boolean,
): Promise<string> {
  const { key } = manifest.login
  const file = `${dir}/${key?.file}`
  return cleanScript({
    ownKey: await readFile(paths.publicKey, 'utf8'),
    boxKey: key === undefined ? null : `${publicKeyOf(await readFile(file, 'utf8'), file)} ${manifest.name}`,
    keepsCaches,
  })
}

/** Whether the guest's filesystems stand still, so that its power can be cut. */
async function runClean(session: SshSession, script: string, signal: AbortSignal): Promise<boolean> {
  const { code, stdout, stderr } = await capture(session, asRoot(script), { signal })
  const words = stdout.split('\n')
  if (words.includes(cleanWords.still)) return true
  if (words.includes(cleanWords.writing)) return false
  const machine = session.target.hostAlias
  throw new PosadaError('E_BOX_PACKAGE', `a copy of machine ${machine} could not be cleaned (${code})`, {
    machine,
    details: stderr.trimEnd().split('\n').slice(-10),
    hint: 'the login user needs password-less sudo; the machine itself is unchanged',
  })
}

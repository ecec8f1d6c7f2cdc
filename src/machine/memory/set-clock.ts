import { isPosadaError } from '../../errors/index.ts'
import type { Machine } from '../../manifest/index.ts'
import type { MachineState } from '../../project/index.ts'
import type { Provider } from '../../provider/index.ts'
import { asRootWhereAllowed, capture } from '../../ssh/index.ts'
import { hasLogin } from '../facts/guest-kind.ts'
import { type HandOver, openSession } from '../guest/reach-guest.ts'
import { readyChannel } from '../guest/ready-channel.ts'
import type { BoxSupply, Places, Reporting } from '../project.ts'
import { tellTime } from './tell-time.ts'

/** Reads the time from its input at the last moment. GNU, busybox and BSD agree on `@` or on the long form. */
const script = 'date -u -s "@$1" >/dev/null 2>&1 || date -u -s "$2" >/dev/null'

interface Woken {
  config: Machine
  provider: Provider
  state: MachineState
}

/**
 * Sets the clock of a guest that was saved and goes on: to itself no time has passed. Over its ready channel, where it
 * listens there, which takes a tenth of a login; else over SSH, and then the connection may be taken over. One whose clock
 * cannot be set is warned of.
 */
export async function setClock(
  project: Pick<BoxSupply, 'boxes'> & Places & Reporting,
  woken: Woken,
  handOver: HandOver = () => false,
): Promise<void> {
  const { provider, state } = woken
  const { manifest } = await project.boxes.byDigest(state.box)
  const open = readyChannel(provider, state.spec, manifest)
  if (open !== null && (await tellTime(open, project.signal))) return
  if (hasLogin(state)) await setOverSsh(project, woken, handOver)
  else tell(project, state.spec.name, 'Posada does not log in to it')
}

async function setOverSsh(
  project: Places & Reporting,
  { config, provider, state }: Woken,
  handOver: HandOver,
): Promise<void> {
  const paths = project.paths.machine(config.name)
  const session = await openSession(project, { provider, state, paths, bootTimeout: config.bootTimeout })
  try {
    const now = new Date()
    const [seconds, long] = [
      Math.round(now.getTime() / 1000),
      now.toISOString().slice(0, 19).replace('T', ' '),
    ]
    const { code } = await capture(session, asRootWhereAllowed(script, String(seconds), long), {
      signal: project.signal,
    })
    if (code !== 0) tell(project, config.name, 'the login user is not allowed to set it')
  } catch (error) {
    if (!isPosadaError(error, 'E_SSH_LOST')) throw error
    tell(project, config.name, error.message)
  } finally {
    if (!handOver(config.name, session)) await session.close()
  }
}

function tell({ emit }: Reporting, machine: string, why: string): void {
  const message = `the guest's clock is behind and could not be set: ${why}`
  emit({ type: 'notice', level: 'warn', machine, message })
}

import type { Emit } from '../../src/events/index.ts'
import type { ProvisionStep } from '../../src/manifest/index.ts'
import { type GuestAccess, planSteps, runSteps, type StepRecord } from '../../src/provisioners/index.ts'
import { connect, type SshSession } from '../../src/ssh/index.ts'
import type { TestServer } from './ssh-server.ts'

export interface RunInputs {
  server: TestServer
  session: SshSession
  /** Of the machine that the guest is taken for. */
  id: string
  steps: readonly ProvisionStep[]
  done: Map<string, StepRecord>
  emit: Emit
  failed?: Map<string, string>
}

/** Runs steps in a guest that is a server of the test's, and keeps what was done, and what failed, in maps. */
export async function runHere(inputs: RunInputs, own: Partial<GuestAccess> = {}): Promise<string[]> {
  const { server, session, id, steps, done, emit, failed } = inputs
  const access: GuestAccess = {
    ...{ machine: id, open: async () => session, reconnect: () => connect(server.target) },
    ...{ awaitRestart: async () => false, restart: async () => undefined },
    ...own,
  }
  const record = {
    get: (name: string) => done.get(name),
    save: async (name: string, entry: StepRecord) => void done.set(name, entry),
    remove: async (name: string) => void done.delete(name),
    fail: async (name: string, { code }: { code: string }) => void failed?.set(name, code),
  }
  const outcomes = await runSteps(await planSteps(steps, record, { machine: 'web' }), access, {
    ...{ record, emit, machine: 'web' },
  })
  return outcomes.map(({ name, result }) => `${name} ${result}`)
}

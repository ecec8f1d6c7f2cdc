import { withContext } from '../../errors/index.ts'
import type { Machine, ProvisionStep, WrittenStep } from '../../manifest/index.ts'
import { scriptLimit } from '../../provisioners/index.ts'
import type { Scripts } from '../project.ts'

/**
 * A machine's steps as they are run: with its environment, and scripts that have a URL are fetched and stand in
 * posada.lock. What fetching throws has the place of the step.
 */
export async function stepsOf(project: Scripts, config: Machine): Promise<ProvisionStep[]> {
  const steps = await fetchScripts(project, config)
  await project.webFiles.keep()
  return withEnvironment(config, steps)
}

/** The machine's environment lies under that of each step. */
export function withEnvironment({ env }: Machine, steps: readonly ProvisionStep[]): ProvisionStep[] {
  return steps.map((step) => (step.kind === 'shell' ? { ...step, env: { ...env, ...step.env } } : step))
}

/** The steps with all scripts at hand; nothing is written into posada.lock. */
export function fetchScripts(project: Scripts, { name, provision }: Machine): Promise<ProvisionStep[]> {
  return Promise.all(
    provision.map(async (step): Promise<ProvisionStep> => {
      if (step.kind === 'shell') return { ...step, source: await scriptOf(project, step, name) }
      return step.kind === 'uses'
        ? { ...step, code: await project.provisioners.find(step.uses, step.place) }
        : step
    }),
  )
}

type WrittenShell = Extract<WrittenStep, { kind: 'shell' }>

async function scriptOf({ webFiles }: Scripts, { name, source, place }: WrittenShell, machine: string) {
  if (!('url' in source)) return source
  try {
    return await webFiles.get(source, { what: `the script of step ${name}`, limit: scriptLimit })
  } catch (error) {
    throw withContext(error, { machine, place })
  }
}

import type { ProvisionStep } from '../manifest/index.ts'
import type { SshSession } from '../ssh/index.ts'
import { ansibleProvisioner } from './ansible/index.ts'
import type { Provisioner, StepContext } from './contract.ts'
import { fileProvisioner } from './file/index.ts'
import { pluginProvisioner } from './plugin/index.ts'
import { puppetProvisioner } from './puppet/index.ts'
import { shellProvisioner } from './shell/index.ts'

export function digestOf(step: ProvisionStep): Promise<string> {
  return withProvisioner(step, (provisioner, own) => provisioner.digest(own))
}

export function runStep(step: ProvisionStep, session: SshSession, context: StepContext): Promise<void> {
  return withProvisioner(step, (provisioner, own) => provisioner.run(own, session, context))
}

function withProvisioner<T>(
  step: ProvisionStep,
  use: <Step extends ProvisionStep>(provisioner: Provisioner<Step>, step: Step) => Promise<T>,
): Promise<T> {
  switch (step.kind) {
    case 'shell':
      return use(shellProvisioner, step)
    case 'file':
      return use(fileProvisioner, step)
    case 'ansible':
      return use(ansibleProvisioner, step)
    case 'uses':
      return use(pluginProvisioner, step)
    case 'puppet':
      return use(puppetProvisioner, step)
  }
}

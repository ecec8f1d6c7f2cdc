import { pathToFileURL } from 'node:url'
import { PosadaError } from '../../errors/index.ts'
import type { ProvisionerSource } from '../../machine/index.ts'
import type { Trust } from '../trust/agreed.ts'
import { pluginUse } from '../trust/code-use.ts'
import { digestTree } from '../trust/digest-tree.ts'
import { isInside, packageNameOf, searchPlugin } from './find-plugin.ts'
import { withOwnErrors } from './foreign-errors.ts'

/** Provisioners in packages, looked up as providers are. Finding one loads nothing of it. */
export function provisionerSource(root: string, trust: Pick<Trust, 'require'>): ProvisionerSource {
  return {
    async find(name, place) {
      const { path, folder, isOfProject, searched } = await searchPlugin(name, root, 'provisioner')
      if (path === null || folder === null) throw unknown(name, searched, place)
      const load = async () => {
        if (isOfProject) await trust.require([await pluginUse(name, folder, 'provisioner')])
        if (isOfProject && !(await isInside(path, folder)))
          throw invalid(name, path, 'has its entry outside its package')
        return importProvisioner(name, path)
      }
      return { digest: (await digestTree(folder)).toString('hex'), load }
    },
  }
}

async function importProvisioner(name: string, path: string): Promise<unknown> {
  const { importModule } = await import('../../lib/native/import-module.ts')
  try {
    const { provisioner } = (await importModule(pathToFileURL(path).href)) as { provisioner?: unknown }
    return typeof provisioner === 'object' && provisioner !== null ? withOwnErrors(provisioner) : undefined
  } catch (error) {
    throw invalid(name, path, `cannot be loaded: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function invalid(name: string, path: string, problem: string): PosadaError {
  return new PosadaError('E_PROVISIONER_INVALID', `the provisioner ${name} ${problem}`, {
    value: path,
    hint: 'install the package again: npm install',
  })
}

function unknown(
  name: string,
  searched: readonly string[],
  place: Parameters<ProvisionerSource['find']>[1],
): PosadaError {
  return new PosadaError('E_PROVISIONER_UNKNOWN', `there is no provisioner ${JSON.stringify(name)}`, {
    ...{ value: name, place, details: searched.map((folder) => `looked in ${folder}`) },
    hint: `provisioners come as npm packages: npm install --save-dev ${packageNameOf(name, 'provisioner')}`,
  })
}

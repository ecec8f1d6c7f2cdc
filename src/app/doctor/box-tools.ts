import { boxBuildRequirements } from '../../box/index.ts'
import type { Check } from './model.ts'

/** The programs that build boxes. Whoever only runs machines does without. */
export function checkBoxTools(): Check {
  const tools = boxBuildRequirements()
  const missing = tools.filter(({ path }) => path === null)
  if (missing.length === 0) {
    const names = tools.map(({ program }) => program).join(', ')
    return { name: 'box-tools', status: 'ok', message: `boxes can be built: ${names}` }
  }
  const packages = missing.map((tool) => tool.package)
  return {
    name: 'box-tools',
    status: 'warn',
    message: `boxes cannot be built without ${missing.map(({ program }) => program).join(', ')}`,
    hint: `sudo apt-get install ${packages.join(' ')}`,
    packages,
  }
}

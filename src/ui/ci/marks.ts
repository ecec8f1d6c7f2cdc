import { type CiService, ciService } from '../../lib/process/ci-service.ts'
import { github } from './github.ts'
import { gitlab } from './gitlab.ts'
import type { CiMarks } from './model.ts'

const marks: Record<CiService, CiMarks> = { github, gitlab }

/** The marks of the service that this is a job of; null: none. */
export function ciMarks(env: NodeJS.ProcessEnv): CiMarks | null {
  const service = ciService(env)
  return service === null ? null : marks[service]
}

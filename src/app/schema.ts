import { manifestSchema } from '../manifest/index.ts'

/** The JSON Schema of posada.yaml. */
export function schema(): object {
  return manifestSchema()
}

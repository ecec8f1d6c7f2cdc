export { readVariables } from './env-file.ts'
export { findManifest } from './find.ts'
export { readForeignText, readForeignYaml } from './foreign.ts'
export { limits } from './limits.ts'
export { type LoadOptions, loadManifest } from './load.ts'
export {
  type AnsibleStep,
  type Attachment,
  type BoxTerms,
  type Effect,
  type FileStep,
  type Hook,
  type HookVerb,
  type HttpProbe,
  type Kept,
  type Machine,
  type Manifest,
  type Network,
  type Port,
  type ProvisionStep,
  type ReadyProbe,
  type SecretPlace,
  type ShellProbe,
  type ShellStep,
  type SyncedFolder,
  settings,
  type TcpProbe,
  type WrittenStep,
} from './model.ts'
export { manifestReference } from './reference.ts'
export { manifestSchema } from './schema/manifest-schema.ts'
export { validName } from './schema/text.ts'
export type { Entry, Node } from './source/node.ts'
export { placeOf, type Span } from './source/source.ts'
export { listTemplates, readTemplate } from './templates.ts'

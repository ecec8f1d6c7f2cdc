export type { BoxTerms } from './box-terms.ts'
export { type CopiedMachine, withCopies, withMovedPorts } from './copies.ts'
export { readVariables } from './env-file.ts'
export { findManifest } from './find.ts'
export { readForeignText, readForeignYaml } from './foreign.ts'
export { limits } from './limits.ts'
export { type LoadOptions, loadManifest } from './load.ts'
export {
  type Attachment,
  type Effect,
  type Kept,
  type Machine,
  type Manifest,
  type Network,
  settings,
} from './model.ts'
export { manifestReference } from './reference.ts'
export { manifestSchema } from './schema/manifest-schema.ts'
export { validName } from './schema/text.ts'
export type {
  AnsibleStep,
  ConsoleProbe,
  DiskUse,
  FileStep,
  Hook,
  HookVerb,
  HttpProbe,
  MountedFolder,
  PluginCode,
  PluginStep,
  Port,
  ProvisionStep,
  PuppetStep,
  ReadyProbe,
  SecretPlace,
  ShellProbe,
  ShellStep,
  SyncedFolder,
  TcpProbe,
  WrittenStep,
} from './shapes.ts'
export type { Entry, Node } from './source/node.ts'
export { placeOf, type Span } from './source/source.ts'
export { listTemplates, readTemplate } from './templates.ts'

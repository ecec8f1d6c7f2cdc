export { type Effect, type Kept, settings } from './effects.ts'
export { findManifest } from './find.ts'
export { type LoadOptions, loadManifest } from './load.ts'
export type {
  Attachment,
  BoxTerms,
  FileStep,
  HttpProbe,
  Machine,
  Manifest,
  Network,
  Port,
  ProvisionStep,
  ReadyProbe,
  ShellProbe,
  ShellStep,
  TcpProbe,
  WrittenStep,
} from './model.ts'
export { manifestReference } from './reference.ts'
export { manifestSchema } from './schema/manifest-schema.ts'
export { listTemplates, readTemplate } from './templates.ts'

/** The contract between Posada and its providers: types, and the two constants they share. */

export { PosadaError, type PosadaErrorOptions } from '../errors/index.ts'
export type { Emit, PosadaEvent } from '../events/index.ts'
export type { Capabilities, ProbeReport } from './capabilities.ts'
export {
  type Arch,
  consoleLogLimit,
  type DiskFormat,
  type DiskSpec,
  type FirmwareBoot,
  type KernelBoot,
  type MachineFiles,
  type MachineSpec,
  type MediumSpec,
  type NicSpec,
  type PortForward,
} from './machine-spec.ts'
export {
  contractVersion,
  type MachineStatus,
  type OptionProblem,
  type Provider,
  type ProviderContext,
  type ProviderPlugin,
  type StopOptions,
  type StopResult,
} from './provider.ts'

/** The contract between Posada and its providers: types, and what little code they share. */

export { PosadaError, type PosadaErrorOptions } from '../errors/index.ts'
export type { Emit, PosadaEvent } from '../events/index.ts'
export type { Arch } from '../lib/values/arch.ts'
export type { Limits } from '../lib/values/limits.ts'
export type { Capabilities, ProbeReport } from './capabilities.ts'
export {
  consoleLogLimit,
  type DiskBase,
  type DiskFormat,
  type DiskSpec,
  type DisplaySpec,
  type FirmwareBoot,
  forwardsOf,
  type KernelBoot,
  type MachineFiles,
  type MachineSpec,
  type MediumSpec,
  type NicSpec,
  type PortForward,
  type ShareSpec,
  type SwitchNic,
  sshForward,
  type UserNic,
} from './machine-spec.ts'
export type { DeviceMetrics, Metrics, QueueMetrics, VcpuMetrics } from './metrics.ts'
export { placeOf, providerAt } from './place.ts'
export {
  contractVersion,
  type HostOption,
  isUp,
  type KeyName,
  type LoadOptions,
  type MachineStatus,
  type OpenTo,
  type OptionProblem,
  ownProcess,
  type Provider,
  type ProviderContext,
  type ProviderPlugin,
  type SaveOptions,
  type StopOptions,
  type StopResult,
  type UpStatus,
  usualOverhead,
} from './provider.ts'
export type { Usage } from './usage.ts'

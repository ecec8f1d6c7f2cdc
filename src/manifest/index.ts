export type { FileStep, Machine, Manifest, Port, ProvisionStep, ShellStep } from './model.ts'

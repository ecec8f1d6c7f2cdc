export type { SyncConfig, Syncing } from './config.ts'
export { guestShell } from './guest-shell.ts'
export { askSync, endSync, launchSync } from './launch.ts'

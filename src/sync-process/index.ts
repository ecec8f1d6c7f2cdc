export type { Syncing } from './config.ts'
export { guestShell } from './guest-shell.ts'
export { askSync, launchSync, settleSync } from './launch.ts'

export { type FollowLogOptions, followLog } from './follow.ts'
export type { LoggedEvent } from './model.ts'
export { recorded } from './record.ts'

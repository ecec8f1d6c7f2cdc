export type { ForwarderConfig } from './config.ts'
export { askForwards, endForwarder, launchForwarder } from './launch.ts'

/** One SSH connection a machine, kept by a process of its own for the commands that come. */
export { endKeeper, launchKeeper } from './launch.ts'
export { KeptSession } from './session.ts'

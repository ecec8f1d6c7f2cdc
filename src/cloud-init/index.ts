export { seedImage, seedLabel } from './seed.ts'
export { awaitCloudInit, type CloudInitResult } from './status.ts'
export { readUserData, type UserData, userDataLimit } from './user-data.ts'

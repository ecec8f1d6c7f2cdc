export { askToShutDown } from './ask-guest.ts'
export { commandLine, findProcess } from './find-process.ts'
export { removeWithLeftovers } from './remove-file.ts'
export { type Recorded, readRunRecord, writeRunRecord } from './run-record.ts'

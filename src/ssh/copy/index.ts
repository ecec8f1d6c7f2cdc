export { download } from './download.ts'
export type { CopyResult } from './options.ts'
export { sendFiles, upload } from './upload.ts'

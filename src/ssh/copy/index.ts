export { download } from './download.ts'
export type { CopyResult } from './options.ts'
export { upload } from './upload.ts'

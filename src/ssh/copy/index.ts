export { download } from './download.ts'
export type { CopyOptions, CopyResult } from './options.ts'
export { upload } from './upload.ts'

export { download, downloadEach } from './download.ts'
export { oldLeftovers } from './guest-tar.ts'
export type { CopyResult } from './options.ts'
export { sendFiles, upload } from './upload.ts'

export { type WebFilesOptions, webFiles } from './fetched-files.ts'
export type { MovedFile, WebFiles } from './model.ts'

import { readFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import type { MakerConfig } from '../launch-maker.ts'
import { makeImages } from './make-images.ts'

/** The process that makes warm images when the command that missed them is done. Whatever else there is to do comes first. */
setPriority(19)
await makeImages(JSON.parse(readFileSync(0, 'utf8')) as MakerConfig)

import { mkdir, rmdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type ControlServer, type Handlers, serveControl } from '../../background/index.ts'
import { isErrno } from '../../lib/files/errno.ts'
import { exists } from '../../lib/files/folders.ts'
import type { Spot } from '../capture/recording.ts'
import { Taps } from './capture-server.ts'

export interface DoorsOptions {
  /** Paths of sockets in one folder that has nothing else in it. */
  control: string
  capture: string
  handlers: Handlers
  /** All whose frames can be captured now. */
  spots: () => Spot[]
}

/** The two sockets at which commands and captures come in. */
export class Doors {
  readonly #options: DoorsOptions
  #control: ControlServer | null = null
  #taps: Taps | null = null

  constructor(options: DoorsOptions) {
    this.#options = options
  }

  get taps(): Taps | null {
    return this.#taps
  }

  /**
   * Opens what is not open, or whose socket was removed: the folder is emptied when its user logs out.
   * A captures' socket that is put back ends the captures that were open.
   */
  async open(): Promise<void> {
    const { control, capture, handlers, spots } = this.#options
    await mkdir(dirname(control), { recursive: true, mode: 0o700 })
    if (this.#control === null || !(await exists(control))) {
      await this.#control?.close()
      this.#control = await serveControl(control, handlers)
    }
    if (this.#taps === null || !(await exists(capture))) {
      await this.#taps?.close()
      this.#taps = await Taps.listen(capture, spots)
    }
  }

  /** Takes the sockets away, and their folder. */
  async close(): Promise<void> {
    await this.#control?.close()
    await this.#taps?.close()
    try {
      await rmdir(dirname(this.#options.control))
    } catch (error) {
      if (!isErrno(error, 'ENOENT', 'ENOTEMPTY')) throw error
    }
  }
}

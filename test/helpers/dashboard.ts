import { once } from 'node:events'
import { type Browser, chromium } from 'playwright-core'
import type { Place } from './posada.ts'

export interface RunningDashboard {
  link: string
  pid: number
  /** Ends it as Ctrl-C does; its exit code. */
  end(): Promise<number | null>
}

/** Starts the built dashboard in a place. */
export async function startDashboard(place: Place, ...args: string[]): Promise<RunningDashboard> {
  const child = place.start('dashboard', '--json', ...args)
  let text = ''
  let errors = ''
  child.stderr.on('data', (piece: Buffer) => {
    errors += piece
  })
  const link = await new Promise<string>((resolve, reject) => {
    child.on('close', () => reject(new Error(`it ended: ${text}${errors}`)))
    child.stdout.on('data', (piece: Buffer) => {
      text += piece
      if (text.endsWith('}\n')) resolve((JSON.parse(text) as { link: string }).link)
    })
  })
  return {
    link,
    pid: child.pid ?? 0,
    end: async () => {
      child.kill('SIGINT')
      const [code] = child.exitCode === null ? await once(child, 'close') : [child.exitCode]
      return code
    },
  }
}

/** Debian's Chromium, whose sandbox does not work as root. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  })
}

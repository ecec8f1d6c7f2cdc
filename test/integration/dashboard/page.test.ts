import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type RunningDashboard, startBrowser, startDashboard } from '../../helpers/dashboard.ts'
import { machinesPlace } from '../../helpers/machines.ts'

const place = machinesPlace()
let dashboard: RunningDashboard
let browser: Browser
const complaints: string[] = []
/** Milliseconds on a busy host, for what takes a machine its time. */
const patience = { timeout: 150_000 }

beforeAll(async () => {
  place.write(`version: 1
name: shop
networks: {lan: {}}
defaults: {provider: qemu, box: posada/tiny, memory: 128MiB, networks: [lan]}
machines:
  web:
    display: true
    provision:
      - {name: hostile, shell: "printf '<img src=x onerror=alert(1)>\\\\033]0;evil\\\\007\\\\n'"}
  db: {}
`)
  dashboard = await startDashboard(place)
  browser = await startBrowser()
})
afterAll(async () => {
  await browser?.close()
  await dashboard?.end()
  await place.cleanUp()
})

async function newPage(url: string): Promise<Page> {
  const page = await (browser.contexts()[0] ?? (await browser.newContext())).newPage()
  page.setDefaultTimeout(patience.timeout)
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    // Of this test's own looks at the screen's picture.
    if (message.text().includes('willReadFrequently')) return
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('dialog', (dialog) => {
    complaints.push(dialog.message())
    void dialog.dismiss()
  })
  await page.goto(url)
  return page
}

/** The number of the last answer to a ping that a terminal shows. */
async function lastAnswer(page: Page): Promise<number> {
  const text = await page.locator('.xterm-rows').innerText()
  return Math.max(-1, ...[...text.matchAll(/seq=(\d+) /g)].map(([, number]) => Number(number)))
}

// Two boots of posada/tiny, and Chromium: some 30 s, two minutes on a busy host.
it('a machine is started, typed to, seen, and cut off, in the browser', { timeout: 600_000 }, async () => {
  const page = await newPage(dashboard.link)
  const nav = page.getByRole('navigation')
  await nav.getByRole('link', { name: /^web/ }).click()
  await page.getByRole('button', { name: 'Start web' }).click()
  await page.getByRole('heading', { name: /web.*running/ }).waitFor()
  await page.getByRole('tab', { name: 'Steps' }).click()
  await page.getByText('| web <img src=x onerror=alert(1)>').waitFor()
  expect(await page.title()).toBe('web · Posada')

  const other = await newPage(page.url().replace(/#.*/, ''))
  await other.getByRole('navigation').getByRole('link', { name: /^db/ }).click()
  await other.getByRole('button', { name: 'Start db' }).click()
  await other.getByRole('heading', { name: /db.*running/ }).waitFor()

  // What a page draws, it draws while it is the one in front.
  await page.bringToFront()
  await page.getByRole('tab', { name: 'Display' }).click()
  const screen = page.locator('.screen.display canvas')
  const colours = () =>
    screen.evaluate((canvas) => {
      const { width, height } = canvas as unknown as { width: number; height: number }
      const pixels = (canvas as unknown as CanvasLike).getContext('2d').getImageData(0, 0, width, height).data
      return new Set(new Uint32Array(pixels.buffer)).size
    })
  await expect.poll(colours, patience).toBeGreaterThan(1)

  await page.getByRole('tab', { name: 'Terminal' }).click()
  const rows = page.locator('.xterm-rows')
  await expect.poll(() => rows.innerText(), patience).toContain('$')
  await page.keyboard.type('uname -a\n')
  await expect.poll(() => rows.innerText(), patience).toMatch(/Linux web .*GNU\/Linux/)
  await page.keyboard.type("printf '\\033]0;evil\\007<b>no</b>\\n'; sudo ping -4 db\n")
  await expect.poll(() => lastAnswer(page), patience).toBeGreaterThan(1)

  await other.bringToFront()
  await other.getByRole('navigation').getByRole('link', { name: 'shop' }).click()
  await other.getByRole('button', { name: 'Cut web – db' }).click()
  await other.getByRole('button', { name: 'Heal web – db' }).waitFor()
  await page.bringToFront()
  // What came before the cut is drawn first; then five pings or more are not answered.
  let before = await lastAnswer(page)
  const answered = async () => {
    before = await lastAnswer(page)
    await new Promise((resolve) => setTimeout(resolve, 5000))
    return (await lastAnswer(page)) - before
  }
  await expect.poll(answered, patience).toBe(0)
  await other.bringToFront()
  await other.getByRole('button', { name: 'Heal web – db' }).click()
  await page.bringToFront()
  await expect.poll(() => lastAnswer(page), patience).toBeGreaterThan(before)
  expect(await page.title()).toBe('web · Posada')
  await page.keyboard.press('Control+c')

  await nav.getByRole('link', { name: /^web/ }).click()
  await page.getByRole('button', { name: 'Destroy web' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
  expect(place.hypervisors()).toHaveLength(2)
  await page.getByRole('button', { name: 'Destroy web' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Destroy web' }).click()
  await page.getByRole('heading', { name: /web.*absent/ }).waitFor()
  await expect.poll(() => place.hypervisors(), patience).toHaveLength(1)
  expect(complaints).toEqual([])
})

interface CanvasLike {
  getContext(kind: '2d'): {
    getImageData(...place: [number, number, number, number]): { data: { buffer: ArrayBuffer } }
  }
}

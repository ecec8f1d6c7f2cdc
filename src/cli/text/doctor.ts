import type { Check, DoctorResult } from '../../app/index.ts'
import { makeVisible, type Palette } from '../../ui/index.ts'

/** What `posada doctor` found, one line a check with a hint below. */
export function doctorText({ checks, auto, usable, installed }: DoctorResult, paint: Palette): string {
  const lines = checks.flatMap((check) => {
    const line = `${mark(check, paint)} ${makeVisible(check.message)}`
    return check.hint === undefined ? [line] : [line, `    ${paint.cyan('hint:')} ${makeVisible(check.hint)}`]
  })
  if (installed.length > 0) lines.push('', `installed: ${installed.join(' ')}`)
  const fixable = checks.some((check) => check.status !== 'ok' && check.packages !== undefined)
  if (fixable && installed.length === 0) lines.push('', 'posada doctor --fix installs what is missing')
  lines.push('', conclusion(auto, usable, paint))
  return lines.join('\n')
}

function conclusion(auto: DoctorResult['auto'], usable: boolean, paint: Palette): string {
  if (auto === null) return paint.red('Machines cannot run on this host.')
  const choice = `provider: auto takes ${auto.provider}: ${makeVisible(auto.reason)}`
  return usable ? choice : `${choice}\n${paint.red('Something else is in the way; see above.')}`
}

function mark({ status }: Check, paint: Palette): string {
  if (status === 'ok') return paint.green('ok  ')
  return status === 'warn' ? paint.yellow('warn') : paint.red('fail')
}

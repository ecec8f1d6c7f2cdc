import { useEffect, useState } from 'preact/hooks'

/** What the page shows: a project, a machine of it, a tab of that. It stands behind the # of its address. */
export interface Route {
  root: string | null
  machine: string | null
  tab: string
}

export function linkTo(root: string, machine?: string, tab?: string): string {
  const parts = [root, ...(machine === undefined ? [] : [machine]), ...(tab === undefined ? [] : [tab])]
  return `#${parts.map(encodeURIComponent).join('/')}`
}

function read(): Route {
  const [root = '', machine = '', tab = ''] = location.hash.slice(1).split('/').map(decoded)
  return {
    root: root === '' ? null : root,
    machine: machine === '' ? null : machine,
    tab: tab === '' ? 'overview' : tab,
  }
}

/** An address that someone wrote may be anything. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return ''
  }
}

export function useRoute(): Route {
  const [route, set] = useState(read)
  useEffect(() => {
    const onChange = () => set(read())
    addEventListener('hashchange', onChange)
    return () => removeEventListener('hashchange', onChange)
  }, [])
  return route
}

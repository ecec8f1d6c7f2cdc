import { render } from 'preact'
import { App } from './app.tsx'
import { connect } from './live.ts'

const nonce = document.querySelector('script')?.nonce ?? ''

/** The terminal and the display make style elements; those of this page are known by the nonce of its policy. */
const create = document.createElement.bind(document)
document.createElement = (name: string, options?: ElementCreationOptions) => {
  const element = create(name, options)
  if (element instanceof HTMLStyleElement) element.nonce = nonce
  return element
}

const page = document.getElementById('page')
if (page !== null) render(<App />, page)
connect()

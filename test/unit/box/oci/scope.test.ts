import { expect, it } from 'vitest'
import { joinScopes } from '../../../../src/box/oci/scope.ts'

it.each([
  [['repository:a/b:pull,push', 'repository:a/b:pull'], ['repository:a/b:pull,push']],
  [['repository:a/b:pull', 'repository:a/b:push,delete'], ['repository:a/b:pull,push,delete']],
  [['repository:a/b:pull', null], ['repository:a/b:pull']],
  [
    ['repository:a/b:pull', 'repository:h:5000/c:pull registry:catalog:*'],
    ['repository:a/b:pull', 'repository:h:5000/c:pull', 'registry:catalog:*'],
  ],
  [['repository:a/b:pull', ' nonsense  '], ['repository:a/b:pull']],
])('%j', (scopes, joined) => {
  expect(joinScopes(...scopes)).toEqual(joined)
})

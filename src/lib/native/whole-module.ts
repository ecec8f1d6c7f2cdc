/**
 * What `import()` of a CommonJS package gives. In the bundle the package is the default export of its
 * module, outside it is spread over it.
 */
export function wholeModule<T extends object>(module: T): T {
  return 'default' in module && typeof module.default === 'object' && module.default !== null
    ? (module.default as T)
    : module
}

export function bundleProcesses(
  root: string,
  outdir: string,
): Promise<{ path: string; contents: Uint8Array }[]>

/** Whether text can stand in double quotes in a line of shell as it is: names of files and numbers. Pure. */
export function isPlainWord(text: string): boolean {
  return /^[\w./: -]*$/.test(text)
}

/** How a process ends: 0 done, 1 failed, 2 the manifest or the command line is wrong, 130 interrupted; 124 and 125 see `run`. */
export type ExitCode = 0 | 1 | 2 | 124 | 125 | 130

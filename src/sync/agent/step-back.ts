/**
 * A function of programs in the guest: leaves the processor to others. nice(2) by itself counts only among the processes of one
 * session where the kernel groups them by these, and each command of an SSH connection has its own. Source: sched(7),
 * "The autogroup feature".
 */
export const stepBack = `
def step_back():
    os.nice(19)
    try: os.setsid()
    except OSError: pass
    try:
        with open('/proc/self/autogroup', 'w') as file: file.write('19')
    except OSError: pass
`

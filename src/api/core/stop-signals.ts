// The signals a container may name as its stop signal, sorted as messages list them.

const NAMED =
  'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT ' +
  'STOP SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX';
const numbers = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

/** Signals of Linux containers. */
export const LINUX_SIGNALS: readonly string[] = [
  ...NAMED.split(' ').map((name) => `SIG${name}`),
  ...numbers(15).map((n) => `SIGRTMIN+${n}`),
  ...numbers(14).map((n) => `SIGRTMAX-${n}`),
].sort();

/** Signals of Windows containers. */
export const WINDOWS_SIGNALS: readonly string[] = ['SIGKILL', 'SIGTERM'];

// The Windows options of security contexts.
import type { PodSpec, WindowsSecurityContextOptions } from '../generated/types.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import { invalidForEach, invalidValue } from '../meta/field-errors.ts';
import { validateDns1123Subdomain } from '../meta/names.ts';
import type { Causes } from './field-rules.ts';
import type { LocatedContainer } from './windows-validation.ts';

const SPEC_LIMIT_KIB = 64;
const DOMAIN_LIMIT = 256;
const USER_LIMIT = 104;
const DELETE = '\x7f';
const NET_BIOS = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const DNS_LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?';
const DNS_DOMAIN = new RegExp(`^${DNS_LABEL}(?:\\.${DNS_LABEL})*$`);
const BAD_USER = /["/\\:;|=,+*?<>@[\]]/;

/** The options at `path`. */
export function* validateWindowsOptions(
  options: WindowsSecurityContextOptions | undefined,
  path: FieldPath,
): Causes {
  const { gmsaCredentialSpecName: name, gmsaCredentialSpec: spec } = options ?? {};
  if (name !== undefined) {
    const messages = validateDns1123Subdomain(name);
    yield* invalidForEach(path.child('gmsaCredentialSpecName'), name, messages);
  }
  const specPath = path.child('gmsaCredentialSpec');
  if (spec === '') {
    yield invalidValue(specPath, spec, 'gmsaCredentialSpec cannot be an empty string');
  } else if (spec !== undefined && Buffer.byteLength(spec) > SPEC_LIMIT_KIB * 1024) {
    const message = `gmsaCredentialSpec size must be under ${SPEC_LIMIT_KIB} KiB`;
    yield invalidValue(specPath, spec, message);
  }
  const user = options?.runAsUserName;
  if (user === undefined) return;
  for (const message of userFaults(user)) {
    yield invalidValue(path.child('runAsUserName'), user, `runAsUserName${message}`);
  }
}

function hasControls(text: string): boolean {
  return Array.from(text).some((character) => character < ' ' || character === DELETE);
}

/** `user` or `domain\user`. */
function* userFaults(text: string): Iterable<string> {
  const [first = '', second, ...more] = text.split('\\');
  if (text === '') yield ' cannot be an empty string';
  else if (hasControls(text)) yield ' cannot contain control characters';
  else if (more.length > 0) yield ' cannot contain more than one backslash';
  else {
    const user = second ?? first;
    if (second !== undefined) yield* domainFaults(first);
    if (user === '') yield "'s User cannot be empty";
    else if (user.length > USER_LIMIT) {
      yield `'s User length must not be longer than ${USER_LIMIT} characters`;
    }
    if (/^[. ]+$/.test(user)) yield "'s User cannot contain only periods or spaces";
    if (BAD_USER.test(user)) {
      yield '\'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]';
    }
  }
}

function* domainFaults(domain: string): Iterable<string> {
  if (domain.length >= DOMAIN_LIMIT) {
    yield `'s Domain length must be under ${DOMAIN_LIMIT} characters`;
  }
  if (NET_BIOS.test(domain) || DNS_DOMAIN.test(domain)) return;
  yield "'s Domain doesn't match the NetBios nor the DNS format";
}

/** Processes of a Windows host: all containers of a pod or none, and on the host's network. */
export function* validateHostProcess(
  spec: PodSpec,
  path: FieldPath,
  containers: Iterable<LocatedContainer>,
): Causes {
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess;
  let all = 0;
  let onHost = 0;
  for (const { container, containerPath } of containers) {
    const own = container.securityContext?.windowsOptions?.hostProcess;
    all++;
    if (own ?? ofPod ?? false) onHost++;
    if (ofPod === undefined || own === undefined || ofPod === own) continue;
    const ownPath = containerPath.child('securityContext', 'windowsOptions', 'hostProcess');
    const message = `pod hostProcess value must be identical if both are specified, was ${ofPod}`;
    yield invalidValue(ownPath, own, message);
  }
  if (onHost === 0) return;
  if (onHost !== all) {
    const rule = 'then all containers must be HostProcess containers';
    yield invalidValue(path, '', `If pod contains any hostProcess containers ${rule}`);
  }
  if (spec.hostNetwork === true) return;
  const message = 'hostNetwork must be true if pod contains any hostProcess containers';
  yield invalidValue(path.child('hostNetwork'), false, message);
}

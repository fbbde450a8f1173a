// The spec of a pod or template as a whole; the parts have files of their own. The order of the
// checks is upstream's, since it is the order of the causes.
import type { PodDNSConfig, PodResourceClaim, PodSpec, Volume } from '../generated/types.ts';
import type { FieldPath } from '../meta/field-errors.ts';
import {
  duplicate,
  forbidden,
  invalidForEach,
  invalidValue,
  notFound,
  notSupported,
  required,
  tooLong,
} from '../meta/field-errors.ts';
import { validateLabels } from '../meta/labels.ts';
import { validateDns1123SubdomainWithUnderscore, validateRange } from '../meta/names.ts';
import { validateAffinity } from './affinity-validation.ts';
import {
  validateAllContainers,
  validateHostNetworkPorts,
  validatePodRestartPolicy,
} from './container-validation.ts';
import type { Causes } from './field-rules.ts';
import { dnsLabel, dnsSubdomain, isBlank, qualifiedName, requiredOneOf } from './field-rules.ts';
import { validateIp } from './ip-validation.ts';
import { validateContainerResources, validatePodResources } from './resource-validation.ts';
import { validatePodSecurityContext } from './security-context-validation.ts';
import { validateTolerations } from './toleration-validation.ts';
import { validateTopologySpread } from './topology-spread-validation.ts';
import { validateVolumes, type VolumeOwner } from './volume-validation.ts';
import { validateHostProcess } from './windows-options-validation.ts';
import { forbidLinuxOptions, forbidWindowsOptions } from './windows-validation.ts';

const INT32_MAX = 2 ** 31 - 1;
const HOSTNAME_LIMIT = 64;
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
const MAX_NAMESERVERS = 3;
const MAX_SEARCHES = 32;
const MAX_SEARCH_CHARACTERS = 2048;

/** All rules of the spec at `path`. */
export function* validatePodSpec(spec: PodSpec, path: FieldPath, owner: VolumeOwner): Causes {
  if (spec.terminationGracePeriodSeconds === undefined) {
    yield required(path.child('terminationGracePeriodSeconds'));
  }
  const valid = new Map<string, Volume>();
  yield* validateVolumes(spec.volumes ?? [], path.child('volumes'), { ...owner, valid });
  yield* validateResourceClaims(spec.resourceClaims ?? [], path.child('resourceClaims'));
  yield* validateAllContainers(spec, path, valid);
  yield* validatePodResources(spec, path.child('resources'));
  yield* validateHostNetworkPorts(spec, path, owner.isPod);
  yield* validatePodRestartPolicy(spec.restartPolicy, path.child('restartPolicy'));
  yield* validateDnsPolicy(spec.dnsPolicy, path.child('dnsPolicy'));
  yield* validateLabels(spec.nodeSelector, path.child('nodeSelector'));
  yield* validatePodSecurityContext(spec, path.child('securityContext'));
  if (spec.affinity) yield* validateAffinity(spec.affinity, path.child('affinity'));
  yield* validateDnsConfig(spec, path.child('dnsConfig'));
  yield* validateGates(spec, path);
  const spreadPath = path.child('topologySpreadConstraints');
  yield* validateTopologySpread(spec.topologySpreadConstraints ?? [], spreadPath);
  yield* validateHostProcess(spec, path, containersWithPath(spec, path));
  yield* validateHostUsers(spec, path);
  yield* validateHostnameOverride(spec, path.child('hostnameOverride'));
  yield* validateNames(spec, path);
  yield* validateRest(spec, path);
}

function* validateDnsPolicy(policy: string | undefined, path: FieldPath): Causes {
  if (isBlank(policy)) yield required(path);
  else if (!DNS_POLICIES.includes(policy)) yield notSupported(path, policy, DNS_POLICIES);
}

function* validateDnsConfig({ dnsConfig, dnsPolicy }: PodSpec, path: FieldPath): Causes {
  if (dnsPolicy === 'None') {
    if (dnsConfig === undefined) {
      yield required(path, 'must provide `dnsConfig` when `dnsPolicy` is None');
      return;
    }
    if ((dnsConfig.nameservers ?? []).length === 0) {
      const message = 'must provide at least one DNS nameserver when `dnsPolicy` is None';
      yield required(path.child('nameservers'), message);
      return;
    }
  }
  if (dnsConfig !== undefined) yield* validateDnsLists(dnsConfig, path);
}

function* validateDnsLists(config: PodDNSConfig, path: FieldPath): Causes {
  const { nameservers = [], searches = [], options = [] } = config;
  const serversPath = path.child('nameservers');
  const searchesPath = path.child('searches');
  if (nameservers.length > MAX_NAMESERVERS) {
    const message = `must not have more than ${MAX_NAMESERVERS} nameservers`;
    yield invalidValue(serversPath, nameservers, message);
  }
  for (const [i, server] of nameservers.entries()) yield* validateIp(server, serversPath.index(i));
  if (searches.length > MAX_SEARCHES) {
    const message = `must not have more than ${MAX_SEARCHES} search paths`;
    yield invalidValue(searchesPath, searches, message);
  }
  if (searches.join(' ').length > MAX_SEARCH_CHARACTERS) {
    const limit = `${MAX_SEARCH_CHARACTERS} characters (including spaces)`;
    const message = `must not have more than ${limit} in the search list`;
    yield invalidValue(searchesPath, searches, message);
  }
  for (const [i, search] of searches.entries()) {
    if (search === '.') continue;
    const domain = search.endsWith('.') ? search.slice(0, -1) : search;
    const messages = validateDns1123SubdomainWithUnderscore(domain);
    yield* invalidForEach(searchesPath.index(i), domain, messages);
  }
  for (const [i, option] of options.entries()) {
    if (isBlank(option.name)) yield required(path.child('options').index(i), 'must not be empty');
  }
}

function* validateGates(spec: PodSpec, path: FieldPath): Causes {
  for (const [i, { conditionType }] of (spec.readinessGates ?? []).entries()) {
    const gatePath = path.child('readinessGates').index(i).child('conditionType');
    yield* qualifiedName(conditionType ?? '', gatePath);
  }
  const seen = new Set<string>();
  for (const [i, { name = '' }] of (spec.schedulingGates ?? []).entries()) {
    const gatePath = path.child('schedulingGates').index(i);
    yield* qualifiedName(name, gatePath);
    if (seen.has(name)) yield duplicate(gatePath, name);
    seen.add(name);
  }
}

function* validateResourceClaims(claims: readonly PodResourceClaim[], path: FieldPath): Causes {
  const seen = new Set<string>();
  for (const [i, claim] of claims.entries()) {
    const claimPath = path.index(i);
    const { resourceClaimName, resourceClaimTemplateName } = claim;
    const name = claim.name ?? '';
    if (name === '') yield required(claimPath.child('name'));
    else if (seen.has(name)) yield duplicate(claimPath.child('name'), name);
    else yield* dnsLabel(name, claimPath.child('name'));
    seen.add(name);
    const shown = {
      Name: name,
      ResourceClaimName: resourceClaimName ?? null,
      ResourceClaimTemplateName: resourceClaimTemplateName ?? null,
    };
    const fields = '`resourceClaimName`';
    if (resourceClaimName !== undefined && resourceClaimTemplateName !== undefined) {
      const message = `at most one of ${fields} or \`resourceClaimTemplateName\` may be specified`;
      yield invalidValue(claimPath, shown, message);
    }
    if (resourceClaimName === undefined && resourceClaimTemplateName === undefined) {
      const message = `must specify one of: ${fields}, \`resourceClaimTemplateName\``;
      yield invalidValue(claimPath, shown, message);
    }
    for (const field of ['resourceClaimName', 'resourceClaimTemplateName'] as const) {
      const value = claim[field];
      if (value !== undefined) yield* dnsSubdomain(value, claimPath.child(field));
    }
  }
}

/** A user namespace excludes the host's PID and IPC namespaces and block devices. */
function* validateHostUsers(spec: PodSpec, path: FieldPath): Causes {
  if (spec.hostUsers !== false) return;
  const message = 'when `hostUsers` is false';
  if (spec.hostNetwork === true) yield forbidden(path.child('hostNetwork'), message);
  if (spec.hostPID === true) yield forbidden(path.child('HostPID'), message);
  if (spec.hostIPC === true) yield forbidden(path.child('HostIPC'), message);
  for (const { container, containerPath } of containersWithPath(spec, path)) {
    if ((container.volumeDevices ?? []).length > 0) {
      yield forbidden(containerPath.child('volumeDevices'), message);
    }
  }
}

function* containersWithPath(spec: PodSpec, path: FieldPath) {
  for (const field of ['initContainers', 'containers', 'ephemeralContainers'] as const) {
    for (const [i, container] of (spec[field] ?? []).entries()) {
      yield { container, containerPath: path.child(field).index(i) };
    }
  }
}

function* validateHostnameOverride(spec: PodSpec, path: FieldPath): Causes {
  const hostname = spec.hostnameOverride;
  if (hostname === undefined) return;
  if (spec.setHostnameAsFQDN === true) {
    yield forbidden(path, 'may not be specified when setHostnameAsFQDN is true');
  }
  if (spec.hostNetwork === true) {
    yield forbidden(path, 'may not be specified when hostNetwork is true');
  }
  if (hostname.length > HOSTNAME_LIMIT) yield tooLong(path, HOSTNAME_LIMIT);
  yield* dnsSubdomain(hostname, path);
}

/** Names of other objects, and the names the pod will have. */
function* validateNames(spec: PodSpec, path: FieldPath): Causes {
  for (const field of ['serviceAccountName', 'nodeName'] as const) {
    const name = spec[field];
    if (!isBlank(name)) yield* dnsSubdomain(name, path.child(field));
  }
  const deadline = spec.activeDeadlineSeconds;
  if (deadline !== undefined) {
    const messages = validateRange(deadline, 1, INT32_MAX);
    yield* invalidForEach(path.child('activeDeadlineSeconds'), deadline, messages);
  }
  for (const field of ['hostname', 'subdomain'] as const) {
    const name = spec[field];
    if (!isBlank(name)) yield* dnsLabel(name, path.child(field));
  }
}

function* validateRest(spec: PodSpec, path: FieldPath): Causes {
  yield* validateTolerations(spec.tolerations ?? [], path.child('tolerations'));
  for (const [i, alias] of (spec.hostAliases ?? []).entries()) {
    const aliasPath = path.child('hostAliases').index(i);
    yield* validateIp(alias.ip, aliasPath.child('ip'));
    for (const [j, hostname] of (alias.hostnames ?? []).entries()) {
      yield* dnsSubdomain(hostname, aliasPath.child('hostnames').index(j));
    }
  }
  const { priorityClassName, runtimeClassName, preemptionPolicy, overhead } = spec;
  if (!isBlank(priorityClassName)) {
    yield* dnsSubdomain(priorityClassName, path.child('priorityClassName'));
  }
  if (runtimeClassName !== undefined) {
    yield* dnsSubdomain(runtimeClassName, path.child('runtimeClassName'));
  }
  const policies = ['PreemptLowerPriority', 'Never'];
  if (preemptionPolicy !== undefined) {
    yield* requiredOneOf(preemptionPolicy, path.child('preemptionPolicy'), policies);
  }
  if (overhead) {
    yield* validateContainerResources({ limits: overhead }, path.child('overhead'), new Set());
  }
  yield* validateOs(spec, path);
  yield* validateFileKeyVolumes(spec, path);
}

function* validateOs(spec: PodSpec, path: FieldPath): Causes {
  const name = spec.os?.name;
  if (spec.os === undefined) return;
  if (isBlank(name)) yield required(path.child('os', 'name'));
  else if (name !== 'linux' && name !== 'windows') {
    yield notSupported(path.child('os'), name, ['linux', 'windows']);
  } else {
    const forbid = name === 'linux' ? forbidWindowsOptions : forbidLinuxOptions;
    yield* forbid(spec, path, containersWithPath(spec, path));
  }
}

/** Variables read from a file name an emptyDir volume of the pod. */
function* validateFileKeyVolumes(spec: PodSpec, path: FieldPath): Causes {
  for (const { container, containerPath } of containersWithPath(spec, path)) {
    for (const [i, variable] of (container.env ?? []).entries()) {
      const name = variable.valueFrom?.fileKeyRef?.volumeName;
      if (name === undefined) continue;
      const namePath = containerPath
        .child('env')
        .index(i)
        .child('valueFrom', 'fileKeyRef', 'volumeName');
      const volume = spec.volumes?.find((candidate) => candidate.name === name);
      if (volume === undefined) yield notFound(namePath, name);
      else if (volume.emptyDir === undefined) {
        yield invalidValue(namePath, name, 'referenced volume must be of type emptyDir');
      }
    }
  }
}

// What the checks of pod security have in common: their form, and the words of their findings.
import type { Container, PodSpec, SecurityContext } from '../../generated/types.ts';

/** A pod or a template of pods. */
export interface CheckedPod {
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: PodSpec;
}

/** What is wrong with a pod. */
export interface Finding {
  /** `host namespaces`. */
  readonly reason: string;
  /** `hostNetwork=true`. */
  readonly detail: string;
}

export interface PodCheck {
  /** Checks are made, and findings listed, in the order of the ids. */
  readonly id: string;
  /** The first minor version of Kubernetes 1 that has it; default 0. */
  readonly since?: number;
  /** The id of a baseline check that this one replaces in the level restricted. */
  readonly overrides?: string;
  /** Undefined when there is nothing wrong. `minor` is the version to check by. */
  find(pod: CheckedPod, minor: number): Finding | undefined;
}

/** All containers, in the order upstream visits them. */
export function containersOf({ spec }: CheckedPod): Container[] {
  return [
    ...(spec.initContainers ?? []),
    ...(spec.containers ?? []),
    ...((spec.ephemeralContainers ?? []) as Container[]),
  ];
}

export function quoted(items: readonly string[]): string {
  return items.map((item) => `"${item}"`).join(', ');
}

/** Sorted, each once. */
export function distinct(items: readonly string[]): string[] {
  return [...new Set(items)].sort();
}

/** `plural` unless there is one item. */
export function plural(items: readonly string[], one: string, several = `${one}s`): string {
  return items.length === 1 ? one : several;
}

/** `container "a"`, `containers "a", "b"`. */
export function namesOf(containers: readonly { name: string }[]): string {
  const names = containers.map(({ name }) => name);
  return `${plural(names, 'container')} ${quoted(names)}`;
}

/** Containers whose security context is wrong. */
export function containersWhere(
  pod: CheckedPod,
  isWrong: (context: SecurityContext, container: Container) => boolean,
): Container[] {
  return containersOf(pod).filter((own) => isWrong(own.securityContext ?? {}, own));
}

/** `pod and containers "a", "b"`; undefined when neither is to blame. */
export function settersText(pod: boolean, containers: readonly Container[]): string | undefined {
  const setters = [
    ...(pod ? ['pod'] : []),
    ...(containers.length > 0 ? [namesOf(containers)] : []),
  ];
  return setters.length === 0 ? undefined : setters.join(' and ');
}

/** A pod that brings its own users is not asked about them. */
export function hasOwnUsers({ spec }: CheckedPod): boolean {
  return spec.hostUsers === false;
}

export function isWindows({ spec }: CheckedPod): boolean {
  return spec.os?.name === 'windows';
}

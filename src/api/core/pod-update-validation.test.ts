import { describe, expect, test } from 'vitest';
import type { Pod } from '../generated/types.ts';
import { NOW, update } from '../kind-rules.fixture.ts';
import type { JsonObject } from '../meta/object.ts';

const body = (spec: JsonObject = {}): JsonObject => ({
  metadata: { name: 'p' },
  spec: { serviceAccountName: 'default', containers: [{ name: 'c', image: 'app:1' }], ...spec },
});

describe('updates of pods', () => {
  const change = (edit: (pod: Pod) => void, spec?: JsonObject, old?: (pod: Pod) => void) =>
    update<Pod>('pods', body(spec), edit, old === undefined ? {} : { old });
  const FORBIDDEN = /^spec: Forbidden: pod updates may not change fields other than .*\n@@ -/;

  test('API-925: images, added tolerations and shorter deadlines', () => {
    const { errors, object } = change(
      ({ spec }) => {
        spec!.containers[0]!.image = 'app:2';
        spec!.tolerations = [{ key: 'a', operator: 'Exists' }];
        spec!.activeDeadlineSeconds = 10;
      },
      { activeDeadlineSeconds: 20 },
    );
    expect(errors).toEqual([]);
    expect(object.metadata.generation).toBe(2);
  });

  test('API-925: nothing else', () => {
    const { errors } = change(({ spec }) => (spec!.containers[0]!.command = ['x']));
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(FORBIDDEN);
    expect(change(({ spec }) => (spec!.nodeName = 'n')).errors[0]).toMatch(FORBIDDEN);
    expect(change(({ spec }) => spec!.containers.push(spec!.containers[0]!)).errors.at(-1)).toBe(
      'spec.containers: Forbidden: pod updates may not add or remove containers',
    );
    expect(
      change(({ spec }) => (spec!.activeDeadlineSeconds = 40), { activeDeadlineSeconds: 20 })
        .errors,
    ).toEqual([
      'spec.activeDeadlineSeconds: Invalid value: 40: must be less than or equal to previous value',
    ]);
  });

  test('API-925: a gated pod may be narrowed, and gates only go', () => {
    const schedulingGates = [{ name: 'g' }];
    const narrowed = change(({ spec }) => (spec!.nodeSelector = { a: 'b' }), { schedulingGates });
    expect(narrowed.errors).toEqual([]);
    expect(change(({ spec }) => delete spec!.schedulingGates, { schedulingGates }).errors).toEqual(
      [],
    );
    const added = change(({ spec }) => (spec!.schedulingGates = schedulingGates));
    expect(added.errors).toEqual([
      'spec.schedulingGates[0].name: Forbidden: ' +
        "only deletion is allowed, but found new scheduling gate 'g'",
    ]);
  });

  test('the status endpoint keeps spec, owners and the QoS class', () => {
    const { errors, object } = update<Pod>(
      'pods',
      body(),
      (pod) => {
        pod.spec!.nodeName = 'n';
        pod.metadata.ownerReferences = [];
        pod.status = { phase: 'Running', podIP: '10.1.1.1', podIPs: [{ ip: '10.1.1.2' }] };
      },
      { subresource: 'status' },
    );
    expect(errors).toEqual([]);
    expect(object.spec?.nodeName).toBeUndefined();
    expect(object.status).toEqual({
      phase: 'Running',
      podIP: '10.1.1.1',
      podIPs: [{ ip: '10.1.1.1' }],
      qosClass: 'BestEffort',
    });
  });

  test('a terminated container only runs again if its policy says so', () => {
    const status = (state: object) => ({
      containerStatuses: [
        { name: 'c', image: 'i', imageID: '', ready: false, restartCount: 0, state },
      ],
    });
    const restarted = (restartPolicy: string, exitCode: number) =>
      update<Pod>(
        'pods',
        body({ restartPolicy }),
        (pod) => (pod.status = status({ running: { startedAt: NOW } })),
        {
          subresource: 'status',
          old: (pod) => Object.assign(pod.status!, status({ terminated: { exitCode } })),
        },
      ).errors;
    expect(restarted('OnFailure', 1)).toEqual([]);
    expect(restarted('OnFailure', 0)).toEqual([
      'status.containerStatuses[0].state: Forbidden: ' +
        'may not be transitioned to non-terminated state',
    ]);
  });
});

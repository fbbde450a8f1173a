import { expect, it } from 'vitest';
import type { HorizontalPodAutoscaler } from '../generated/types.ts';
import { create, update } from '../kind-rules.fixture.ts';
import type { JsonObject } from '../meta/object.ts';

const KIND = 'horizontalpodautoscalers.autoscaling';
const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' };
const scaler = (spec: JsonObject = {}) => ({
  spec: { scaleTargetRef: target, maxReplicas: 3, ...spec },
});
const metric = { name: 'm' };
const both = { type: 'Value', value: '1', averageValue: '1' };

it.each<[JsonObject, string[]]>([
  [scaler(), []],
  [
    scaler({ scaleTargetRef: { kind: 'Deployment', name: 'd' } }),
    ['spec.scaleTargetRef.apiVersion: Invalid value: "": apiVersion must specify API group'],
  ],
  [scaler({ scaleTargetRef: { kind: 'ReplicationController', name: 'r' } }), []],
  [
    scaler({ metrics: [{ type: 'External', external: { metric, target: both } }] }),
    [
      'spec.metrics[0].external.target.value: Forbidden: ' +
        'may not set both a target value for metric and a per-pod target',
    ],
  ],
  [
    scaler({
      metrics: [
        {
          type: 'Object',
          object: { metric, target: both, describedObject: { kind: 'a', name: 'b' } },
        },
      ],
    }),
    [],
  ],
  [
    scaler({
      metrics: [
        {
          type: 'ContainerResource',
          containerResource: {
            name: 'x',
            container: 'c',
            target: { type: 'Utilization', averageUtilization: 1 },
          },
        },
      ],
    }),
    [
      'spec.metrics[0].containerResource.name: Invalid value: "x": ' +
        'must be a standard resource type or fully qualified',
      'spec.metrics[0].containerResource.name: Invalid value: "x": ' +
        'must be a standard resource for containers',
    ],
  ],
  [
    scaler({ behavior: { scaleUp: { tolerance: '-1' } } }),
    [
      'spec.behavior.scaleUp.tolerance: Invalid value: "-1": ' +
        'must be greater than or equal to 0',
    ],
  ],
])('API-314: a new autoscaler %j', (body, errors) => {
  expect(create(KIND, body).errors).toEqual(errors);
});

it('API-314: what is scaled may stay as it is', () => {
  const old = ({ spec }: HorizontalPodAutoscaler) => {
    spec!.scaleTargetRef.apiVersion = 'v1';
    spec!.minReplicas = 0;
  };
  const { errors } = update<HorizontalPodAutoscaler>(KIND, scaler(), () => {}, { old });
  expect(errors).toEqual([
    'spec.metrics: Forbidden: must specify at least one Object or External metric to support ' +
      'scaling to zero replicas',
  ]);
});

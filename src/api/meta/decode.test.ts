import { describe, expect, it } from 'vitest';
import { decodeObject } from './decode.ts';
import { deepFreeze, type Json } from './object.ts';
import { parseJson } from './parse-json.ts';
import { canonicalMicroTime, canonicalTime } from './time.ts';

function statefulSet(spec: Record<string, Json>, container: Record<string, Json> = {}): Json {
  const containers = [{ name: 'c', image: 'reg.example/app:1', ...container }];
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'web' },
    spec: {
      serviceName: 'web',
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers } },
      ...spec,
    },
  };
}

function refusal(value: Json, type = 'StatefulSet', style: 'json' | 'converter' = 'json'): string {
  try {
    decodeObject(value, { type, style });
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
  return 'accepted';
}

function problems(text: string, type: string): readonly string[] {
  return decodeObject(parseJson(text), { type, text }).problems;
}

describe('wrong types (recorded)', () => {
  const probe = { livenessProbe: { httpGet: { port: true } } };
  it.each<[Json, string]>([
    [
      statefulSet({ replicas: 'three' }),
      'json: cannot unmarshal string into Go struct field StatefulSetSpec.spec.replicas of type int32',
    ],
    [
      statefulSet({ replicas: 1.5 }),
      'json: cannot unmarshal number 1.5 into Go struct field StatefulSetSpec.spec.replicas of type int32',
    ],
    [
      statefulSet({ replicas: 3_000_000_000 }),
      'json: cannot unmarshal number 3000000000 into Go struct field StatefulSetSpec.spec.replicas of type int32',
    ],
    [
      statefulSet({ template: [] }),
      'json: cannot unmarshal array into Go struct field StatefulSetSpec.spec.template of type v1.PodTemplateSpec',
    ],
    [
      statefulSet({ volumeClaimTemplates: {} }),
      'json: cannot unmarshal object into Go struct field StatefulSetSpec.spec.volumeClaimTemplates of type []v1.PersistentVolumeClaim',
    ],
    [
      statefulSet({}, probe),
      'json: cannot unmarshal bool into Go struct field HTTPGetAction.spec.template.spec.containers.livenessProbe.ProbeHandler.httpGet.port of type int32',
    ],
    [
      statefulSet({ podManagementPolicy: 5 }),
      'json: cannot unmarshal number into Go struct field StatefulSetSpec.spec.podManagementPolicy of type v1.PodManagementPolicyType',
    ],
    [
      { metadata: { labels: { a: 1 } } },
      'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string',
    ],
    [
      { metadata: { creationTimestamp: 'yesterday' } },
      'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"',
    ],
    [
      statefulSet({}, { resources: { limits: { cpu: 'lots' } } }),
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
  ])('API-922: %o', (value, message) => {
    expect(refusal(value)).toBe(message);
  });

  it('API-922: maps and bytes', () => {
    expect(refusal({ data: { a: 5 } }, 'ConfigMap')).toBe(
      'json: cannot unmarshal number into Go struct field ConfigMap.data of type string',
    );
    expect(refusal({ data: 'x' }, 'ConfigMap')).toBe(
      'json: cannot unmarshal string into Go struct field ConfigMap.data of type map[string]string',
    );
    expect(refusal({ data: { a: '1' } }, 'Secret')).toBe('illegal base64 data at input byte 0');
    expect(refusal({ data: { a: 'AAA?' } }, 'Secret')).toBe('illegal base64 data at input byte 3');
  });

  it('API-606: after a strategic patch the words are those of the converter', () => {
    expect(refusal({ data: 'x' }, 'ConfigMap', 'converter')).toBe('cannot restore map from string');
    expect(refusal({ data: { a: 5 } }, 'ConfigMap', 'converter')).toBe(
      'cannot convert int64 to string',
    );
    expect(refusal({ spec: [] }, 'StatefulSet', 'converter')).toBe(
      'cannot restore struct from: slice',
    );
    expect(refusal({ spec: { replicas: 'x' } }, 'StatefulSet', 'converter')).toBe(
      'unrecognized type: int32',
    );
  });
});

describe('unknown and duplicate members (recorded)', () => {
  it('API-921: unknown members are reported with their path and dropped', () => {
    const value = statefulSet({ replica: 1 }, { imagee: 'x', env: [{ name: 'A', vaule: '1' }] });
    const { object, problems: found } = decodeObject(value, { type: 'StatefulSet' });
    expect(found).toEqual([
      'unknown field "spec.template.spec.containers[0].imagee"',
      'unknown field "spec.template.spec.containers[0].env[0].vaule"',
      'unknown field "spec.replica"',
    ]);
    expect(JSON.stringify(object)).not.toMatch(/replica"|imagee|vaule/);
  });

  it('API-921: names are case sensitive', () => {
    expect(problems('{"Spec":{}}', 'StatefulSet')).toEqual(['unknown field "Spec"']);
  });

  it('API-921: duplicates and unknown members keep the order of the text', () => {
    const text =
      '{"kind":"ConfigMap","metadata":{"name":"cm","name":"cm"},"data":{"a":"1","a":"2"},"dta":{"x":1,"x":2}}';
    expect(problems(text, 'ConfigMap')).toEqual([
      'duplicate field "metadata.name"',
      'duplicate field "data.a"',
      'unknown field "dta"',
    ]);
    const nested =
      '{"spec":{"containers":[{"name":"c","image":"a","image":"b"}],"restartPolicy":"Never","restartPolicy":"Always"}}';
    expect(problems(nested, 'Pod')).toEqual([
      'duplicate field "spec.containers[0].image"',
      'duplicate field "spec.restartPolicy"',
    ]);
  });

  it('API-921: a member named __proto__ is data like any other', () => {
    const text = '{"data":{"__proto__":"x"},"__proto__":{"y":1}}';
    const { object, problems: found } = decodeObject(parseJson(text), { type: 'ConfigMap', text });
    expect(JSON.stringify(object['data'])).toBe('{"__proto__":"x"}');
    expect(found).toEqual(['unknown field "__proto__"']);
  });
});

describe('the stored form', () => {
  it('API-923: quantities become canonical, times UTC', () => {
    const container = {
      resources: { limits: { cpu: '1000m', memory: '1024Mi' }, requests: { cpu: 0.5 } },
    };
    const text = JSON.stringify(decodeObject(statefulSet({}, container), { type: 'StatefulSet' }));
    expect(text).toContain('"limits":{"cpu":"1","memory":"1Gi"},"requests":{"cpu":"500m"}');
    const lease = { spec: { renewTime: '2024-05-06T09:08:09.123456+02:00' } };
    expect(decodeObject(lease, { type: 'Lease' }).object['spec']).toEqual({
      renewTime: '2024-05-06T07:08:09.123456Z',
    });
  });

  it('API-307: null equals absent, but inside maps and lists it is a zero value', () => {
    const value = { metadata: { creationTimestamp: null, labels: null }, data: { a: null } };
    expect(decodeObject(value, { type: 'ConfigMap' }).object).toEqual({
      metadata: {},
      data: { a: '' },
    });
    const bytes = { metadata: {}, data: { a: null } };
    expect(decodeObject(bytes, { type: 'Secret' }).object).toEqual({
      metadata: {},
      data: { a: '' },
    });
  });

  it('SS-512: zero values that mean nothing are dropped, those that count stay', () => {
    const spec = {
      hostNetwork: false,
      hostUsers: false,
      nodeName: '',
      priority: 0,
      nodeSelector: {},
      tolerations: [],
      containers: [
        { name: 'c', env: [], stdin: false, ports: [{ containerPort: 80, hostPort: 0 }] },
      ],
    };
    expect(decodeObject({ spec }, { type: 'Pod' }).object['spec']).toEqual({
      hostUsers: false,
      priority: 0,
      containers: [{ name: 'c', ports: [{ containerPort: 80 }], resources: {} }],
    });
  });

  it('API-307: members the reference always writes are there', () => {
    expect(decodeObject({ kind: 'StatefulSet' }, { type: 'StatefulSet' }).object).toEqual({
      kind: 'StatefulSet',
      metadata: {},
      spec: { serviceName: '', template: { metadata: {}, spec: {} }, updateStrategy: {} },
      status: { availableReplicas: 0, replicas: 0 },
    });
    expect(decodeObject({ involvedObject: {} }, { type: 'Event' }).object).toMatchObject({
      eventTime: null,
      reportingComponent: '',
      source: {},
    });
  });

  it('API-1301: strings and untyped members are untouched', () => {
    const data = { spec: { template: { $patch: 'replace', b: [1, { c: null }] } } };
    const value = deepFreeze({ data, revision: 1, metadata: { annotations: { a: 'x\n' } } });
    expect(decodeObject(value, { type: 'ControllerRevision' }).object).toEqual({
      data,
      revision: 1,
      metadata: { annotations: { a: 'x\n' } },
    });
  });

  it('API-1208: schemas inside items and additionalProperties lose empty members too', () => {
    const items = { type: 'string', id: '', nullable: false, unheardOf: 1 };
    const schema = { items, additionalProperties: { items: [items, true] }, id: '' };
    const { object, problems } = decodeObject(schema, { type: 'JSONSchemaProps' });
    const expected = { type: 'string' };
    expect(object).toEqual({
      items: expected,
      additionalProperties: { items: [expected, true] },
    });
    expect(problems).toEqual([]);
  });

  it('API-926: base64 is checked and written in one way', () => {
    const value = { data: { a: 'YWI=', b: 'YW\nJj', c: 'YX==' } };
    expect(decodeObject(value, { type: 'Secret' }).object['data']).toEqual({
      a: 'YWI=',
      b: 'YWJj',
      c: 'YQ==',
    });
  });
});

describe('times', () => {
  it('API-402: fractions are cut, offsets applied', () => {
    expect(canonicalTime('2024-05-06T07:08:09Z')).toBe('2024-05-06T07:08:09Z');
    expect(canonicalTime('2024-03-01T00:30:00.999+01:00')).toBe('2024-02-29T23:30:00Z');
    expect(canonicalMicroTime('2024-05-06T07:08:09.000001Z')).toBe('2024-05-06T07:08:09.000001Z');
  });

  it.each([
    ['2024-13-01T00:00:00Z', 'parsing time "2024-13-01T00:00:00Z": month out of range'],
    ['2023-02-29T00:00:00Z', 'parsing time "2023-02-29T00:00:00Z": day out of range'],
    [
      '2024-01-01',
      'parsing time "2024-01-01" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "T"',
    ],
    ['2024-01-01T00:00:00Zx', 'parsing time "2024-01-01T00:00:00Zx": extra text: "x"'],
  ])('API-922: %j is refused in the words of Go', (text, message) => {
    expect(() => canonicalTime(text)).toThrow(expect.objectContaining({ message }));
  });

  it('API-402: six digits are required where the type has microseconds (recorded)', () => {
    expect(() => canonicalMicroTime('2024-05-06T07:08:09Z')).toThrow(
      'parsing time "2024-05-06T07:08:09Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000"',
    );
  });
});

import { describe, expect, test } from 'vitest';
import type { Service } from '../generated/types.ts';
import { create, update } from '../kind-rules.fixture.ts';
import type { JsonObject } from '../meta/object.ts';

const service = (spec: JsonObject = {}): JsonObject => ({
  spec: { selector: { app: 'web' }, ports: [{ port: 80 }], ...spec },
});
const made = (spec?: JsonObject) => create<Service>('services', service(spec));
const errorsOf = (spec: JsonObject) => made(spec).errors;

describe('new services', () => {
  test('API-923: a plain service', () => {
    const { object, errors } = made();
    expect(errors).toEqual([]);
    expect(object.spec).toEqual({
      selector: { app: 'web' },
      ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
      sessionAffinity: 'None',
      type: 'ClusterIP',
      internalTrafficPolicy: 'Cluster',
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
    });
    expect(object.status).toEqual({ loadBalancer: {} });
  });

  test('API-923: a headless service needs no ports', () => {
    const { object, errors } = made({ clusterIP: 'None', ports: [] });
    expect(errors).toEqual([]);
    expect(object.spec?.clusterIPs).toEqual(['None']);
  });

  test('API-923: an external name has neither addresses nor policies', () => {
    const { object, errors } = made({ type: 'ExternalName', externalName: 'a.b.', ports: [] });
    expect(errors).toEqual([]);
    expect(object.spec).not.toHaveProperty('ipFamilies');
    expect(object.spec).not.toHaveProperty('internalTrafficPolicy');
  });

  test('API-410: since 1.36 a name may start with a digit', () => {
    expect(create('services', { ...service(), metadata: { name: '1a' } }).errors).toEqual([]);
  });

  test('ports', () => {
    expect(errorsOf({ ports: [] })).toEqual(['spec.ports: Required value']);
    expect(errorsOf({ ports: [{ port: 0 }] })).toEqual([
      'spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
      'spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive',
    ]);
    expect(errorsOf({ ports: [{ port: 1 }, { port: 2 }] })).toEqual([
      'spec.ports[0].name: Required value',
      'spec.ports[1].name: Required value',
    ]);
    const same = [
      { name: 'a', port: 1 },
      { name: 'b', port: 1 },
    ];
    expect(errorsOf({ ports: same })).toEqual([
      'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":1,' +
        '"TargetPort":0,"NodePort":0}',
    ]);
    expect(errorsOf({ ports: [{ port: 1, nodePort: 30000 }] })).toEqual([
      "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
    ]);
  });

  test('types, affinity and addresses', () => {
    expect(errorsOf({ type: 'Tunnel' })).toEqual([
      'spec.type: Unsupported value: "Tunnel": supported values: "ClusterIP", "ExternalName", ' +
        '"LoadBalancer", "NodePort"',
    ]);
    const sessionAffinityConfig = { clientIP: { timeoutSeconds: 90000 } };
    expect(errorsOf({ sessionAffinity: 'ClientIP', sessionAffinityConfig })).toEqual([
      'spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 90000: ' +
        'must be greater than 0 and less than 86400',
    ]);
    expect(errorsOf({ clusterIP: 'x' })).toEqual([
      'spec.clusterIPs[0]: Invalid value: "x": ' +
        'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ]);
    expect(errorsOf({ externalIPs: ['127.0.0.1'] })).toEqual([
      'spec.externalIPs[0]: Invalid value: "127.0.0.1": ' +
        'may not be in the loopback range (127.0.0.0/8, ::1/128)',
    ]);
  });
});

describe('changed services', () => {
  const allocated = (spec: JsonObject = {}) => ({
    clusterIP: '10.0.0.1',
    clusterIPs: ['10.0.0.1'],
    ...spec,
  });
  const change = (edit: (spec: NonNullable<Service['spec']>) => void, spec?: JsonObject) =>
    update<Service>('services', service(allocated(spec)), (object) => edit(object.spec!));

  test('addresses left out are kept', () => {
    const { object, errors } = change((spec) => {
      for (const field of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy'] as const) {
        delete spec[field];
      }
    });
    expect(errors).toEqual([]);
    expect(object.spec).toMatchObject(allocated({ ipFamilies: ['IPv4'] }));
  });

  test('families go with the type, also when the addresses were taken away by hand', () => {
    const { object, errors } = change((spec) => {
      Object.assign(spec, { type: 'ExternalName', externalName: 'a.example', clusterIP: '' });
      delete spec.clusterIPs;
    });
    expect(errors).toEqual([]);
    expect(object.spec).not.toHaveProperty('ipFamilies');
  });

  test('addresses do not change', () => {
    const { errors } = change((spec) => {
      spec.clusterIP = '10.0.0.2';
      spec.clusterIPs = ['10.0.0.2'];
    });
    expect(errors).toEqual([
      'spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set',
    ]);
  });

  test('node ports left out are kept by the name of the port', () => {
    const { object } = change((spec) => (spec.ports = [{ port: 81 }]), {
      type: 'NodePort',
      ports: [{ port: 80, nodePort: 30080 }],
    });
    expect(object.spec?.ports?.[0]?.nodePort).toBe(30080);
  });

  test('back to ClusterIP what only node ports need is dropped', () => {
    const { object, errors } = change((spec) => (spec.type = 'ClusterIP'), {
      type: 'NodePort',
      ports: [{ port: 80, nodePort: 30080 }],
    });
    expect(errors).toEqual([]);
    expect(object.spec).not.toHaveProperty('externalTrafficPolicy');
    expect(object.spec?.ports?.[0]).not.toHaveProperty('nodePort');
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeObject } from '../decode.ts';
import { DecodeError } from '../decode-context.ts';
import { builtinTypes } from '../type-model.ts';
import { openEnvelope } from './envelope.ts';
import { slotsOf, type Slots } from './field-numbers.ts';
import { readMessage } from './read-message.ts';
import { ProtobufError } from './wire-reader.ts';

/** What kubectl 1.33 sends for `create deployment|service|configmap --from-file|job`. */
const recorded = {
  deployment:
    'azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50EtEBCi4KA3dlYhIAGg9nMTIzNDU2NzgtYWJjZGUiACoAMgA4AEIAWgoK' +
    'A2FwcBIDd2ViEpABCAASDAoKCgNhcHASA3dlYhp2ChwKABIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViElYSOAoDYXBw' +
    'EhFyZWcuZXhhbXBsZS9hcHA6MSoAMgoKABAAGFAiACoAQgBqAHIAgAEAiAEAkAEAogEAGgAyAEIASgBSAFgAYABoAIIB' +
    'AIoBAJoBAMIBACICCgAoADgAGgwIABAAGAAgACgAOAAaACIA',
  service:
    'azhzAAoNCgJ2MRIHU2VydmljZRKSAQouCgNzdmMSABoPZzEyMzQ1Njc4LWFiY2RlIgAqADIAOABCAFoKCgNhcHASA3N2' +
    'YxJcChsKBzgwLTgwODASA1RDUBhQIgcIABCQPxoAKAAKGAoFNTMtNTMSA1RDUBg1IgYIABA1GgAoABIKCgNhcHASA3N2' +
    'YxoAIglDbHVzdGVySVA6AEIAUgBaAGAAaAAaAgoAGgAiAA==',
  configMap:
    'azhzAAoPCgJ2MRIJQ29uZmlnTWFwEjQKIgoDYmluEgAaD2cxMjM0NTY3OC1hYmNkZSIAKgAyADgAQgAaDgoHYmluLmRh' +
    'dBIDAAH/GgAiAA==',
};

function decode(base64: string) {
  const { kind, raw } = openEnvelope(Buffer.from(base64, 'base64'));
  const { object } = decodeObject(readMessage(kind, raw), { type: kind, text: undefined });
  return object;
}

/** A length-delimited field. */
function field(number: number, content: Buffer | string): Buffer {
  const bytes = Buffer.from(content as string);
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
}

describe('reading protobuf bodies', () => {
  it('API-1206: the envelope names the kind', () => {
    const { apiVersion, kind } = openEnvelope(Buffer.from(recorded.deployment, 'base64'));
    expect({ apiVersion, kind }).toEqual({ apiVersion: 'apps/v1', kind: 'Deployment' });
    expect(() => openEnvelope(Buffer.from('{"a":1}'))).toThrow('expected prefix [107 56 115 0]');
    expect(() => openEnvelope(Buffer.from('k8s\0'))).toThrow('empty body');
    expect(() => openEnvelope(Buffer.alloc(0))).toThrow('empty data');
  });

  it('API-1207, API-1208: what kubectl sends is what its JSON would be', () => {
    expect(decode(recorded.deployment)).toMatchObject({
      metadata: { name: 'web', labels: { app: 'web' } },
      spec: {
        // An explicit zero of an optional field stays.
        replicas: 0,
        selector: { matchLabels: { app: 'web' } },
        template: {
          spec: {
            containers: [{ name: 'app', ports: [{ containerPort: 80 }], resources: {} }],
          },
        },
      },
    });
    const text = JSON.stringify(decode(recorded.deployment));
    // Zeros of fields that are always on the wire say nothing.
    for (const zero of ['nodeName', 'creationTimestamp', 'hostPort', 'minReadySeconds'])
      expect(text).not.toContain(zero);
    expect(decode(recorded.service).spec).toMatchObject({
      ports: [
        { name: '80-8080', port: 80, targetPort: 8080, protocol: 'TCP' },
        { name: '53-53', port: 53, targetPort: 53 },
      ],
      type: 'ClusterIP',
    });
    expect(decode(recorded.configMap).binaryData).toEqual({ 'bin.dat': 'AAH/' });
  });

  it('API-1207: messages that JSON shows in place are flattened', () => {
    const emptyDir = field(2, field(2, ''));
    const volume = Buffer.concat([field(1, 'data'), emptyDir]);
    expect(readMessage('Volume', volume)).toEqual({ name: 'data', emptyDir: {} });
  });

  it('API-1207: times, quantities and maps', () => {
    const time = Buffer.from([0x08, 0x80, 0xb8, 0xf8, 0xe6, 0x05]);
    expect(readMessage('Condition', field(4, time))).toEqual({
      lastTransitionTime: '2019-05-17T02:27:12Z',
    });
    expect(readMessage('Condition', field(4, ''))).toEqual({ lastTransitionTime: null });
    const limit = field(1, Buffer.concat([field(1, 'cpu'), field(2, field(1, '500m'))]));
    expect(readMessage('ResourceRequirements', limit)).toEqual({ limits: { cpu: '500m' } });
    const extra = Buffer.concat([field(1, 'scopes'), field(2, field(1, 'a'))]);
    expect(readMessage('UserInfo', field(4, extra))).toEqual({ extra: { scopes: ['a'] } });
    const proto = readMessage('ObjectMeta', field(11, field(1, '__proto__')));
    expect(Object.keys(proto.labels as object)).toEqual(['__proto__']);
  });

  it('API-1207: any value travels as JSON text', () => {
    const data = field(2, field(1, '{"spec":1}'));
    expect(readMessage('ControllerRevision', data)).toEqual({ data: { spec: 1 } });
    expect(() => readMessage('ControllerRevision', field(2, field(1, '{')))).toThrow(ProtobufError);
  });

  it('API-1210: unknown fields are skipped', () => {
    const bytes = Buffer.concat([field(15, 'later'), field(2, field(1, 'a'))]);
    expect(readMessage('ConfigMap', bytes)).toEqual({ data: { a: '' } });
  });

  it('API-1210: packed numbers are numbers too', () => {
    const packed = field(4, Buffer.from([1, 0x80, 1]));
    expect(readMessage('PodSecurityContext', packed)).toEqual({ supplementalGroups: [1, 128] });
  });
});

describe('the table of numbers', () => {
  it('API-1210: every field of every type has a number', () => {
    const named = (slots: Slots): string[] =>
      [...slots.values()].flatMap((slot) =>
        slot.form === 'field' ? [slot.name] : named(slot.slots),
      );
    for (const name of builtinTypes.names) {
      const fields = [...(builtinTypes.type(name)?.fields.keys() ?? [])];
      const members = fields.filter((own) => !['apiVersion', 'kind'].includes(own));
      const known = new Set([...named(slotsOf(name)), ...referenceFields(name)]);
      expect(
        members.filter((own) => !known.has(own)),
        name,
      ).toEqual([]);
    }
  });

  /** In references apiVersion and kind are fields like others; in kinds they are the envelope's. */
  function referenceFields(name: string): string[] {
    return builtinTypes.type(name)?.fields.has('metadata') === true ? ['apiVersion', 'kind'] : [];
  }
});

describe('damaged bodies', () => {
  const bodies = Object.values(recorded).map((body) => Buffer.from(body, 'base64'));

  it('API-1205: a body that is cut short is refused', () => {
    expect(() => openEnvelope(Buffer.from('k8s\0\xff\xff', 'latin1'))).toThrow('unexpected EOF');
    const deep = Buffer.concat(Array.from({ length: 4 }, () => field(31, '').subarray(0, 1)));
    expect(() => readMessage('JSONSchemaProps', deep)).toThrow(ProtobufError);
  });

  it('API-1205: nesting has a limit', () => {
    let bytes: Buffer = Buffer.alloc(0);
    for (let depth = 0; depth < 2_000; depth += 1) {
      const length: number[] = [];
      for (let rest = bytes.length; ; rest = Math.floor(rest / 128)) {
        length.push(rest < 128 ? rest : (rest % 128) | 0x80);
        if (rest < 128) break;
      }
      // Field 28 of a schema, `not`, is a schema.
      bytes = Buffer.concat([Buffer.from([0xe2, 0x01, ...length]), bytes]);
    }
    expect(() => readMessage('JSONSchemaProps', bytes)).toThrow('exceeded max depth');
  });

  it('issue 4: mutated bodies are read or refused, never more', () => {
    const mutation = fc.tuple(fc.nat(10_000), fc.nat(255), fc.nat(3));
    const property = fc.property(
      fc.constantFrom(...bodies),
      fc.array(mutation, { minLength: 1, maxLength: 8 }),
      (original, mutations) => {
        const body = mutations.reduce(mutate, Buffer.from(original));
        try {
          const { kind, raw } = openEnvelope(body);
          const type = builtinTypes.type(kind)?.name ?? 'Pod';
          decodeObject(readMessage(type, raw), { type, text: undefined });
        } catch (error) {
          if (!(error instanceof ProtobufError) && !(error instanceof DecodeError)) throw error;
        }
      },
    );
    fc.assert(property, { numRuns: 5_000 });
  });

  function mutate(bytes: Buffer, [where, value, how]: [number, number, number]): Buffer {
    const at = where % Math.max(bytes.length, 1);
    if (how === 0) return bytes.subarray(0, at);
    if (how === 1) return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
    if (how === 2) {
      return Buffer.concat([bytes.subarray(0, at), Buffer.from([value]), bytes.subarray(at)]);
    }
    const changed = Buffer.from(bytes);
    changed[at] = value;
    return changed;
  }
});

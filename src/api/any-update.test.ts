// Random objects of every kind through all of its rules: they find what is wrong and never throw.
import fc from 'fast-check';
import { beforeAll, describe, test } from 'vitest';
import { loadEngines } from '../apiserver/custom-resources/load-engines.ts';
import { present } from '../base/assert.ts';
import { objectOf } from './any-object.fixture.ts';
import { NOW, ruleContext } from './kind-rules.fixture.ts';
import { rulesFor } from './kind-rules.ts';
import { DecodeError } from './meta/decode-context.ts';
import { decodeObject } from './meta/decode.ts';
import { deepFreeze, type Json, type KubernetesObject } from './meta/object.ts';
import { builtinResources } from './resources.ts';

const RUNS = 150;

beforeAll(loadEngines);

/** As it would be stored; undefined for what cannot be decoded. */
function decoded(value: Json, model: string): KubernetesObject | undefined {
  try {
    const { object } = decodeObject(value, { type: model, text: undefined });
    const metadata = { name: 'x', namespace: 'ns', uid: 'u', creationTimestamp: NOW };
    return { ...(object as unknown as KubernetesObject), metadata };
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

describe('issue 4: updates of any object of any kind', () => {
  const kinds = builtinResources.map((resource) => [resource.kind, resource] as const);
  test.each(kinds)('%s', (_, resource) => {
    const rules = present(rulesFor(resource), resource.kind);
    const context = ruleContext();
    const property = fc.property(
      objectOf(resource.model),
      objectOf(resource.model),
      (before, after) => {
        const old = decoded(before, resource.model);
        const object = decoded(after, resource.model);
        if (!old || !object) return;
        rules.applyDefaults(old, context);
        rules.prepareForCreate(old, context);
        deepFreeze(old);
        rules.applyDefaults(object, context);
        const status = structuredClone(object);
        rules.prepareForUpdate(object, old, context);
        rules.validateUpdate(object, old, context);
        rules.warnings(object, old);
        rules.prepareForStatusUpdate(status, old, context);
        rules.validateStatusUpdate(status, old, context);
      },
    );
    fc.assert(property, { numRuns: RUNS });
  });
});

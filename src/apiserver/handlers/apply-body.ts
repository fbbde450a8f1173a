// The body of an apply: YAML, of which JSON is a part (API-601, API-606).
import { isJsonObject } from '../../api/meta/object.ts';
import type { Json, JsonObject } from '../../api/meta/object.ts';
import { membersIfDuplicate, parseJson, JsonSyntaxError } from '../../api/meta/parse-json.ts';
import { jsonKind } from '../../api/meta/patch/patch-error.ts';
import { badRequest } from '../../api/meta/status-error.ts';
import type { StatusError } from '../../api/meta/status-error.ts';
import type { ApiRequest } from '../api-request.ts';
import type { FieldValidation } from './write-options.ts';

export interface Configuration {
  readonly config: JsonObject;
  /** About keys that stand twice. */
  readonly warnings: readonly string[];
  /** Throws 400 for a key that stands twice where this was asked for; for after the apply. */
  readonly checkStrictly: () => void;
}

const PREFIX = 'error converting YAML to JSON: ';

/** Throws 400 for a body that is no YAML or no object. */
export async function readConfiguration(
  { body }: ApiRequest,
  fieldValidation: FieldValidation,
): Promise<Configuration> {
  const { value, duplicates } = Buffer.isBuffer(body)
    ? await parseText(body.toString())
    : { value: (body ?? null) as Json, duplicates: [] };
  if (value !== null && !isJsonObject(value)) {
    const target = 'Go value of type map[string]interface {}';
    const why = `json: cannot unmarshal ${jsonKind(value)} into ${target}`;
    throw badRequest(`error decoding YAML: error unmarshaling JSON: while decoding JSON: ${why}`);
  }
  return {
    config: value ?? {},
    warnings: fieldValidation === 'Warn' ? duplicates : [],
    checkStrictly: () => {
      if (fieldValidation === 'Strict' && duplicates.length > 0) throw twice(duplicates);
    },
  };
}

function twice(duplicates: readonly string[]): StatusError {
  const lines = duplicates.map((line) => `  ${line}`).join('\n');
  return badRequest(`error strict decoding YAML: ${PREFIX}yaml: unmarshal errors:\n${lines}`);
}

async function parseText(text: string): Promise<{ value: Json; duplicates: readonly string[] }> {
  const value = jsonOf(text);
  if (value !== undefined && membersIfDuplicate(text, value).length === 0) {
    return { value, duplicates: [] };
  }
  const { parseYaml, YamlSyntaxError } = await import('../../api/meta/parse-yaml.ts');
  try {
    return parseYaml(text);
  } catch (error) {
    if (!(error instanceof YamlSyntaxError)) throw error;
    throw badRequest(`error decoding YAML: ${PREFIX}${error.message}`);
  }
}

function jsonOf(text: string): Json | undefined {
  if (!/^\s*\{/.test(text)) return undefined;
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof JsonSyntaxError) return undefined;
    throw error;
  }
}

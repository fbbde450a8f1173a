// Derives our one type model from the pinned Kubernetes client package (a development dependency):
//   src/api/generated/types.ts         TypeScript interfaces for the rooms
//   src/api/generated/type-model.json  the same at run time: field names, types, required-ness
//   src/api/generated/type-docs.json   texts about types and fields, for tables and OpenAPI
// The output is git-ignored; hand-written facts (merge keys, list types) live in src/api/meta/.
import { mkdirSync, readFileSync, writeFileSync, existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const models = join(root, 'node_modules/@kubernetes/client-node/dist/gen/models');
const out = join(root, 'src/api/generated');

/** Kinds we serve or answer; every type they reach is generated too. */
const rootModels = [
  'V1Pod V1Node V1Namespace V1Service V1Endpoints V1ConfigMap V1Secret V1ServiceAccount CoreV1Event',
  'V1PersistentVolume V1PersistentVolumeClaim V1PodTemplate V1ReplicationController V1ResourceQuota V1LimitRange V1Binding',
  'V1StatefulSet V1Deployment V1ReplicaSet V1DaemonSet V1ControllerRevision',
  'V1StorageClass V1VolumeAttributesClass V1CSINode V1CSIDriver V1VolumeAttachment V1EndpointSlice V1Lease',
  'V1PodDisruptionBudget V1Eviction V1Scale V1Job V1CronJob V2HorizontalPodAutoscaler',
  'V1HorizontalPodAutoscaler V1CSIStorageCapacity V1CertificateSigningRequest V1IPAddress V1ServiceCIDR',
  'V1FlowSchema V1PriorityLevelConfiguration V1MutatingAdmissionPolicy V1MutatingAdmissionPolicyBinding',
  'V1Ingress V1IngressClass V1NetworkPolicy V1PriorityClass V1RuntimeClass',
  'V1Role V1ClusterRole V1RoleBinding V1ClusterRoleBinding EventsV1Event',
  'V1CustomResourceDefinition V1APIService V1MutatingWebhookConfiguration V1ValidatingWebhookConfiguration',
  'V1ValidatingAdmissionPolicy V1ValidatingAdmissionPolicyBinding',
  'AuthenticationV1TokenRequest V1TokenReview V1SelfSubjectReview V1SubjectAccessReview V1SelfSubjectAccessReview',
  'V1SelfSubjectRulesReview V1LocalSubjectAccessReview V1Status V1DeleteOptions',
].flatMap((line) => line.split(' '));

const primitives = new Map([
  ['string', 'string'],
  ['boolean', 'boolean'],
  ['Date', 'time'],
  ['any', 'any'],
  ['object', 'any'],
  ['IntOrString', 'int-or-string'],
]);

/** `V1PodSpec` → `PodSpec`, `CoreV1Event` → `Event`, `EventsV1Event` → `EventsV1Event`. */
const renamed = new Map([
  ['CoreV1Event', 'Event'],
  ['CoreV1EventSeries', 'EventSeries'],
  ['CoreV1EndpointPort', 'EndpointPort'],
  ['RbacV1Subject', 'RbacSubject'],
  ['FlowcontrolV1Subject', 'FlowSchemaSubject'],
  ['V1HorizontalPodAutoscaler', 'HorizontalPodAutoscalerV1'],
  ['V1HorizontalPodAutoscalerSpec', 'HorizontalPodAutoscalerSpecV1'],
  ['V1HorizontalPodAutoscalerStatus', 'HorizontalPodAutoscalerStatusV1'],
  ['V1CrossVersionObjectReference', 'CrossVersionObjectReferenceV1'],
  ['DiscoveryV1EndpointPort', 'EndpointSlicePort'],
  ['AuthenticationV1TokenRequest', 'TokenRequest'],
]);
const typeName = (model) => renamed.get(model) ?? model.replace(/^V\d+(?=[A-Z])/, '');

function fieldType(attribute) {
  const { format } = attribute;
  const type = attribute.type.trim();
  const array = /^Array<(.*)>$/.exec(type);
  if (array) return `[]${fieldType({ type: array[1], format })}`;
  const map = /^\{ \[key: string\]: (.*?);? \}$/.exec(type);
  if (map) return `{}${fieldType({ type: map[1], format })}`;
  if (type === 'V1MicroTime') return 'microtime';
  if (type === 'Date') return format === 'date-time-micro' ? 'microtime' : 'time';
  if (type === 'number') return format || 'int32';
  if (type === 'string') {
    if (format === 'byte') return 'bytes';
    if (format === 'int-or-string') return 'int-or-string';
    if (format.startsWith('date-time')) return 'time';
    return 'string';
  }
  if (primitives.has(type)) return primitives.get(type);
  return type;
}

const types = {};
const docs = {};
const pending = [...rootModels];
while (pending.length > 0) {
  const model = pending.pop();
  if (types[model]) continue;
  if (!existsSync(join(models, `${model}.js`)))
    throw new Error(`no model ${model} in the client package`);
  const module = await import(pathToFileURL(join(models, `${model}.js`)).href);
  const declaration = readFileSync(join(models, `${model}.d.ts`), 'utf8');
  const fields = {};
  for (const attribute of module[model].attributeTypeMap) {
    const type = fieldType(attribute);
    const required = declaration.includes(`'${attribute.name}':`);
    fields[attribute.baseName] = { type, required };
    const reference = type.replace(/^(\[\]|\{\})+/, '');
    if (/^[A-Z]/.test(reference)) pending.push(reference);
  }
  types[model] = fields;
  docs[model] = documentation(declaration, module[model].attributeTypeMap);
}

/** The texts of a type and its fields; the client package has line breaks as spaces. */
function documentation(declaration, attributes) {
  const fieldNames = new Map(attributes.map(({ name, baseName }) => [name, baseName]));
  const texts = {};
  const comment =
    /\/\*\*\s*\* ((?:(?!\*\/).)*?)\s*\*\/\s*(?:export declare class (\w+)|'(\w+)'\??:)/gs;
  for (const [, text, , field] of declaration.matchAll(comment)) {
    const name = field === undefined ? '' : fieldNames.get(field);
    if (name === undefined) continue;
    texts[name] = text
      .replace(/\\(['"])/g, '$1')
      .replaceAll('*_/', '*/')
      .replaceAll('  ', '\n\n');
  }
  return texts;
}

const owners = new Map();
for (const model of Object.keys(types)) {
  const other = owners.get(typeName(model));
  if (other) throw new Error(`${model} and ${other} have the same name: rename one`);
  owners.set(typeName(model), model);
}

const scalarTypeScript = {
  string: 'string',
  int32: 'number',
  int64: 'number',
  double: 'number',
  number: 'number',
  boolean: 'boolean',
  time: 'string',
  microtime: 'string',
  bytes: 'string',
  'int-or-string': 'number | string',
  any: 'unknown',
};
function typeScript(type) {
  if (type.startsWith('[]')) return `Array<${typeScript(type.slice(2))}>`;
  if (type.startsWith('{}')) return `Record<string, ${typeScript(type.slice(2))}>`;
  const scalar = scalarTypeScript[type];
  if (scalar) return scalar;
  return typeName(type);
}

const roots = new Set(rootModels.filter((model) => types[model].metadata));
const interfaces = Object.keys(types)
  .sort()
  .map((model) => {
    const lines = Object.entries(types[model]).map(([name, { type, required }]) => {
      const always =
        required || (roots.has(model) && ['apiVersion', 'kind', 'metadata'].includes(name));
      const text = typeScript(type);
      const key = /^[A-Za-z_$][\w$]*$/.test(name) ? name : `'${name}'`;
      return always ? `  ${key}: ${text};` : `  ${key}?: ${text} | undefined;`;
    });
    return `export interface ${typeName(model)} {\n${lines.join('\n')}\n}\n`;
  });

const runtimeModel = {};
for (const model of Object.keys(types).sort()) {
  const fields = {};
  for (const [name, { type, required }] of Object.entries(types[model])) {
    const prefix = /^(\[\]|\{\})*/.exec(type)[0];
    const base = type.slice(prefix.length);
    const text = prefix + (/^[A-Z]/.test(base) ? typeName(base) : base);
    fields[name] = required ? `${text}!` : text;
  }
  runtimeModel[typeName(model)] = fields;
}

mkdirSync(out, { recursive: true });
const header =
  '// Generated by scripts/generate-type-model.mjs from @kubernetes/client-node (Apache-2.0). Do not edit.\n';
writeIfChanged(join(out, 'types.ts'), header + interfaces.join('\n'));
writeIfChanged(join(out, 'type-model.json'), JSON.stringify(runtimeModel));
const namedDocs = Object.keys(docs)
  .sort()
  .map((model) => [typeName(model), docs[model]]);
writeIfChanged(join(out, 'type-docs.json'), JSON.stringify(Object.fromEntries(namedDocs)));

function writeIfChanged(file, text) {
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return;
  writeFileSync(file, text);
}

// An ingress that names no class gets the default one.
import type { Ingress, IngressClass } from '../../api/generated/types.ts';
import { ingressClasses } from '../../api/other-resources.ts';
import { listObjects } from '../registry/object-store.ts';
import { requestOn } from './admission-request.ts';
import type { AdmissionRequest } from './admission-request.ts';

const IS_DEFAULT = 'ingressclass.kubernetes.io/is-default-class';
const OLD_CLASS_ANNOTATION = 'kubernetes.io/ingress.class';

/** Fills spec.ingressClassName of a new ingress: of several defaults, with the newest. */
export function defaultIngressClass(request: AdmissionRequest): void {
  const ingress = requestOn<Ingress>(request, 'ingresses', 'create')?.object;
  if (!ingress || ingress.spec?.ingressClassName !== undefined) return;
  if (ingress.metadata.annotations?.[OLD_CLASS_ANNOTATION] !== undefined) return;
  const defaults = listObjects<IngressClass>(request.context.store, ingressClasses, '').filter(
    ({ metadata }) => metadata.annotations?.[IS_DEFAULT] === 'true',
  );
  const created = ({ metadata }: IngressClass) => metadata.creationTimestamp ?? '';
  const [newest] = defaults.toSorted((a, b) => (created(a) < created(b) ? 1 : -1));
  if (newest) ingress.spec = { ...ingress.spec, ingressClassName: newest.metadata.name };
}

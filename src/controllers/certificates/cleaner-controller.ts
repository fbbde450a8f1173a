// Removes certificate signing requests that have served their time, once an hour.
import { X509Certificate } from 'node:crypto';
import type { CertificateSigningRequest } from '../../api/generated/types.ts';
import { nameOf } from '../../api/meta/object.ts';
import { isNotFound } from '../../api/meta/status-error.ts';
import { certificateSigningRequests } from '../../api/other-resources.ts';
import type { Runnable } from '../../base/runnable.ts';
import type { ControllerContext } from '../../client/controller-context.ts';
import { createController } from '../../client/controller.ts';
import { isPast } from './plan/is-past.ts';

const INTERVAL_MS = 3_600_000;
const ALL = 'all';

/** Upstream's csrcleaner. */
export function createCleanerController(context: ControllerContext): Runnable {
  const { client, informers, clock, logger } = context;
  const informer = informers.informer(certificateSigningRequests);
  const api = client.resource(certificateSigningRequests);
  const controller = createController({
    name: 'csrcleaner',
    informers: [informer],
    clock,
    logger,
    async reconcile() {
      const nowMs = clock.now();
      for (const request of informer.lister.list()) {
        if (!isPast(request, { nowMs, expiresMs: expiryOf(request) })) continue;
        await api.delete({ name: nameOf(request) }).catch((error: unknown) => {
          if (!isNotFound(error)) throw error;
        });
      }
      return { requeueAfterMs: INTERVAL_MS };
    },
  });
  return {
    async start() {
      await controller.start();
      controller.enqueue(ALL);
    },
    stop: () => controller.stop(),
  };
}

/** When the issued certificate ends, in milliseconds; undefined without a readable one. */
function expiryOf({ status }: CertificateSigningRequest): number | undefined {
  if (!status?.certificate) return undefined;
  try {
    return Date.parse(new X509Certificate(Buffer.from(status.certificate, 'base64')).validTo);
  } catch {
    return undefined;
  }
}

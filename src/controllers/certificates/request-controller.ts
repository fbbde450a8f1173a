// What the controllers of certificate signing requests have in common: they look at each request
// that has no certificate yet, whenever it changes.
import type { CertificateSigningRequest } from '../../api/generated/types.ts';
import { nameOf } from '../../api/meta/object.ts';
import { isConflict, isNotFound } from '../../api/meta/status-error.ts';
import { certificateSigningRequests } from '../../api/other-resources.ts';
import type { Runnable } from '../../base/runnable.ts';
import type { ControllerContext } from '../../client/controller-context.ts';
import { createController } from '../../client/controller.ts';

/** Handles one request; a conflict, or the request's end, is no failure. */
export type HandleRequest = (request: CertificateSigningRequest) => Promise<void>;

/** A controller that calls `handle` for each request without a certificate. */
export function createRequestController(
  { informers, clock, logger }: ControllerContext,
  name: string,
  handle: HandleRequest,
): Runnable {
  const informer = informers.informer(certificateSigningRequests);
  const controller = createController({
    name,
    informers: [informer],
    clock,
    logger,
    async reconcile(key) {
      const request = informer.lister.get({ name: key });
      if (!request || (request.status?.certificate ?? '') !== '') return;
      try {
        await handle(request);
      } catch (error) {
        if (!isConflict(error) && !isNotFound(error)) throw error;
      }
    },
  });
  const enqueue = (request: CertificateSigningRequest) => controller.enqueue(nameOf(request));
  const unsubscribe = informer.addEventHandler({
    add: enqueue,
    update: (_previous, request) => enqueue(request),
  });
  return {
    start: () => controller.start(),
    async stop() {
      unsubscribe();
      await controller.stop();
    },
  };
}

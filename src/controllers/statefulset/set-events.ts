// The events of section 11, in one place.
import type { PersistentVolumeClaim, StatefulSet } from '../../api/generated/types.ts';
import { nameOf } from '../../api/meta/object.ts';
import { isAlreadyExists } from '../../api/meta/status-error.ts';
import { errorMessage } from '../../base/errors.ts';
import type { EventRecorder } from '../../client/controller-context.ts';

export interface SetEvents {
  pod(verb: 'Create' | 'Update' | 'Delete', podName: string, error?: unknown): void;
  claim(podName: string, claim: PersistentVolumeClaim, error?: unknown): void;
  conflictingController(claimName: string): void;
  /** SS-660. */
  recreateStarted(): void;
}

export function createSetEvents(recorder: EventRecorder, set: StatefulSet): SetEvents {
  const setName = nameOf(set);
  const record = (reason: string, message: string) => {
    const isNormal = reason.startsWith('Successful') || reason === 'RecreateStarted';
    const type = isNormal ? 'Normal' : 'Warning';
    recorder.event(set, type, { reason, message });
  };
  return {
    pod(verb, podName, error) {
      const what = `${verb} Pod ${podName} in StatefulSet ${setName}`;
      if (error === undefined) record(`Successful${verb}`, `${what} successful`);
      else record(`Failed${verb}`, `${what} failed error: ${errorMessage(error)}`);
    },
    claim(podName, claim, error) {
      const name = nameOf(claim);
      const place = `in StatefulSet ${setName}`;
      if (error === undefined) {
        record('SuccessfulCreate', `Create Claim ${name} Pod ${podName} ${place} success`);
      } else if (!isAlreadyExists(error)) {
        const what = `Create Claim ${name} for Pod ${podName} ${place}`;
        record('FailedCreate', `${what} failed error: ${errorMessage(error)}`);
      }
    },
    conflictingController(claimName) {
      record(
        'ConflictingController',
        `PersistentVolumeClaim ${claimName} has a conflicting OwnerReference that acts as a ` +
          'managing controller, the retention policy is ignored for this claim',
      );
    },
    recreateStarted: () => record('RecreateStarted', 'Deleting all pods for Recreate update'),
  };
}

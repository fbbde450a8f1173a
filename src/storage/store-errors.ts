// Local faults of the storage room. Each has a stable code; users see message and action.
import { errorMessage, OrdinalError } from '../base/errors.ts';

/** The disk refused a write (`ORD_STORE_WRITE`): nothing of it was written, it may be retried. */
export class StoreWriteError extends OrdinalError {
  override name = 'StoreWriteError';
  constructor(cause: unknown) {
    super('ORD_STORE_WRITE', `the store could not write: ${errorMessage(cause)}`, {
      action: 'Check free space and health of the disk with the data directory, then try again.',
      cause,
    });
  }
}

/** What is stored breaks an invariant (`ORD_STORE_CORRUPT`). The data is left as it is. */
export class StoreCorruptError extends OrdinalError {
  override name = 'StoreCorruptError';
  constructor(violation: string, cause?: unknown) {
    super('ORD_STORE_CORRUPT', `the store is corrupt: ${violation}`, {
      action: 'Restore the data directory from a backup, or start with another one.',
      cause,
    });
  }
}

/** The data was written by another version (`ORD_STORE_FORMAT`). */
export class StoreFormatError extends OrdinalError {
  override name = 'StoreFormatError';
  constructor(file: string, found: number, known: number) {
    super('ORD_STORE_FORMAT', `${file} has format version ${found}, not ${known}`, {
      action: 'Use the version of Ordinal that wrote this data directory, or start with another.',
    });
  }
}

/** Another process, or another store of this one, uses the directory (`ORD_STORE_LOCKED`). */
export class StoreLockedError extends OrdinalError {
  override name = 'StoreLockedError';
  constructor(directory: string, pid: number) {
    super('ORD_STORE_LOCKED', `${directory} is in use by process ${pid}`, {
      action: 'Stop that process, or use another data directory.',
    });
  }
}

/** The directory or its files can't be opened (`ORD_STORE_OPEN`), for lack of rights or space. */
export class StoreOpenError extends OrdinalError {
  override name = 'StoreOpenError';
  constructor(directory: string, cause: unknown) {
    super('ORD_STORE_OPEN', `the store in ${directory} can't be opened: ${errorMessage(cause)}`, {
      action: 'Check that the data directory is writable and its disk has space.',
      cause,
    });
  }
}

/** Use of a store that is not started, or stopped already (`ORD_STORE_STOPPED`). */
export class StoreStoppedError extends OrdinalError {
  override name = 'StoreStoppedError';
  constructor() {
    super('ORD_STORE_STOPPED', 'the store is not running');
  }
}

/** A key that can't be stored (`ORD_STORE_KEY`). */
export class StoreKeyError extends OrdinalError {
  override name = 'StoreKeyError';
  constructor(problem: string) {
    super('ORD_STORE_KEY', `the key can't be stored: ${problem}`, { action: 'Use another key.' });
  }
}

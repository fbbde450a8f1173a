// Decides what becomes of an event before it is written, as client-go's correlator does: equal ones
// are counted up, many similar ones are combined, a flood about one object is cut off. Pure but for
// its memory; time comes with each occurrence.
import type { Event, EventSource, ObjectReference } from '../api/generated/types.ts';
import { formatTime } from '../base/time.ts';
import { TokenBucket } from './rate-limiter.ts';

export interface Occurrence {
  readonly timeMs: number;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  readonly involvedObject: ObjectReference;
  readonly source: EventSource;
}

/** What is remembered of a written event; `name` may be corrected by the writer. */
export interface EventRecord {
  name: string;
  count: number;
  readonly firstTimestamp: string;
}

export interface CorrelatedEvent {
  /** False: write `event` anew; true: its count, lastTimestamp and message changed. */
  readonly seen: boolean;
  readonly event: Event;
  readonly record: EventRecord;
}

/** Subjects remembered; the longest unused is forgotten first. */
const MEMORY_SIZE = 4096;
/** From this many different messages of one reason on, they are combined … */
const SIMILAR_MAX = 10;
/** … as long as no gap between two of them is longer than this. */
const SIMILAR_WINDOW_MS = 600_000;
/** Events about one object: a burst of 25, then one in five minutes. */
const OBJECT_RATE = { burst: 25, perSecond: 1 / 300 };

export class EventCorrelator {
  readonly #similar = new LruMap<{ messages: Set<string>; lastMs: number }>(MEMORY_SIZE);
  readonly #records = new LruMap<EventRecord>(MEMORY_SIZE);
  readonly #buckets = new LruMap<TokenBucket>(MEMORY_SIZE);
  readonly #newName: (objectName: string, timeMs: number) => string;
  #nowMs = 0;

  constructor({ newName }: { newName: (objectName: string, timeMs: number) => string }) {
    this.#newName = newName;
  }

  /** The event to write, or undefined when the object has had too many. */
  correlate(occurrence: Occurrence): CorrelatedEvent | undefined {
    const { timeMs } = occurrence;
    this.#nowMs = timeMs;
    const { key, message } = this.#combine(occurrence);
    const known = this.#records.get(key);
    const record: EventRecord = known ?? {
      name: this.#newName(occurrence.involvedObject.name ?? '', timeMs),
      count: 0,
      firstTimestamp: formatTime(timeMs),
    };
    record.count++;
    this.#records.set(key, record);
    if (!this.#admits(occurrence)) return undefined;
    return {
      seen: known !== undefined,
      event: eventOf({ ...occurrence, message }, record),
      record,
    };
  }

  /** The key under which the event is counted, and its message: its own or the combined one. */
  #combine(occurrence: Occurrence): { key: string; message: string } {
    const { timeMs, type, reason, message, involvedObject } = occurrence;
    const group = keyOf(subject(occurrence), type, reason);
    const before = this.#similar.get(group);
    const recent = before !== undefined && timeMs - before.lastMs <= SIMILAR_WINDOW_MS;
    const messages = recent ? before.messages : new Set<string>();
    messages.add(message);
    this.#similar.set(group, { messages, lastMs: timeMs });
    if (messages.size < SIMILAR_MAX) {
      return { key: keyOf(group, involvedObject.fieldPath ?? '', message), message };
    }
    // The set need not grow any more.
    for (const oldest of messages) {
      messages.delete(oldest);
      break;
    }
    return { key: group, message: `(combined from similar events): ${message}` };
  }

  #admits(occurrence: Occurrence): boolean {
    const key = subject(occurrence);
    const clock = { now: () => this.#nowMs };
    const bucket = this.#buckets.get(key) ?? new TokenBucket({ ...OBJECT_RATE, clock });
    this.#buckets.set(key, bucket);
    return bucket.tryTake();
  }
}

function subject({ source, involvedObject }: Occurrence): string {
  const { kind, namespace, name, uid, apiVersion } = involvedObject;
  const object = [kind, namespace, name, uid, apiVersion].map((part) => part ?? '');
  return keyOf(source.component ?? '', source.host ?? '', ...object);
}

function keyOf(...parts: string[]): string {
  return JSON.stringify(parts);
}

function eventOf(occurrence: Occurrence, { name, count, firstTimestamp }: EventRecord): Event {
  const { involvedObject, reason, message, type, source, timeMs } = occurrence;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    // Events about cluster-scoped objects live in the default namespace.
    metadata: { name, namespace: involvedObject.namespace ?? 'default' },
    involvedObject,
    reason,
    message,
    type,
    source,
    count,
    firstTimestamp,
    lastTimestamp: formatTime(timeMs),
    reportingComponent: source.component ?? '',
    reportingInstance: source.host ?? '',
  };
}

/** A map that forgets the entry unused for longest. */
class LruMap<V> {
  readonly #entries = new Map<string, V>();
  readonly #size: number;

  constructor(size: number) {
    this.#size = size;
  }

  get(key: string): V | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) this.set(key, value);
    return value;
  }

  set(key: string, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > this.#size && oldest !== undefined) this.#entries.delete(oldest);
  }
}

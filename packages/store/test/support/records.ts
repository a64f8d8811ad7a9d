/** Single changes of single records. */
import type { RecordBackend, RecordKind } from '../../src/record-backend.js';

export interface TestRecord {
  readonly kind: RecordKind;
  readonly id: string;
  readonly bytes: Uint8Array;
  readonly tokens?: readonly string[];
}

/** Replaces the version expected, or creates what must not be there. */
export function putRecord(
  backend: RecordBackend,
  { kind, id, bytes, tokens = [] }: TestRecord,
  expected: Uint8Array | undefined,
): Promise<boolean> {
  return backend.write([{ kind, id, expected, next: { bytes, tokens } }]);
}

export function deleteRecord(backend: RecordBackend, kind: RecordKind, id: string): Promise<boolean> {
  return backend.write([{ kind, id, expected: 'present', next: undefined }]);
}

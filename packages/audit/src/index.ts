/**
 * The transparency log of decisions: append, prove, export and verify, in public formats.
 * @module
 */
export { AuditLog, type AuditLogOptions } from './audit-log.js';
export type {
  Appended,
  HeadKeeper,
  LogBackend,
  LogReader,
  LogRecord,
  LogTile,
  Publication,
} from './backend.js';
export type {
  DecisionEntry,
  DecisionRecord,
  EventRecord,
  LogEntry,
  Outcome,
  OutcomeRecord,
  Receipt,
} from './entry.js';
export { AuditError, type AuditErrorCode } from './errors.js';
export { type Exported, type ExportOptions, exportLog } from './export.js';
export { FileLogBackend } from './file-log.js';
export { FolderLogReader } from './folder-reader.js';
export { FileHeadKeeper } from './head-keeper.js';
export {
  type Checkpoint,
  formatCheckpoint,
  type OpenedCheckpoint,
  openCheckpoint,
  parseCheckpoint,
} from './lib/checkpoint.js';
export type { Erasure } from './lib/erasure.js';
export type { DecisionLeaf, EventLeaf, Leaf, ListSummary, OutcomeLeaf } from './lib/leaf-types.js';
export { MemoryLogBackend } from './lib/memory-log.js';
export {
  type ConsistencyProof,
  hashLeaf,
  hashNode,
  type InclusionProof,
  verifyConsistency,
  verifyInclusion,
} from './lib/merkle.js';
export {
  addSignatures,
  type Note,
  type NoteSignature,
  type OpenedNote,
  openNote,
  parseNote,
  signNote,
  type VerifiedSignature,
} from './lib/note.js';
export { formatProof, type LogProof, parseProof } from './lib/proof-file.js';
export { verifyQuorum, type WitnessPolicy } from './lib/quorum.js';
export type { Checked, LogReport, Problem, ProblemCode } from './lib/report.js';
export { decodeBundle, parseTilePath, TILE_WIDTH, type TilePlace, tilePath } from './lib/tile-format.js';
export { TreeReader } from './lib/tiles.js';
export type { EntryValues, ValuesOptions } from './lib/values.js';
export {
  formatVerifierKey,
  type KeyType,
  type NamedKey,
  parseVerifierKey,
  toVerifierKey,
  type VerifierKey,
  verifierKey,
} from './lib/verifier-key.js';
export type { TrustOptions } from './lib/verifying-keys.js';
export type { Listening, ListenOptions } from './lib/witness-server.js';
export { consistencyProof, type EntryProof, inclusionProof, proveEntry } from './proofs.js';
export type { Pruned, PruneOptions } from './prune.js';
export { SqliteLogBackend, type SqliteLogOptions, SqliteLogReader } from './sqlite-log.js';
export { SubjectKeyFolder } from './subject-key-folder.js';
export { MemorySubjectKeys, type SubjectKey, type SubjectKeys } from './subject-keys.js';
export { verifyExport } from './verify-export.js';
export { type LiveLog, type VerifyLogOptions, verifyLog } from './verify-log.js';
export { type ProofReport, verifyProof } from './verify-proof.js';
export { Witness, type WitnessAnswer, type WitnessedLog, type WitnessOptions } from './witness.js';
export {
  type CheckpointToCosign,
  collectCosignatures,
  WitnessClient,
  type WitnessClientOptions,
} from './witness-client.js';

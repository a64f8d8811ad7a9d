/**
 * The transparency log of decisions: append, prove, export and verify, in public formats.
 * @module
 */
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
export {
  type Checkpoint,
  formatCheckpoint,
  type OpenedCheckpoint,
  openCheckpoint,
  parseCheckpoint,
} from './lib/checkpoint.js';
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
export { decodeBundle, parseTilePath, TILE_WIDTH, type TilePlace, tilePath } from './lib/tile-format.js';
export { TreeReader } from './lib/tiles.js';
export { formatProof, type LogProof, type ProvedEntry, parseProof, verifyProof } from './lib/proof-file.js';
export { verifyQuorum, type WitnessPolicy } from './lib/quorum.js';
export {
  formatVerifierKey,
  type KeyType,
  type NamedKey,
  parseVerifierKey,
  type VerifierKey,
  verifierKey,
} from './lib/verifier-key.js';
export type { Listening, ListenOptions } from './lib/witness-server.js';
export { Witness, type WitnessAnswer, type WitnessedLog, type WitnessOptions } from './witness.js';
export {
  type CheckpointToCosign,
  collectCosignatures,
  WitnessClient,
  type WitnessClientOptions,
} from './witness-client.js';

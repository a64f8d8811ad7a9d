import { BackedStore } from './backed-store.js';
import { MemoryBackend } from './lib/memory-backend.js';

/** Covenants in the memory of this process, for tests and for what may be lost. */
export class MemoryStore extends BackedStore {
  constructor() {
    super(new MemoryBackend());
  }
}

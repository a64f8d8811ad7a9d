import { MemoryKeyRing } from '@stele/crypto';
import { FileKeyRing } from '@stele/crypto/node';
import { describe, it } from 'vitest';
import { keyRingContract } from '../src/testing.js';
import { freshPath } from './support/stores.js';

keyRingContract(
  'MemoryKeyRing',
  () => {
    const ring = new MemoryKeyRing();
    return [ring, ring];
  },
  { describe, it },
);

keyRingContract(
  'FileKeyRing',
  () => {
    const path = freshPath('ring-folder');
    return [new FileKeyRing(path), new FileKeyRing(path)];
  },
  { describe, it },
);

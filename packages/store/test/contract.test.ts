import { describe, it } from 'vitest';
import { storeContract } from '../src/testing.js';
import { stores } from './support/stores.js';

for (const [name, make] of stores) storeContract(name, make, { describe, it });

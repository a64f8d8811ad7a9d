import { defineConfig } from 'vitest/config';
import { memory, settings } from './vitest.config.js';

export default defineConfig({ test: { ...settings, name: 'store-memory', include: memory } });

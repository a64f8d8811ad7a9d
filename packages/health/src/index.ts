/**
 * Whether a process lives, whether it can serve, and how it fares.
 * @module
 */
export { type Liveness, liveness } from './liveness.js';

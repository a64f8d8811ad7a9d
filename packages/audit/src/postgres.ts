/**
 * A log in PostgreSQL, which several processes may append to.
 * @module
 */
export {};

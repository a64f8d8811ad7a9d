/**
 * The contract of a backend as a suite of tests.
 * @module
 */
export {};

/**
 * Tests of rules: two assertions for any test runner, tables of requests with the decisions to expect, and which
 * statements the tests never asked for.
 * @module
 */
export { Coverage, type CoverageReport } from './lib/testing/coverage.js';
export {
  AssertionError,
  type DenialCode,
  expectDeny,
  expectPermit,
  type Subject,
} from './lib/testing/expect.js';
export {
  type CaseResult,
  type Expectation,
  readTestTable,
  runTestTable,
  type TestCase,
  type TestTable,
  TestTableError,
} from './lib/testing/table.js';

export { freshSchema, inspector } from '../../../../test/support/schemas.js';

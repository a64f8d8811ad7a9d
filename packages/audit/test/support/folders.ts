export { memoryFolder, temporaryFolder } from '../../../../test/support/folders.js';

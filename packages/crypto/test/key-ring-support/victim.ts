/** Performs an operation on a ring and is killed at its n-th change of a file. Arguments: folder, operation, n, fault. */
import { type Fault, playFault } from './faults.js';
import { managerOf, type Operation, perform, timeOf } from './operations.js';

const [folder, operation, n, fault] = process.argv.slice(2) as [string, Operation, string, Fault];
const manager = managerOf(folder, timeOf(operation));
if (operation !== 'initialize') await manager.initialize();
playFault(Number(n), fault);
await perform(operation, manager);

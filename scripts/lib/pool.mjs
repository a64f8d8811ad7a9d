// Runs tasks side by side, at most as many as there are processors.
import { availableParallelism } from 'node:os';

/**
 * @template T
 * @param {(() => Promise<T>)[]} tasks
 * @param {number} [width]
 * @returns {Promise<T[]>} the results in the order of the tasks
 */
export async function pool(tasks, width = availableParallelism()) {
  const results = [];
  let next = 0;
  const work = async () => {
    while (next < tasks.length) {
      const index = next++;
      results[index] = await tasks[index]();
    }
  };
  await Promise.all(Array.from({ length: width }, work));
  return results;
}

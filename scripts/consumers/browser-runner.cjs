// Runs browser.bundle.js in a thread that has lost everything only Node has.
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { Worker } = require('node:worker_threads');

const program = `
  const { parentPort } = require('node:worker_threads');
  globalThis.done = (result) => result.then(() => parentPort.postMessage('done'), (error) => parentPort.postMessage(String(error.stack)));
  for (const name of ['process', 'Buffer', 'global', 'require', 'module', 'exports', '__filename', '__dirname', 'setImmediate', 'clearImmediate']) {
    delete globalThis[name];
  }
  (0, eval)(${JSON.stringify(readFileSync(join(__dirname, 'browser.bundle.js'), 'utf8'))});
`;
const worker = new Worker(program, { eval: true });
let answer = 'the bundle never answered';
worker.on('message', (message) => {
  answer = message;
  worker.terminate();
});
worker.on('error', (error) => {
  answer = String(error.stack);
});
worker.on('exit', () => {
  if (answer === 'done') return;
  console.error(answer);
  process.exitCode = 1;
});

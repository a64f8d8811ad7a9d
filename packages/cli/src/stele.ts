#!/usr/bin/env node
import { run } from './program.js';

for (const stream of [process.stdout, process.stderr]) {
  // A reader that has seen enough (`| head`) changes nothing in the verdict; an output that is lost is never a success.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') process.exitCode = 2;
  });
}

void run(process.argv.slice(2), process).then((code) => {
  process.exitCode ??= code;
});

import type { Command } from 'commander';
import type { Cli } from '../../lib/cli.js';

export function define(_command: Command, _cli: Cli): void {}

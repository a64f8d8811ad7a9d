import { count } from '../output.js';
import { askModule } from '../tools/module.js';
import { bad, type Finding, fine } from './finding.js';

/**
 * Which of the tools that a module exports could run without a decision. The module is run.
 * @throws CliError `tools_unreadable`
 */
export async function guards(path: string): Promise<Finding[]> {
  const { count: all, answer } = await askModule(path, 'ungoverned');
  if (all === 0) return [bad('tools', 'the module exports none')];
  if (answer.length > 0) return answer.map(({ name, why }) => bad(`tool ${name}`, why));
  return [fine('tools', `${count(all)}, each behind a guard`)];
}

/** Starts first what takes longest, so that no worker is left alone with it at the end. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files whose tests wait for processes that are started and killed. */
const WAITS = /kill|crash|processes/;

export class LongestFirst extends BaseSequencer {
  /** The files of a project stay together, since they share processes. */
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const sizes = new Map<string, number>();
    for (const { project } of sorted) sizes.set(project.name, (sizes.get(project.name) ?? 0) + 1);
    const size = ({ project }: TestSpecification) => sizes.get(project.name) as number;
    const waits = ({ moduleId }: TestSpecification) => Number(WAITS.test(moduleId));
    return sorted.sort(
      (a, b) => size(b) - size(a) || a.project.name.localeCompare(b.project.name) || waits(b) - waits(a),
    );
  }
}

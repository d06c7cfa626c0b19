/** The order of files in a run: those that take long first, so that all workers end at about the same time. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Programs and whole networks; in units, sizes of files tell enough. */
const longFolders = /\/test\/(package|e2e|fuzz)\//;

export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const bySizeOrTime = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification): boolean => longFolders.test(moduleId);
    return [...bySizeOrTime.filter(isLong), ...bySizeOrTime.filter((file) => !isLong(file))];
  }
}

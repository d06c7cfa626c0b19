/**
 * The order of files in a run: those that take long first, so that all workers end at about the same time. The first of them
 * builds the package, and others that need it come later, so that they need not wait.
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Programs and whole networks; in units, sizes of files tell enough. */
const longFolders = /\/test\/(package|e2e|fuzz)\//;

const buildsPackage = /\/test\/package\/package\.test\.ts$/;
const needsPackage = /\/test\/(package\/|e2e\/browser\.test\.ts)/;
/** Files that take longer than the build, in all. */
const filesDuringBuild = 12;

export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const bySizeOrTime = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification): boolean => longFolders.test(moduleId);
    const long = bySizeOrTime.filter(isLong);
    const first = long.filter(({ moduleId }) => buildsPackage.test(moduleId));
    const later = long.filter(({ moduleId }) => needsPackage.test(moduleId) && !buildsPackage.test(moduleId));
    const others = long.filter((file) => !first.includes(file) && !later.includes(file));
    const short = bySizeOrTime.filter((file) => !isLong(file));
    return [...first, ...others.slice(0, filesDuringBuild), ...later, ...others.slice(filesDuringBuild), ...short];
  }
}

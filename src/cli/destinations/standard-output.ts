import { STREAM_FORMATS } from '../../dataset/formats/index.ts';
import { fleetOf, type Variant, variantsOf } from '../../dataset/request.ts';
import { type Destination, FILES_ONLY, RowCount } from './destination.ts';

/** Stands for standard output instead of a folder. */
export const STDOUT = '-';

/** Flat records on standard output. */
export const standardOutput: Destination = {
  name: 'standard output',
  option: 'out',
  isMeant: (written) => written === STDOUT,
  options: {},
  inapplicable: FILES_ONLY,
  formats: STREAM_FORMATS,
  isForCluster: false,
  read: (options) => {
    if (options.isGiven('json') && options.written('out') === STDOUT)
      options.fault('json', 'applies to a result, and --out - fills standard output with records');
    return async ({ dataset, progress, stdout }) => {
      const { streamFlat } = await import('../../dataset/flat-stream.ts');
      const fleet = fleetOf(dataset, variantsOf(dataset).at(-1) as Variant);
      const written = new RowCount(dataset, fleet, progress);
      await streamFlat(dataset, fleet, stdout, written.add);
      return 0;
    };
  },
};

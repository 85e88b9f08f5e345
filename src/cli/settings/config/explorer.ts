// cosmiconfig's public entry reads "meta configuration" from the working directory first, and runs `.config/config.js` to do so: code
// of whoever wrote the checkout. Its Explorer class does not, so it is imported by its file, and told everything.
// See docs/decisions/0006-configs-are-data.md.
import * as explorerModule from '../../../../node_modules/cosmiconfig/dist/Explorer.js';

type Loader = (path: string, text: string) => Promise<unknown>;

/** The part of cosmiconfig's own interface that is used (its file has no types). */
interface Explorer {
  load(path: string): Promise<{ readonly filepath: string } | null>;
  search(folder: string): Promise<{ readonly filepath: string } | null>;
}

const { Explorer } = explorerModule as unknown as { readonly Explorer: new (options: object) => Explorer };

/** Looks for the places in one folder at a time, with our loader alone. */
export function createExplorer(places: readonly string[], loader: Loader): Explorer {
  return new Explorer({
    moduleName: 'apptool',
    searchPlaces: [...places],
    loaders: { '.json': loader, '.yaml': loader, '.yml': loader, noExt: loader, default: loader },
    packageProp: 'apptool',
    searchStrategy: 'none',
    ignoreEmptySearchPlaces: true,
    cache: false,
    transform: (result: unknown) => result,
    metaConfigFilePath: null,
    mergeImportArrays: false,
    mergeSearchPlaces: false,
  });
}

// Stands in for the package env-paths in the bundle. cosmiconfig loads it for its global search, which apptool never uses; its first line asks
// for a home folder, which a user may not have.

export default function envPaths() {
  throw new Error('apptool looks for no config in a home folder');
}

/** What to do with what is not one app but the parts of one: bundletool's `.apks`, APKPure's `.xapk`, APKMirror's `.apkm`. */
export const APK_SET_HINT = 'send the bundle, or make one APK of it: bundletool build-apks --mode=universal';
export const SPLIT_APKS_HINT = 'send the bundle or one universal APK: the APKs of a split app are not whole apps';

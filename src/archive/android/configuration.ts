/**
 * The devices that a value of a resource is for: `ResTable_config` of frameworks/base/libs/androidfw/include/androidfw/ResourceTypes.h.
 * 0 is "any" in every number.
 */
export interface Configuration {
  /** Whether it is for every language. */
  readonly isAnyLanguage: boolean;
  /** Dots per inch. */
  readonly density: number;
  /** 1 is portrait. */
  readonly orientation: number;
  /** 1 is small, 2 normal, then larger ones. */
  readonly screenSize: number;
  readonly smallestWidthDp: number;
  readonly widthDp: number;
  readonly heightDp: number;
  readonly sdk: number;
  /** Whether it asks for what no device has until it says so: an operator, night mode, a keyboard, a round screen … */
  readonly isSpecial: boolean;
}

/** The device for which `aapt2 dump badging` reads a manifest: `DummyConfig` of frameworks/base/tools/aapt2/dump/DumpManifest.cpp. */
const DEVICE = {
  density: 160,
  orientation: 1,
  screenSize: 2,
  smallestWidthDp: 320,
  widthDp: 320,
  heightDp: 480,
} as const;
/** `DENSITY_ANY` of ResourceTypes.h. */
const ANY_DENSITY = 0xfffe;

/** Whether the device takes such a value at all: `ResTable_config::match`. */
export function isForDevice(one: Configuration): boolean {
  return (
    one.isAnyLanguage &&
    !one.isSpecial &&
    (one.orientation === 0 || one.orientation === DEVICE.orientation) &&
    one.screenSize <= DEVICE.screenSize &&
    one.smallestWidthDp <= DEVICE.smallestWidthDp &&
    one.widthDp <= DEVICE.widthDp &&
    one.heightDp <= DEVICE.heightDp
  );
}

/** Whether of two that are for the device the first suits it better: `ResTable_config::isBetterThan`, whose order this is. */
export function isBetterForDevice(one: Configuration, other: Configuration): boolean {
  if (one.smallestWidthDp !== other.smallestWidthDp) return one.smallestWidthDp > other.smallestWidthDp;
  const [size, otherSize] = [one.widthDp + one.heightDp, other.widthDp + other.heightDp];
  if (size !== otherSize) return size > otherSize;
  if (one.screenSize !== other.screenSize) return isBetterSize(one.screenSize, other.screenSize);
  if (one.orientation !== other.orientation) return one.orientation !== 0;
  if (one.density !== other.density)
    return isBetterDensity(one.density || DEVICE.density, other.density || DEVICE.density);
  return one.sdk > other.sdk;
}

/** One that is not said counts as normal, and one that says so comes before it. */
function isBetterSize(one: number, other: number): boolean {
  const [size, otherSize] = [one || DEVICE.screenSize, other || DEVICE.screenSize];
  return size === otherSize ? one !== 0 : size > otherSize;
}

/** The nearest one; to scale down is twice as good as to scale up. */
function isBetterDensity(one: number, other: number): boolean {
  if (one === ANY_DENSITY || other === ANY_DENSITY) return one === ANY_DENSITY;
  const [low, high] = [Math.min(one, other), Math.max(one, other)];
  const wanted = DEVICE.density;
  const isHighBetter = wanted >= high || (wanted > low && (2 * low - wanted) * high <= wanted * wanted);
  return isHighBetter === (one === high);
}

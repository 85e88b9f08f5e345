/**
 * Whether a version is lower than another, part by part: `1.2.42` is higher than `1.2.9`, and what is not said is 0. `null` where one of
 * them is anything but numbers with dots between them. Apple: "CFBundleVersion", one to three whole numbers, "1" is "1.0.0".
 */
export function isLowerVersion(version: string, least: string): boolean | null {
  const [parts, leastParts] = [partsOf(version), partsOf(least)];
  if (parts === null || leastParts === null) return null;
  for (let at = 0; at < Math.max(parts.length, leastParts.length); at += 1) {
    const [part, leastPart] = [parts[at] ?? 0n, leastParts[at] ?? 0n];
    if (part !== leastPart) return part < leastPart;
  }
  return false;
}

function partsOf(version: string): bigint[] | null {
  return /^\d{1,30}(?:\.\d{1,30}){0,9}$/.test(version) ? version.split('.').map(BigInt) : null;
}

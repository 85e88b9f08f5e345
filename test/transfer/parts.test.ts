import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { artifactAt } from '../../src/testing/artifacts.ts';
import { fakeClock } from '../../src/testing/clock.ts';
import { testContext } from '../../src/testing/context.ts';
import { bigApk, temporaryFolder } from '../../src/testing/files.ts';
import { planParts, uploadParts } from '../../src/transfer/upload/parts.ts';

const MIB = 1024 * 1024;

function urls(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `https://storage.example/part/${index + 1}`);
}

describe('planParts', () => {
  test('covers the file without gap or overlap, the last part being what is left', () => {
    const parts = planParts({ urls: urls(11), chunkSizeBytes: 10 * MIB, totalParts: 11 }, 110_000_000);

    expect(parts.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(parts[0]).toMatchObject({ start: 0, end: 10 * MIB });
    expect(parts.at(-1)?.end).toBe(110_000_000);
    for (const [index, part] of parts.entries()) expect(part.start).toBe(parts[index - 1]?.end ?? 0);
  });

  test.each([
    ['no URLs', { urls: [], chunkSizeBytes: 10 * MIB, totalParts: 1 }, 'part_urls'],
    ['an empty URL', { urls: ['https://s.example/1', ''], chunkSizeBytes: 10 * MIB, totalParts: 2 }, 'part_urls'],
    [
      'the same URL twice',
      { urls: ['https://s.example/1', 'https://s.example/1'], chunkSizeBytes: 10 * MIB, totalParts: 2 },
      'part_urls',
    ],
    ['10,001 URLs', { urls: urls(10_001), chunkSizeBytes: 10 * MIB, totalParts: 10_001 }, 'part_urls'],
    ['fewer URLs than parts', { urls: urls(1), chunkSizeBytes: 10 * MIB, totalParts: 2 }, 'total_parts'],
    ['parts that do not cover the file', { urls: urls(1), chunkSizeBytes: 10 * MIB, totalParts: 1 }, 'file_size'],
    ['more parts than the file needs', { urls: urls(3), chunkSizeBytes: 10 * MIB, totalParts: 3 }, 'file_size'],
    [
      'total_parts that is no number',
      { urls: urls(2), chunkSizeBytes: 10 * MIB, totalParts: Number.NaN },
      'total_parts',
    ],
    ['total_parts 0', { urls: urls(2), chunkSizeBytes: 10 * MIB, totalParts: 0 }, 'total_parts'],
    ['total_parts -1', { urls: urls(2), chunkSizeBytes: 10 * MIB, totalParts: -1 }, 'total_parts'],
    ['total_parts 1.5', { urls: urls(2), chunkSizeBytes: 10 * MIB, totalParts: 1.5 }, 'total_parts'],
    ['chunk_size 0', { urls: urls(2), chunkSizeBytes: 0, totalParts: 2 }, 'chunk_size'],
    ['chunk_size below 5 MiB', { urls: urls(2), chunkSizeBytes: 5 * MIB - 1, totalParts: 2 }, 'chunk_size'],
    ['chunk_size above 5 GiB', { urls: urls(2), chunkSizeBytes: 5 * 1024 * MIB + 1, totalParts: 2 }, 'chunk_size'],
    ['chunk_size that is no number', { urls: urls(2), chunkSizeBytes: Number.NaN, totalParts: 2 }, 'chunk_size'],
  ])('refuses %s and names the rule', (_, instructions, rule) => {
    expect(() => planParts(instructions, 20 * MIB)).toThrow(
      expect.objectContaining({
        class: 'unavailable',
        message: expect.stringContaining(
          `inconsistent: ${rule === 'file_size' ? 'part_urls do not cover file_size' : rule}`,
        ),
      }),
    );
  });
});

test('F-NET-13: a link too slow for the time that the addresses hold is told of once', async () => {
  const artifact = await artifactAt(await bigApk(join(await temporaryFolder(), 'app.apk'), 60 * MIB, 'hole'));
  const parts = planParts({ urls: urls(6), chunkSizeBytes: 10 * MIB, totalParts: 6 }, artifact.sizeBytes);
  const clock = fakeClock();
  const ctx = testContext({ clock });
  const put = async () => {
    clock.advance(20_000);
    return '"etag"';
  };

  await uploadParts({ parts, concurrency: 1, expiresAtMs: 110_000, put }, artifact, ctx);

  const message = 'at this speed the upload takes 2 min, but its addresses are only valid for 2';
  expect(ctx.ofType('warning')).toEqual([{ type: 'warning', code: 'slow-link', message }]);
});

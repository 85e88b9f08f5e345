import { chunk, stringPool, words } from './manifest-bytes.ts';

/** One value of a resource, and what of its `ResTable_config` is set, by the offsets of ResourceTypes.h. */
export interface Value {
  readonly value: string | { readonly type: number; readonly data: number };
  readonly u8?: Readonly<Record<number, number>>;
  readonly u16?: Readonly<Record<number, number>>;
}

const CONFIG_BYTES = 56;

/** A `resources.arsc` of one package 0x7f with one type 1; the entries are 0x7f010000, 0x7f010001 and so on. */
export function resourceTable(entries: readonly (readonly Value[])[]): Buffer {
  const strings: string[] = [];
  const types = entries.flatMap((values, entry) =>
    values.map(({ value, u8 = {}, u16 = {} }) => {
      const config = Buffer.alloc(CONFIG_BYTES);
      config.writeUInt32LE(CONFIG_BYTES);
      for (const [at, byte] of Object.entries(u8)) config.writeUInt8(byte, Number(at));
      for (const [at, short] of Object.entries(u16)) config.writeUInt16LE(short, Number(at));
      const text = typeof value === 'string' ? strings.push(value) - 1 : 0;
      const { type, data } = typeof value === 'string' ? { type: 3, data: text } : value;
      const offsets = words(...entries.map((_, at) => (at === entry ? 0 : -1)));
      const headerBytes = 20 + CONFIG_BYTES;
      const header = Buffer.concat([
        Buffer.from([1, 0, 0, 0]),
        words(entries.length, headerBytes + offsets.length),
        config,
      ]);
      const own = Buffer.concat([Buffer.from([8, 0, 0, 0]), words(0), Buffer.from([8, 0, 0, type]), words(data)]);
      return chunk(0x0201, header, Buffer.concat([offsets, own]));
    }),
  );
  const pack = chunk(0x0200, Buffer.concat([words(0x7f), Buffer.alloc(276)]), Buffer.concat(types));
  return chunk(0x0002, words(1), Buffer.concat([stringPool(strings), pack]));
}

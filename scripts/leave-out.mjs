// What the bundle leaves out of packages, because every start would read it, or every upload of a form.

const never = (what) => `() => { throw new Error(${JSON.stringify(`apptool does not use ${what}`)}); };`;

const LEFT_OUT = [
  // undici's HTTP/2, which we never offer; Node.js takes 5 ms to load its own part of it.
  { filter: /\/client-h2\.js$/, contents: `module.exports = ${never('HTTP/2')}` },
  // undici's reading of the forms and streams that browsers have: our bodies are bytes.
  { filter: /\/web\/fetch\/body\.js$/, contents: `exports.extractBody = ${never("a browser's bodies")}` },
  // form-data asks it for the type of a file that was given none, by 210 kB of names. We always give one.
  { filter: /^mime-types$/, contents: `exports.lookup = ${never('types by name')}` },
];

export const leaveOut = {
  name: 'leave-out',
  setup(build) {
    for (const [index, { filter, contents }] of LEFT_OUT.entries()) {
      const namespace = `left-out-${index}`;
      build.onResolve({ filter }, ({ path }) => ({ path, namespace }));
      build.onLoad({ filter: /./, namespace }, () => ({ contents }));
    }
  },
};

/**
 * `z` of the backend kit is a namespace that can be handed around, so it needs all of zod, with its fifty languages: 560 kB. That is a file of its own,
 * which only such backends load. Schemas of the two copies work together: zod goes by what a schema has, not by its class, and keeps what was registered
 * in one place for both.
 */
export const ownZod = {
  name: 'own-zod',
  setup(build) {
    build.onResolve({ filter: /^zod$/ }, ({ importer }) =>
      importer.endsWith('/src/backend-kit.ts') ? { path: './zod.js', external: true } : undefined,
    );
  },
};

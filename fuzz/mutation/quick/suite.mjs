// The part of Vitest that the tests use, small enough to be set up anew for each mutant.
import {
  ASYMMETRIC_MATCHERS_OBJECT,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
} from '@vitest/expect';
import * as chai from 'chai';

for (const plugin of [JestExtend, JestChaiExpect, JestAsymmetricMatchers]) chai.use(plugin);

const expect = Object.assign(
  (value, message) => chai.expect(value, message),
  chai.expect,
  globalThis[ASYMMETRIC_MATCHERS_OBJECT],
);

/** Collects the tests of all files in their order. */
export class Suite {
  tests = [];
  #path = [];
  /** What the files and groups that are open want to have done first. */
  #first = [];
  /** What the test that runs wants to have done when it is over. */
  #last = [];
  /** What the tests import as `vitest`. */
  api = {
    expect,
    it: withTables((title, run) => {
      const { name, first } = { name: [...this.#path, title].join(' > '), first: [...this.#first] };
      this.tests.push({ name, run: () => this.#run([...first.flat(), run]) });
    }),
    describe: withTables((title, body) => this.within(title, body)),
    // For counts at the end, which the fewer cases of a quick pass would miss.
    afterAll: () => {},
    beforeAll: (run) => this.#first.at(-1).push(once(run)),
    beforeEach: refused('beforeEach'),
    afterEach: refused('afterEach'),
    onTestFinished: (run) => this.#last.push(run),
    get vi() {
      return refused('vi')();
    },
  };

  within(title, body) {
    this.#enter(title);
    body();
    this.#leave();
  }

  /** As `within`, for what takes its time to load. */
  async file(name, load) {
    this.#enter(name);
    await load();
    this.#leave();
  }

  #enter(title) {
    this.#path.push(title);
    this.#first.push([]);
  }

  #leave() {
    this.#first.pop();
    this.#path.pop();
  }

  async #run(steps) {
    try {
      await inTurn(steps);
    } finally {
      await inTurn(this.#last.splice(0).reverse());
    }
  }
}

async function inTurn(steps) {
  for (const step of steps) await step();
}

/** The first test that needs it does it, and all others have it. */
function once(run) {
  let done;
  return () => {
    done ??= run();
    return done;
  };
}

function refused(name) {
  return () => {
    throw new Error(`the quick pass has no ${name}: leave the file out of it`);
  };
}

function withTables(add) {
  const each = (table) => (title, body) => {
    const areCells = table.every(Array.isArray);
    for (const [at, row] of table.entries())
      add(`${title} [${at}]`, () => (areCells ? body(...row) : body(row)));
  };
  const skipIf = (isSkipped) =>
    isSkipped ? Object.assign(() => {}, { each: () => () => {} }) : withTables(add);
  return Object.assign((title, body) => add(title, body), { each, skipIf });
}

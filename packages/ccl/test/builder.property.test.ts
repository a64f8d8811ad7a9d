import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arg, ccl, comment, deny, field, limit, permit, requires } from '../src/builder.js';
import { formatStatement } from '../src/format.js';
import {
  type CclDocument,
  compile,
  evaluate,
  format,
  parse,
  type Request,
  type RuleStatement,
  type Statement,
} from '../src/index.js';
import { hostile, madeUp } from './support/documents.js';
import { documentText, request } from './support/generators.js';
import { rebuildStatement, rebuildText } from './support/rebuild.js';
import { referenceEvaluate } from './support/reference.js';

/** What `make` gives, or undefined where the builder refuses, as it may, with an error of the caller. */
function unlessRefused(make: () => string): string | undefined {
  try {
    return make();
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) return undefined;
    throw error;
  }
}

/** The builder prints actions bare and resources in quotes. */
function asBuilt(document: CclDocument): string[] {
  return document.statements.map((statement) => {
    const action = statement.action && { ...statement.action, quoted: false };
    const { resource } = statement;
    const quoted = resource && { ...resource, quoted: !/^\*\*?$/.test(resource.text) };
    return formatStatement({ ...statement, action, resource: quoted } as Statement);
  });
}

describe('what the builder prints', () => {
  it('parses, and decides as what was built', () => {
    let permitted = 0;
    const property = fc.property(madeUp, fc.array(request, { maxLength: 8 }), (document, requests) => {
      const policy = compile(ccl(document.statements.map(rebuildStatement)));
      for (const each of requests) {
        const {
          permitted: may,
          code,
          severity,
          matched,
          limits,
          obligations,
        } = evaluate(policy, each as Request);
        const { unmeasurable: _, ...expected } = referenceEvaluate(document, each);
        const shown = matched.map(({ kind, line }) => ({ kind, line }));
        expect({ permitted: may, code, severity, matched: shown, limits, obligations }).toEqual(expected);
        if (may) permitted++;
      }
    });
    fc.assert(property, { numRuns: 2000 });
    expect(permitted).toBeGreaterThan(100);
  });

  it('is in canonical form', () => {
    const property = fc.property(madeUp, (document) => {
      const text = ccl(document.statements.map(rebuildStatement));
      expect(format(parse(text))).toBe(text);
    });
    fc.assert(property, { numRuns: 500 });
  });

  it('can be every document', () => {
    const property = fc.property(documentText, (text) => {
      const canonical = format(parse(text));
      const document = parse(canonical);
      const bare = asBuilt(document);
      const lines = canonical.split('\n');
      document.statements.forEach((statement, index) => {
        const { line } = statement.location;
        lines[line - 1] = lines[line - 1]!.replace(formatStatement(statement), () => bare[index]!);
      });
      expect(rebuildText(canonical, document)).toBe(lines.join('\n'));
    });
    fc.assert(property, { numRuns: 1000 });
  });
});

describe('a text from outside', () => {
  const holds = (make: (text: string) => unknown, check: (document: CclDocument, text: string) => void) => {
    const property = fc.property(hostile, (text) => {
      const printed = unlessRefused(() => `${make(text)}`);
      if (printed !== undefined) check(parse(printed), text);
    });
    fc.assert(property, { numRuns: 3000 });
  };
  const conditionOf = (document: CclDocument) => {
    expect(document.statements).toHaveLength(1);
    expect(document.comments).toHaveLength(0);
    return (document.statements[0] as RuleStatement).condition;
  };
  const one = (document: CclDocument) => {
    expect([document.statements.length, document.comments.length]).toEqual([1, 0]);
    return document.statements[0]!;
  };

  it('stays one value', () => {
    holds(
      (text) => deny('a').on('/').when(arg('x').eq(text)),
      (document, text) => expect(conditionOf(document)).toMatchObject({ value: { value: text } }),
    );
    expect(unlessRefused(() => String(arg('x').eq('\ud800')))).toBeUndefined();
    for (const text of ["'", '"', '\0', '\u2028', '\n', '#', ';'])
      expect(unlessRefused(() => String(arg('x').eq(text)))).toBeDefined();
  });

  it('stays one of several values', () => {
    holds(
      (text) =>
        deny('a')
          .on('/')
          .when(arg('x').in(['first', text, 5])),
      (document, text) =>
        expect(conditionOf(document)).toMatchObject({ value: { items: [{}, { value: text }, {}] } }),
    );
  });

  it('stays one pattern of matches', () => {
    holds(
      (text) => deny('a').on('/').when(arg('x').matches(text)),
      (document, text) => expect(conditionOf(document)).toMatchObject({ value: { value: text } }),
    );
  });

  it('stays one field', () => {
    holds(
      (text) =>
        deny('a')
          .on('/')
          .when(field(text).eq(field(text))),
      (document, text) => expect(conditionOf(document)).toMatchObject({ field: { path: text.split('.') } }),
    );
  });

  it.each<[string, (text: string) => unknown, 'action' | 'resource' | 'name']>([
    ['resource', (text) => deny('a').on(text), 'resource'],
    ['resource of a limit', (text) => limit('a').on(text).to(1).per('day'), 'resource'],
    ['action', (text) => permit(text).on('/'), 'action'],
    ['action of an obligation', (text) => requires('mfa').for(text).on('/'), 'action'],
    ['name', (text) => requires(text).on('/'), 'name'],
  ])('stays one %s', (_, make, member) => {
    holds(make, (document, text) => {
      const { [member]: read } = one(document) as unknown as Record<string, unknown>;
      expect(typeof read === 'string' ? read : (read as { text: string }).text).toBe(text);
    });
  });

  it('stays one comment', () => {
    const kept = (text: string) => (text.startsWith('#') ? text.slice(1) : ` ${text}`).replace(/[ \t]+$/, '');
    holds(comment, (document, text) => {
      expect(document.statements).toHaveLength(0);
      expect(document.comments.map((each) => each.text)).toEqual([kept(text)]);
    });
    holds(
      (text) => permit('a').on('/').note(text),
      (document, text) => {
        expect(document.statements).toHaveLength(1);
        expect(document.comments.map((each) => each.text)).toEqual([kept(text)]);
      },
    );
  });
});

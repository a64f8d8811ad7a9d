import { createHash } from 'node:crypto';
import type { LogReader } from './backend.js';
import { AuditError } from './errors.js';
import { type Evidence, Examination } from './lib/examination.js';
import {
  CHECKPOINT,
  checkManifestSize,
  ENTRIES,
  formatManifest,
  MANIFEST,
  NEWLINE,
  type Part,
  parseManifest,
  pathsOf,
  type Range,
  tilesOf,
} from './lib/export-format.js';
import type { ExportSource } from './lib/export-parts.js';
import { openExport } from './lib/export-source.js';
import { firstOtherLine } from './lib/ndjson.js';
import { headOf, type LogReport, MAX_PROBLEMS, notProvenBy, type Problem } from './lib/report.js';
import { tilePath } from './lib/tiles.js';
import { unlessMalformed } from './lib/unless.js';
import { Trust } from './lib/verifying-keys.js';
import { onBundleOf, sinceOf, type VerifyLogOptions } from './verify-log.js';

/**
 * Verifies an export, offline: as {@link verifyLog} does, and that it holds exactly what its manifest names, byte for byte.
 * @param path of the folder, or of the tar
 * @returns what was found. Whatever the export is, it never throws for it
 * @throws TypeError, RangeError, AuditError `note_malformed`, CryptoError for options that are none
 * @throws AuditError `audit_log_unavailable` where nothing is there, or it cannot be read
 */
export async function verifyExport(path: string, options: VerifyLogOptions): Promise<LogReport> {
  if (typeof path !== 'string' || path === '') throw new TypeError('the path of an export is a string');
  const asked = { trust: new Trust(options), since: sinceOf(options), onBundle: onBundleOf(options) };
  const source = await unlessMalformed(() => openExport(path));
  if (source instanceof AuditError) return refused(source);
  try {
    const report = await unlessMalformed(() => new ExportExamination(source, asked).report());
    return report instanceof AuditError ? refused(report) : report;
  } finally {
    await source.close();
  }
}

type Asked = Pick<Evidence, 'trust' | 'since' | 'onBundle'>;

class ExportExamination {
  readonly #source: ExportSource;
  readonly #asked: Asked;

  constructor(source: ExportSource, asked: Asked) {
    this.#source = source;
    this.#asked = asked;
  }

  /** @throws AuditError `export_malformed` where the manifest cannot be used */
  async report(): Promise<LogReport> {
    const { names } = this.#source;
    checkManifestSize(names.get(MANIFEST) ?? 0, names.size);
    const text = await this.#source.read(MANIFEST);
    if (text === undefined) throw new AuditError('export_malformed', `there is no ${MANIFEST}`);
    const manifest = parseManifest(text);
    const reader = new ExportReader(this.#source, manifest.from);
    const hash = createHash('sha256');
    let bytes = 0;
    const onLeaf = (leaf: Uint8Array) => {
      hash.update(leaf).update(NEWLINE);
      bytes += leaf.length + NEWLINE.length;
    };
    const report = await new Examination({ ...this.#asked, reader, part: manifest, onLeaf }).report();
    const problems = [...this.#strangers(manifest), ...report.problems];
    if (problems.length === 0) {
      const lines = { path: ENTRIES, bytes, sha256: hash.digest('hex') };
      problems.push(...(await this.#changed({ text, manifest, report, reader, lines })));
    }
    return withProblems(report, problems);
  }

  /** Parts that are missing, or should not be there. */
  #strangers(range: Range): Problem[] {
    const known = new Set([MANIFEST, CHECKPOINT, ENTRIES]);
    for (const path of known) if (!this.#source.names.has(path)) return [notWhole(path, 'is missing')];
    for (const { path } of tilesOf(range)) {
      if (!this.#source.names.has(path)) return [notWhole(path, 'is missing')];
      known.add(path);
    }
    const extra = [...this.#source.names.keys()].find((path) => !known.has(path));
    return extra === undefined ? [] : [notWhole(extra, 'does not belong to it')];
  }

  /** What is wrong beside the log itself: the lines of entries, or the manifest. */
  async #changed({ text, manifest, report, reader, lines }: Verified): Promise<Problem[]> {
    // What is too long is not read to its end, which may be far.
    const isWhole = this.#source.names.get(ENTRIES) === lines.bytes;
    const written = isWhole ? await this.#partOf(ENTRIES) : undefined;
    if (written?.sha256 !== lines.sha256) return [await this.#changedLine(manifest, reader)];
    const parts = [await this.#partOf(CHECKPOINT), lines];
    for (const path of pathsOf(manifest)) parts.push(await this.#partOf(path));
    const changed = parts.find(({ path, sha256 }) => manifest.parts.get(path) !== sha256);
    if (changed !== undefined)
      return [
        {
          code: 'part_changed',
          path: changed.path,
          message: `${MANIFEST} names another SHA-256 for ${changed.path}`,
        },
      ];
    if (Buffer.from(formatManifest({ ...report, ...manifest, parts })).equals(text)) return [];
    return [
      {
        code: 'part_changed',
        path: MANIFEST,
        message: `${MANIFEST} says something else than what follows from the parts of the export`,
      },
    ];
  }

  async #partOf(path: string): Promise<Part> {
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const piece of this.#source.pieces(path)) {
      hash.update(piece);
      bytes += piece.length;
    }
    return { path, bytes, sha256: hash.digest('hex') };
  }

  async #changedLine({ from, to }: Range, reader: LogReader): Promise<Problem> {
    const index = await firstOtherLine(this.#source.pieces(ENTRIES), reader, { from, to });
    const where = index === to ? `it goes on after entry ${to - 1}` : `the line of entry ${index} is another`;
    return {
      code: 'part_changed',
      path: ENTRIES,
      index,
      message: `${ENTRIES} does not hold the entries of the log: ${where}`,
    };
  }
}

interface Verified {
  /** Of the manifest. */
  readonly text: Uint8Array;
  readonly manifest: ReturnType<typeof parseManifest>;
  readonly report: LogReport;
  readonly reader: LogReader;
  /** What the lines of entries must be. */
  readonly lines: Part;
}

/** An export as the log that it holds. */
class ExportReader implements LogReader {
  readonly name = 'the export';
  readonly #source: ExportSource;
  readonly #first: number;

  constructor(source: ExportSource, first: number) {
    this.#source = source;
    this.#first = first;
  }

  async checkpoint(): Promise<string | undefined> {
    const note = await this.#source.read(CHECKPOINT);
    return note && new TextDecoder().decode(note);
  }

  tile(level: number, index: number, width: number): Promise<Uint8Array | undefined> {
    return this.#source.read(tilePath(level, index, width));
  }

  entries(index: number, width: number): Promise<Uint8Array | undefined> {
    return this.#source.read(tilePath('entries', index, width));
  }

  async first(): Promise<number> {
    return this.#first;
  }
}

function withProblems(report: LogReport, problems: readonly Problem[]): LogReport {
  const [problem] = problems;
  if (problem === undefined) return report;
  return { ...report, valid: false, problem, problems: problems.slice(0, MAX_PROBLEMS), proves: [] };
}

function refused({ message }: AuditError): LogReport {
  const problem: Problem = { code: 'export_malformed', message };
  const range = { from: 0, to: 0 };
  return {
    ...{ valid: false, ...headOf(undefined), ...range, problem, problems: [problem], proves: [] },
    checked: { entries: 0, tiles: 0, since: 0, witnesses: [] },
    doesNotProve: notProvenBy({ ...range, size: 0, since: [], witnesses: [] }),
  };
}

function notWhole(path: string, what: string): Problem {
  return { code: 'export_malformed', path, message: `the export is not whole: ${path} ${what}` };
}

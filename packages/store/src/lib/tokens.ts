/** Index tokens: what a covenant is found by. They follow from its signed content alone, so they never change. */
import type { CovenantDocument } from '@stele/core';
import { sha256Bytes, toBase64Url } from '@stele/crypto';
import { remembering } from './remembering.js';

/** The filters that an index answers; the one that usually finds the fewest first. */
export const INDEXED = ['parent', 'tag', 'beneficiary', 'issuer'] as const;
export type IndexedField = (typeof INDEXED)[number];

const MAX_TAGS = 16;
const encoder = new TextEncoder();

/** The token of a value: its hash, so that no value is too long or too odd. */
export function tokenOf(field: IndexedField, value: string): string {
  return `${field}:${hashOf(value)}`;
}

/** Most covenants of a store are by the same issuers, for the same beneficiaries. */
const hashOf = remembering((value) => toBase64Url(sha256Bytes(encoder.encode(value))));

/** All tokens of a covenant, each once. */
export function tokensOf(document: CovenantDocument): string[] {
  const tokens = INDEXED.flatMap((field) => valuesOf(document, field).map((value) => tokenOf(field, value)));
  return [...new Set(tokens)];
}

/** What a covenant has in a field. It may be any JSON: what a store holds need not have been verified. */
export function valuesOf(document: CovenantDocument, field: IndexedField): string[] {
  if (field === 'tag') return tagsOf(document.metadata);
  const value: unknown = field === 'parent' ? document.parent : document[field]?.id;
  return typeof value === 'string' ? [value] : [];
}

function tagsOf(metadata: unknown): string[] {
  const tags = (metadata as { tags?: unknown } | null | undefined)?.tags;
  if (!Array.isArray(tags) || tags.length > MAX_TAGS) return [];
  return tags.every((tag) => typeof tag === 'string') ? tags : [];
}

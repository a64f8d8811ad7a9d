/** A number from 0 up as an exact decimal: units × 10^-places. */
export interface Decimal {
  readonly units: bigint;
  readonly places: number;
}

/**
 * The decimal that the shortest form of a double names: 0.1 is one tenth, not the binary fraction beside it. So ten
 * charges of 0.1 fill a budget of 1 exactly.
 * @param value finite and not negative
 */
export function toDecimal(value: number): Decimal {
  const [mantissa, exponent = '0'] = String(value).split('e');
  const [whole, fraction = ''] = mantissa!.split('.');
  const places = fraction.length - Number(exponent);
  const units = BigInt(whole! + fraction);
  return places >= 0 ? { units, places } : { units: units * 10n ** BigInt(-places), places: 0 };
}

/** The units of a decimal at `places` decimal places, which must be no fewer than it has. */
export function unitsAt(decimal: Decimal, places: number): bigint {
  return decimal.places === places ? decimal.units : decimal.units * 10n ** BigInt(places - decimal.places);
}

/** The nearest double. */
export function toNumber(units: bigint, places: number): number {
  return Number(`${units}e-${places}`);
}

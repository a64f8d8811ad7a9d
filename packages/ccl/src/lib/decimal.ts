/** An exact decimal, `units` × 10^-`places`. */
export class Decimal {
  static readonly ZERO = new Decimal(0n, 0);

  private constructor(
    readonly units: bigint,
    /** 0 or more. */
    readonly places: number,
  ) {}

  /**
   * The decimal that the shortest form of a double names: 0.1 is one tenth, not the binary fraction beside it. So ten
   * charges of 0.1 fill a budget of 1 exactly.
   * @param value finite
   */
  static of(value: number): Decimal {
    if (Number.isSafeInteger(value)) return new Decimal(BigInt(value), 0);
    const [mantissa, exponent = '0'] = String(value).split('e');
    const [whole, fraction = ''] = mantissa!.split('.');
    const places = fraction.length - Number(exponent);
    const units = BigInt(whole! + fraction);
    return places >= 0 ? new Decimal(units, places) : new Decimal(units * 10n ** BigInt(-places), 0);
  }

  /** Reads what `toString` wrote; undefined for anything else, and for more than 2,000 digits. */
  static parse(text: unknown): Decimal | undefined {
    const [, units, places] = (typeof text === 'string' && /^(-?\d{1,2000})e-(\d{1,3})$/.exec(text)) || [];
    return units === undefined ? undefined : new Decimal(BigInt(units), Number(places));
  }

  plus(other: Decimal): Decimal {
    const places = Math.max(this.places, other.places);
    return new Decimal(this.unitsAt(places) + other.unitsAt(places), places);
  }

  minus(other: Decimal): Decimal {
    const places = Math.max(this.places, other.places);
    return new Decimal(this.unitsAt(places) - other.unitsAt(places), places);
  }

  exceeds(other: Decimal): boolean {
    const places = Math.max(this.places, other.places);
    return this.unitsAt(places) > other.unitsAt(places);
  }

  /** `parts` of `whole` equal parts of it, rounded down at six more places. */
  share(parts: number, whole: number): Decimal {
    return new Decimal((this.units * BigInt(parts) * 1_000_000n) / BigInt(whole), this.places + 6);
  }

  /** The nearest double. */
  toNumber(): number {
    return this.places === 0 ? Number(this.units) : Number(this.toString());
  }

  /** For example `1995e-2`. */
  toString(): string {
    return `${this.units}e-${this.places}`;
  }

  /** @param places no fewer than it has */
  unitsAt(places: number): bigint {
    return this.places === places ? this.units : this.units * 10n ** BigInt(places - this.places);
  }
}

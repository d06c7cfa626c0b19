"""
How likely a bootstrap fails because raising the modulus adds more than K multiples of the first prime to a coefficient: then EvalMod
reads a value off outside of the interval of its polynomial, and its slot may be lost. Exact, by fractions.

Under a sparse secret s of h coefficients 1 and -1 a ciphertext modulo q decrypts, over the integers, to c0 + c1 s = m + q I. For c1 / q
uniform on [-1/2, 1/2], and c0 between -q / 2 and q / 2 as well, I is S_h - m / q rounded to an integer, where S_h is a sum of h such
uniforms (of Irwin and Hall). So |I| > K only where |S_h| >= K + 1/2 - |m| / q.

Bossuat, Troncoso-Pastoriza and Hubaux (ACNS 2022) take the sum of h + 1 uniforms beyond K, which is a bound: for m = 0 the density of
S_{h+1} at an integer k is the chance of I = k, and falls on both sides of 0, so that the sum over k > K is at most the integral from K. By
it K = 16 fails with 2^-138.7 for 2^16 coefficients, as they write.

A bootstrap reads a coefficient for each slot of each value: half of all N for one real value, all of them for two at once.

    python tools/estimate-wraps.py [--weight 32] [--coefficients 16384 32768 65536] [--ratio-bits 8]
"""

import argparse
from fractions import Fraction
from math import ceil, comb, factorial, log2


def tail(count, beyond):
    """The chance that a sum of `count` uniforms on [-1/2, 1/2] is beyond ±`beyond`, which is not negative."""
    reach = Fraction(count, 2) - beyond
    terms = ((-1) ** j * comb(count, j) * (reach - j) ** count for j in range(ceil(reach)))
    return Fraction(2, factorial(count)) * sum(terms)


def as_power(chance):
    """A chance as a power of two, whatever its size."""
    return f"2^{log2(chance.numerator) - log2(chance.denominator):.1f}" if chance else "0"


def main():
    parser = argparse.ArgumentParser(description="How likely raising the modulus adds more than K multiples of the first prime.")
    parser.add_argument("--weight", type=int, default=32, help="coefficients of the secret that are not zero")
    parser.add_argument(
        "--coefficients", type=int, nargs="+", default=[16384, 32768, 65536], help="of a bootstrap: one for each slot of each value"
    )
    parser.add_argument("--ratio-bits", type=int, default=8, help="the least message ratio: coefficients are at most q / 2^BITS")
    options = parser.parse_args()
    message = Fraction(1, 2**options.ratio_bits)
    counts = [1, *options.coefficients]
    print(f"| K | {' | '.join(map(str, counts))} | {' | '.join(f'bound, {count}' for count in counts)} |")
    print("| --- " * (1 + 2 * len(counts)) + "|")
    for most in range(options.weight // 2 - 4, options.weight // 2 + 1):
        exact = tail(options.weight, most + Fraction(1, 2) - message)
        bound = tail(options.weight + 1, Fraction(most))
        chances = [chance * times for chance in (exact, bound) for times in counts]
        print(f"| {most} | {' | '.join(map(as_power, chances))} |")


if __name__ == "__main__":
    main()

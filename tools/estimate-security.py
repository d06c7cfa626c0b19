"""
The estimates beside hepc's table of moduli (ir/ckks/security.ts), by malb/lattice-estimator: for each ring the cost of the primal
attack by unique shortest vectors (uSVP) and of the dual hybrid one, in operations as powers of two. Secrets are uniform
ternary, errors discrete Gaussian with a standard deviation of 3.2, an attacker has 2N samples (a public key gives N, an
evaluation key of one digit N more), lattices are reduced as the estimator has it by default (its version of MATZOV).

Needs a Python of 3.10 or newer with passagemath-standard-no-symbolics and passagemath-symbolics, as sage.all, and either git, or
the estimator's own folder at the commit below. It takes a minute or two, and prints Markdown.

    python tools/estimate-security.py [ESTIMATOR] [--modulus N=BITS ...]
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile
from math import log2

REPOSITORY = "https://github.com/malb/lattice-estimator.git"
COMMIT = "27a581bb8e9d49f5e9e2db315bd48ac769d5f5f5"

# By ring degree: the limits of the HE standard of 2018 (for 65536, which it has not, what Lattigo and OpenFHE take), and hepc's.
MODULI = {
    4096: [109, 107],
    8192: [218, 214],
    16384: [438, 430],
    32768: [881, 868],
    65536: [1747],
}


def fetch(folder):
    """The estimator at COMMIT, in `folder`."""
    subprocess.run(["git", "init", "-q", folder], check=True)
    subprocess.run(["git", "-C", folder, "fetch", "-q", "--depth=1", REPOSITORY, COMMIT], check=True)
    subprocess.run(["git", "-C", folder, "checkout", "-q", "FETCH_HEAD"], check=True)


def estimate(degree, bits):
    """log2 of the costs of the two attacks on a modulus of 2^bits."""
    from estimator import LWE, ND

    lwe = LWE.Parameters(n=degree, q=2**bits, Xs=ND.Uniform(-1, 1), Xe=ND.DiscreteGaussian(3.2), m=2 * degree)
    return [log2(attack(lwe)["rop"]) for attack in (LWE.primal_usvp, LWE.dual_hybrid)]


def moduli(given):
    if not given:
        return [(degree, bits) for degree, all_bits in MODULI.items() for bits in all_bits]
    return [tuple(map(int, text.split("="))) for text in given]


def main():
    parser = argparse.ArgumentParser(description="Estimates the security of hepc's moduli.")
    parser.add_argument("estimator", nargs="?", type=pathlib.Path, help="folder of lattice-estimator; cloned where left out")
    parser.add_argument("--modulus", action="append", metavar="N=BITS", help="another ring and modulus; may be repeated")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.estimator is None:
            fetch(folder)
        sys.path.insert(0, str(options.estimator or folder))
        print("| N | bits of the modulus | primal uSVP | dual hybrid |")
        print("| --- | --- | --- | --- |")
        for degree, bits in moduli(options.modulus):
            usvp, dual = estimate(degree, bits)
            print(f"| {degree} | {bits} | {usvp:.1f} | {dual:.1f} |", flush=True)


if __name__ == "__main__":
    main()

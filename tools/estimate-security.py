"""
The estimates beside hepc's table of moduli (ir/ckks/security.ts) and its sparse secret (runtime/cipher/randomness/sparse-secret.ts),
by malb/lattice-estimator, in operations as powers of two. Errors are discrete Gaussian with a standard deviation of 3.2, an attacker
has 2N samples (a public key gives N, an evaluation key of one digit N more), lattices are reduced as the estimator has it by default
(its version of MATZOV).

For each ring and modulus, with uniform ternary secrets: the primal attack by unique shortest vectors (uSVP) and the dual hybrid one.

For what a bootstrap has under its sparse secret of 16 ones and 16 minus ones, which is one key modulo the first data prime and one
special prime, whatever the set: these two, and those that guess where the secret is zero. They are the primal hybrid one, with a
search of all guesses that ends in BDD or one that meets in the middle and ends in Babai's nearest plane, and the dual hybrid one of
Espitau, Joux and Kharchenko (Indocrypt 2020), with either search. "none" is an attack for which no block of up to 1754 is enough
(2^512 operations by Core-SVP).

The estimator searches for the number of coefficients to guess and ends in what may be a local minimum. `--guessed` prices the last of
these attacks, the cheapest, at a number given, with every number of nonzero ones among them.

Needs a Python of 3.10 or newer with passagemath-standard-no-symbolics and passagemath-symbolics, as sage.all, and either git, or
the estimator's own folder at the commit below. It prints Markdown. The moduli take a minute or two of processor time, the sparse
secret some twelve.

    python tools/estimate-security.py [ESTIMATOR] [--modulus N=BITS ...] [--sparse N=BITS ...]
        [--guessed N=BITS=COEFFICIENTS ...] [--jobs 1]
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from math import inf, log2

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

# By ring degree: bits of the first data prime and of the special prime that is first (compiler/parameters/bootstrapped-chains.ts).
SPARSE_MODULI = {32768: [88], 65536: [88]}
SPARSE_WEIGHT = 32

# N, bits and coefficients: where the cheapest attack was found, by steps of ten.
SPARSE_GUESSES = [(32768, 88, 30750), (65536, 88, 63270)]


def fetch(folder):
    """The estimator at COMMIT, in `folder`."""
    subprocess.run(["git", "init", "-q", folder], check=True)
    subprocess.run(["git", "-C", folder, "fetch", "-q", "--depth=1", REPOSITORY, COMMIT], check=True)
    subprocess.run(["git", "-C", folder, "checkout", "-q", "FETCH_HEAD"], check=True)


def attacks_on_ternary():
    from estimator import LWE

    return {"primal uSVP": LWE.primal_usvp, "dual hybrid": LWE.dual_hybrid}


def attacks_on_sparse():
    from estimator import LWE
    from estimator.lwe_dual import dual_hybrid

    return {
        "primal uSVP": LWE.primal_usvp,
        "primal BDD": LWE.primal_bdd,
        "primal hybrid, BDD": partial(LWE.primal_hybrid, mitm=False, babai=False),
        "primal hybrid, meet in the middle": partial(LWE.primal_hybrid, mitm=True, babai=True),
        "dual hybrid (MATZOV)": LWE.dual_hybrid,
        "dual hybrid": dual_hybrid,
        "dual hybrid, meet in the middle": partial(dual_hybrid, mitm_optimization=True),
    }


def cost_on_ternary(degree, bits, name):
    """What the attack of this name takes on a modulus of 2^bits, as the estimator has it."""
    from estimator import ND

    return attacks_on_ternary()[name](instance(degree, bits, ND.Uniform(-1, 1)))


def cost_on_sparse(degree, bits, name):
    from estimator import ND

    return attacks_on_sparse()[name](instance(degree, bits, ND.SparseTernary(SPARSE_WEIGHT // 2, SPARSE_WEIGHT // 2)))


def cost_of_guessed(degree, bits, guessed):
    """What the dual hybrid attack that meets in the middle takes on the sparse secret where it guesses so many coefficients."""
    from estimator import ND
    from estimator.cost import Cost
    from estimator.lwe_dual import DualHybrid, mitm, mitm_opt_default

    # As the estimator's own search has it: what a repeated attack takes again, and what it does not.
    Cost.register_impermanent(rop=True, mem=False, red=True, beta=False, delta=False, m=True, d=False, zeta=False, t=False, h1=False)
    secret = ND.SparseTernary(SPARSE_WEIGHT // 2, SPARSE_WEIGHT // 2)
    solver = partial(mitm, optimization=mitm_opt_default)
    priced = partial(DualHybrid.optimize_blocksize, solver, instance(degree, bits, secret).normalize(), zeta=guessed)
    return min((priced(h1=nonzero) for nonzero in range(2, SPARSE_WEIGHT + 1)), key=lambda cost: cost["rop"])


def instance(degree, bits, secret):
    from estimator import LWE, ND

    return LWE.Parameters(n=degree, q=2**bits, Xs=secret, Xe=ND.DiscreteGaussian(3.2), m=2 * degree)


def operations(cost):
    power = log2(cost["rop"])
    return "none" if power == inf else f"{power:.1f}"


def print_ternary(moduli, pool):
    names = list(attacks_on_ternary())
    print(f"| N | bits of the modulus | {' | '.join(names)} |")
    print("| --- " * (2 + len(names)) + "|")
    rows = [[pool.submit(cost_on_ternary, *modulus, name) for name in names] for modulus in moduli]
    for (degree, bits), row in zip(moduli, rows):
        print(f"| {degree} | {bits} | {' | '.join(operations(cost.result()) for cost in row)} |", flush=True)


def print_sparse(moduli, guesses, pool):
    names = list(attacks_on_sparse())
    print("| N | bits of the modulus | attack | operations | of the estimator |")
    print("| --- " * 5 + "|")
    rows = [(*modulus, name, pool.submit(cost_on_sparse, *modulus, name)) for modulus in moduli for name in names]
    rows += [(*guess[:2], f"the last one, {guess[2]} guessed", pool.submit(cost_of_guessed, *guess)) for guess in guesses]
    for degree, bits, name, cost in rows:
        power = operations(cost.result())
        found = "" if power == "none" else repr(cost.result()).replace("|", r"\|")
        print(f"| {degree} | {bits} | {name} | {power} | {found} |", flush=True)


def listed(moduli):
    return [(degree, bits) for degree, all_bits in moduli.items() for bits in all_bits]


def numbers(text):
    return tuple(map(int, text.split("=")))


def main():
    parser = argparse.ArgumentParser(description="Estimates the security of hepc's moduli and of its sparse secret.")
    parser.add_argument("estimator", nargs="?", type=pathlib.Path, help="folder of lattice-estimator; cloned where left out")
    parser.add_argument("--modulus", type=numbers, action="append", metavar="N=BITS", help="another ring and modulus; may be repeated")
    parser.add_argument("--sparse", type=numbers, action="append", metavar="N=BITS", help="the same under the sparse secret")
    parser.add_argument("--guessed", type=numbers, action="append", metavar="N=BITS=COEFFICIENTS", help="the same, guessing so many")
    parser.add_argument("--jobs", type=int, default=1, help="attacks at the same time")
    options = parser.parse_args()
    is_all = options.modulus is None and options.sparse is None and options.guessed is None
    ternary = listed(MODULI) if is_all else options.modulus or []
    sparse = listed(SPARSE_MODULI) if is_all else options.sparse or []
    guesses = SPARSE_GUESSES if is_all else options.guessed or []
    with tempfile.TemporaryDirectory() as folder:
        if options.estimator is None:
            fetch(folder)
        sys.path.insert(0, str(options.estimator or folder))
        with ProcessPoolExecutor(options.jobs) as pool:
            if ternary:
                print_ternary(ternary, pool)
            if sparse or guesses:
                print_sparse(sparse, guesses, pool)


if __name__ == "__main__":
    main()

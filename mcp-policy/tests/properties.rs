//! The proof that the compiler is right: what it makes of random manifests decides as the contract, read aloud, does.
//!
//! [`interpreter`] answers straight from the documents. The compiled Cedar must agree with it for both readings of a
//! condition's lists, and so must the file for the open-source proxy, evaluated as that proxy asks ([`toolhive`]).
//! A run is the same every time; `PROPTEST_RNG_SEED` and `PROPTEST_CASES`, proptest's own, make it another one. What
//! it finds is printed as a case for `properties/cases/`, which [`cases`] replays.

#[cfg(test)]
mod properties {
    pub(crate) mod agreement;
    pub(crate) mod census;
    pub(crate) mod generate;
    pub(crate) mod interpreter;
    pub(crate) mod toolhive;

    mod cases;
    mod changes;
    mod flood;
    mod injection;
    mod many;
    mod mutants;
    mod ways;
}

//! Why reports are not joined, each with the files that it is about.

use std::ops::RangeInclusive;

/// Why reports cannot be joined.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// There is no report.
    #[error("there is nothing to join")]
    Nothing,
    /// It lacks nothing.
    #[error("`{0}` is of a run without --shard: it is whole, and joined with nothing")]
    Unsharded(String),
    /// Not shards of one run.
    #[error(
        "`{one}` and `{other}` are not shards of one run: {what} is `{had}` in the first, `{has}` in the second"
    )]
    Different {
        /// A report.
        one: String,
        /// Another.
        other: String,
        /// In what they differ.
        what: &'static str,
        /// In the first.
        had: String,
        /// In the second.
        has: String,
    },
    /// One shard, twice.
    #[error("`{one}` and `{other}` are both shard {index} of {count}: leave one out")]
    Twice {
        /// A report.
        one: String,
        /// Another.
        other: String,
        /// Which shard, from 1.
        index: usize,
        /// Of how many.
        count: usize,
    },
    /// Shards that are not there.
    #[error("{} missing, beside {}: a verdict needs all of them", shards(.gaps, *.count), quoted(.given))]
    Missing {
        /// Which, from 1.
        gaps: Vec<RangeInclusive<usize>>,
        /// Of how many.
        count: usize,
        /// The reports that are there.
        given: Vec<String>,
    },
    /// Not what a selection was divided into.
    #[error("{} do not make up what was selected, case by case: one of them was changed since it was written", quoted(.0))]
    Uneven(Vec<String>),
    /// Its parts contradict each other.
    #[error("what `{name}` says {what} is not what its own checks say: it was changed since it was written")]
    Changed {
        /// The report.
        name: String,
        /// Where.
        what: String,
    },
}

/// "shard 2 of 6 is", "shards 2, 4 to 6 of 6 are"
fn shards(gaps: &[RangeInclusive<usize>], count: usize) -> String {
    let one = |gap: &RangeInclusive<usize>| match gap.clone().into_inner() {
        (first, last) if first == last => first.to_string(),
        (first, last) => format!("{first} to {last}"),
    };
    let list = gaps.iter().map(one).collect::<Vec<_>>().join(", ");
    match gaps {
        [gap] if gap.start() == gap.end() => format!("shard {list} of {count} is"),
        _ => format!("shards {list} of {count} are"),
    }
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

//! A shard: one of the equal parts into which a selection of cases is divided, so that several machines run it.
//!
//! The division is a function of the cases alone, in the suite's order: whoever runs shard 2 of 4 of one selection runs
//! the same cases, whatever runs beside them and in whatever order.

use std::{cmp::Reverse, collections::BTreeMap, str::FromStr};

/// One shard of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which, from 1.
    pub index: usize,
    /// Of how many.
    pub count: usize,
}

/// Before the index and the number where something counts from zero.
const ZERO_BASED: &str = "zero-based:";

/// Why a text names no shard.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShardError {
    /// `a/b`, `2`.
    #[error("write the shard and their number, `2/4`, or `{ZERO_BASED}1/4` where the index counts from zero")]
    Form,
    /// `1/0`.
    #[error("there is no shard of none: write `1/1` for everything")]
    OfNone,
    /// `0/4`.
    #[error("shards count from 1: write `1/{0}`, or `{ZERO_BASED}0/{0}` where the index counts from zero")]
    Zero(usize),
    /// `5/4`.
    #[error("of {count} shards the last is `{last}`", last = if *.zero_based { format!("{ZERO_BASED}{}/{count}", .count - 1) } else { format!("{count}/{count}") })]
    Beyond {
        /// How many there are.
        count: usize,
        /// It was written with an index from zero.
        zero_based: bool,
    },
}

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, ShardError> {
        let (zero_based, numbers) = match text.strip_prefix(ZERO_BASED) {
            Some(numbers) => (true, numbers),
            None => (false, text),
        };
        let number = |text: &str| {
            // `parse` takes a sign.
            text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<usize>().ok()).flatten()
        };
        let (index, count) = numbers.split_once('/').ok_or(ShardError::Form)?;
        let (index, count) = number(index).zip(number(count)).ok_or(ShardError::Form)?;
        let index = if zero_based { index.saturating_add(1) } else { index };
        match (index, count) {
            (_, 0) => Err(ShardError::OfNone),
            (0, _) => Err(ShardError::Zero(count)),
            _ if index > count => Err(ShardError::Beyond { count, zero_based }),
            _ => Ok(Self { index, count }),
        }
    }
}

/// A platform to start is as much to do as so many cases.
const START: usize = 5;

impl Shard {
    /// Of cases with these platforms, in the suite's order, which are in this shard. Every case is in one shard.
    ///
    /// Cases of one platform stay together, as a target may start it once for all of them; of a platform with more
    /// cases than a fair share, shares are cut off first. The most numerous go first, each to the shard that has least
    /// to do by then, the first of equals: that leaves those that are alone, most of the platforms, to make up what is
    /// uneven. Dealing out case by case would start nearly every platform in every shard, and equal runs of cases
    /// ordered by platform would leave the many small ones to one.
    #[must_use]
    pub fn of<P: Ord>(self, platforms: &[P]) -> Vec<bool> {
        let fair = platforms.len().div_ceil(self.count).max(1);
        let mut together: BTreeMap<&P, Vec<usize>> = BTreeMap::new();
        for (place, platform) in platforms.iter().enumerate() {
            together.entry(platform).or_default().push(place);
        }
        let mut pieces: Vec<_> = together.values().flat_map(|places| places.chunks(fair)).collect();
        pieces.sort_by_key(|places| (Reverse(places.len()), places.first().copied()));
        // A shard beyond the number of cases is empty.
        let mut to_do = vec![0; self.count.min(platforms.len())];
        let mut mine = vec![false; platforms.len()];
        for places in pieces {
            let least = to_do.iter_mut().enumerate().min_by_key(|(_, to_do)| **to_do);
            let Some((shard, to_do)) = least else { continue };
            *to_do += places.len() + START;
            for place in places {
                if let Some(mine) = mine.get_mut(*place) {
                    *mine = shard + 1 == self.index;
                }
            }
        }
        mine
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let read = |text: &str| text.parse::<Shard>();
        assert_eq!(read("2/4"), Ok(Shard { index: 2, count: 4 }));
        assert_eq!(read("1/1"), Ok(Shard { index: 1, count: 1 }));
        assert_eq!(read("zero-based:0/4"), Ok(Shard { index: 1, count: 4 }));
        assert_eq!(read("zero-based:3/4"), Ok(Shard { index: 4, count: 4 }));
        for (text, message) in [
            ("0/4", "shards count from 1: write `1/4`, or `zero-based:0/4` where the index counts from zero"),
            ("5/4", "of 4 shards the last is `4/4`"),
            ("zero-based:4/4", "of 4 shards the last is `zero-based:3/4`"),
            ("1/0", "there is no shard of none: write `1/1` for everything"),
            ("zero-based:0/0", "there is no shard of none: write `1/1` for everything"),
        ] {
            assert_eq!(read(text).unwrap_err().to_string(), message, "{text}");
        }
        for text in
            ["", "2", "a/b", "/4", "1/", "+1/4", "-1/4", "1/4/4", " 1/4", "1.0/4", "zero:0/4", "$(X)/4"]
        {
            assert_eq!(read(text), Err(ShardError::Form), "{text}");
        }
        assert_eq!(read("1/99999999999999999999999"), Err(ShardError::Form), "no number of this machine");
    }

    /// For each shard of so many, the places of its cases.
    fn divided(platforms: &[u32], count: usize) -> Vec<Vec<usize>> {
        let places = |index| {
            let mine = Shard { index, count }.of(platforms);
            mine.iter().enumerate().filter(|(_, mine)| **mine).map(|(place, _)| place).collect()
        };
        (1..=count).map(places).collect()
    }

    #[test]
    fn every_case_is_in_one_shard() {
        // As many platforms as in suites: a few with many cases, many with one.
        let mixed: Vec<u32> = (0..200).map(|n| if n % 3 == 0 { n } else { n % 5 }).collect();
        for platforms in [vec![], vec![7], vec![7; 10], (0..10).collect(), mixed] {
            for count in [1, 2, 3, 4, 7, 100] {
                let mut all: Vec<_> = divided(&platforms, count).concat();
                all.sort_unstable();
                assert_eq!(all, (0..platforms.len()).collect::<Vec<_>>(), "{platforms:?} in {count}");
            }
        }
    }

    #[test]
    fn cases_of_one_platform_stay_together_up_to_a_fair_share() {
        let platforms = [1, 2, 1, 2, 1, 2, 3, 3, 3];
        assert_eq!(divided(&platforms, 3), [[0, 2, 4], [1, 3, 5], [6, 7, 8]]);
        assert_eq!(divided(&[1; 9], 3), [[0, 1, 2], [3, 4, 5], [6, 7, 8]]);
        // The second half of a platform that is too large, and one that is alone: who starts fewer has more cases.
        let sizes: Vec<_> = divided(&[1, 1, 1, 1, 1, 1, 2, 3, 4, 5], 2).iter().map(Vec::len).collect();
        assert_eq!(sizes, [7, 3]);
    }

    #[test]
    fn more_shards_than_cases_leave_some_empty() {
        assert_eq!(divided(&[1, 2], 4), [vec![0], vec![1], vec![], vec![]]);
        assert_eq!(Shard { index: usize::MAX, count: usize::MAX }.of(&[1]), [false]);
    }
}

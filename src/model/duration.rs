//! Durations as Go writes them: `24h`, `1h30m`, `500ms`, `1.5h` (`time.ParseDuration`).

use jiff::SignedDuration;

/// Why a text is no duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no duration: write a number and a unit, as in `24h`, `1h30m`, `90s` or `500ms`")]
pub struct DurationError(String);

/// Parses a Go duration. Negative ones are read too (`-5m` moves a clock back).
pub fn parse(text: &str) -> Result<SignedDuration, DurationError> {
    let error = || DurationError(text.to_owned());
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(SignedDuration::ZERO);
    }
    if rest.is_empty() {
        return Err(error());
    }
    let mut nanoseconds: i128 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(error)?;
        let (number, tail) = rest.split_at(digits);
        let unit_end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let unit: i128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return Err(error()),
        };
        nanoseconds =
            scaled(number, unit).and_then(|part| nanoseconds.checked_add(part)).ok_or_else(error)?;
        rest = tail;
    }
    let nanoseconds =
        i64::try_from(if negative { -nanoseconds } else { nanoseconds }).map_err(|_| error())?;
    Ok(SignedDuration::from_nanos(nanoseconds))
}

/// `number` times `unit`, fractions cut below a nanosecond as Go cuts them.
fn scaled(number: &str, unit: i128) -> Option<i128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || whole.len() > 18 || fraction.len() > 18 {
        return None;
    }
    let parse = |digits: &str| if digits.is_empty() { Some(0) } else { digits.parse::<i128>().ok() };
    let power = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
    parse(whole)?.checked_mul(unit)?.checked_add(parse(fraction)?.checked_mul(unit)? / power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_durations() {
        let seconds = |text| parse(text).map(|duration| duration.as_secs_f64());
        assert_eq!(seconds("24h"), Ok(86_400.0));
        assert_eq!(seconds("1h30m"), Ok(5_400.0));
        assert_eq!(seconds("1.5h"), Ok(5_400.0));
        assert_eq!(seconds("-5m"), Ok(-300.0));
        assert_eq!(seconds("500ms"), Ok(0.5));
        assert_eq!(seconds("0"), Ok(0.0));
        for bad in ["", "-", "24", "h", "24 h", "1d", "1h.m", "9999999999999h", "1,5h", "٣h"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}

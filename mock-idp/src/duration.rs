//! Durations as Go writes them, `24h`, `1h30m`, `90s`: the control wire and the tenant files speak them.

use jiff::SignedDuration;

/// Reads a Go duration; negative ones too. Fractions are not read: nothing here needs them.
pub(crate) fn parse(text: &str) -> Option<SignedDuration> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    if rest == "0" {
        return Some(SignedDuration::ZERO);
    }
    let mut total = SignedDuration::ZERO;
    let mut parts = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at(digits);
        let unit_end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let number: i64 = number.parse().ok()?;
        let part = match unit {
            "ms" => SignedDuration::from_millis(number),
            "s" => SignedDuration::from_secs(number),
            "m" => SignedDuration::from_secs(number.checked_mul(60)?),
            "h" => SignedDuration::from_secs(number.checked_mul(3_600)?),
            _ => return None,
        };
        total = total.checked_add(part)?;
        parts += 1;
        rest = tail;
    }
    (parts > 0).then(|| if sign < 0 { -total } else { total })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_durations() {
        let seconds = |text| parse(text).map(|duration| duration.as_secs());
        assert_eq!(seconds("24h"), Some(86_400));
        assert_eq!(seconds("1h30m"), Some(5_400));
        assert_eq!(seconds("-5m"), Some(-300));
        assert_eq!(seconds("0"), Some(0));
        for bad in ["", "-", "24", "h", "24 h", "1d", "9999999999999999h", "-24", "1.5h"] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }
}

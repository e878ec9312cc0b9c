//! The exit codes, one documented set with one precedence. They are an interface: CI branches on them.

/// What the process tells its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ExitCode {
    /// Every selected check passed.
    Conformant,
    /// At least one check failed.
    Nonconformant,
    /// Wrong usage, or an invalid scenario, values, tenant or manifest file.
    Usage,
    /// The target or the environment could not be reached or used; also an error of the harness itself.
    Unreachable,
    /// The baseline is out of date.
    StaleBaseline,
    /// A performance threshold was missed.
    ThresholdMissed,
    /// A MUST of the chosen set was not tested, or a selected case was skipped.
    PartlyTested,
    /// Ctrl-C.
    Interrupted,
}

impl ExitCode {
    /// In the order of precedence: where several apply, the first decides.
    pub const PRECEDENCE: [Self; 8] = [
        Self::Interrupted,
        Self::Usage,
        Self::Unreachable,
        Self::Nonconformant,
        Self::StaleBaseline,
        Self::ThresholdMissed,
        Self::PartlyTested,
        Self::Conformant,
    ];

    /// The number.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Conformant => 0,
            Self::Nonconformant => 1,
            Self::Usage => 2,
            Self::Unreachable => 3,
            Self::StaleBaseline => 4,
            Self::ThresholdMissed => 5,
            Self::PartlyTested => 6,
            Self::Interrupted => 130,
        }
    }

    /// The one that decides among those that apply; conformant if none does.
    #[must_use]
    pub fn decide(apply: &[Self]) -> Self {
        Self::PRECEDENCE.into_iter().find(|code| apply.contains(code)).unwrap_or(Self::Conformant)
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.code())
    }
}

#[cfg(test)]
mod tests {
    use super::ExitCode;

    #[test]
    fn precedence_is_2_3_1_4_5_6_and_an_interruption_beats_all() {
        let codes: Vec<_> = ExitCode::PRECEDENCE.iter().map(|code| code.code()).collect();
        assert_eq!(codes, [130, 2, 3, 1, 4, 5, 6, 0]);
        assert_eq!(ExitCode::decide(&[]), ExitCode::Conformant);
        assert_eq!(
            ExitCode::decide(&[ExitCode::PartlyTested, ExitCode::Nonconformant, ExitCode::Unreachable]),
            ExitCode::Unreachable
        );
    }
}

//! The ways in which a component can really be gone.

/// What becomes of the container of a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// Frozen: connections are made, and nobody answers.
    Paused,
    /// Asked to end (SIGTERM), and ended.
    Stopped,
    /// Ended without being asked (SIGKILL).
    Killed,
    /// Cut off from the network, and running.
    Disconnected,
}

impl Absence {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Paused, Self::Stopped, Self::Killed, Self::Disconnected];

    /// The word for it in scenarios.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Paused => "paused",
            Self::Stopped => "stopped",
            Self::Killed => "killed",
            Self::Disconnected => "disconnected",
        }
    }

    /// The one with this word.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|absence| absence.name() == name)
    }
}

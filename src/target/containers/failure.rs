//! What can go wrong with a container engine, each with what to do about it.

use testcontainers::bollard::errors::Error as Docker;

use crate::target::TargetError;

/// Why the engine could not do what was asked of it.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Nobody listens where Docker should.
    #[error(
        "no Docker daemon answers ({0}): start it, or say where it is with DOCKER_HOST; the embedded target needs none"
    )]
    NoDaemon(String),
    /// The socket is there, and not for this user.
    #[error(
        "no permission to use Docker ({0}): add your user to the group `docker` and log in again, or run as a user that may"
    )]
    NoPermission(String),
    /// The daemon has no room.
    #[error(
        "Docker's disk is full: `docker system df` shows what fills it, `docker system prune` frees it ({0})"
    )]
    DiskFull(String),
    /// Somebody else has the port.
    #[error(
        "no free port could be found for a container, several were tried: see who listens, `ss -ltn` ({0})"
    )]
    PortTaken(String),
    /// No more networks fit into Docker's address pools.
    #[error(
        "Docker has no addresses left for another network: `docker network prune` removes unused ones ({0})"
    )]
    NoAddresses(String),
    /// The daemon does not know the image, and could not get it.
    #[error("the image `{image}` is not here and cannot be pulled: {cause}")]
    NoImage {
        /// As it was named.
        image: String,
        /// What the daemon says.
        cause: String,
    },
    /// Containers of the image are no components.
    #[error("the image `{image}` is not one of this version of touchstone: {cause}")]
    Foreign {
        /// As it was named.
        image: String,
        /// What became of a container.
        cause: String,
    },
    /// The executable cannot become an image here.
    #[error("cannot make an image of this executable: {0}; `--image` takes one that was published")]
    NotContained(String),
    /// A component ended by itself.
    #[error("the container of {of} {how}; its last words: {last}")]
    Died {
        /// Its names.
        of: String,
        /// What became of it.
        how: String,
        /// The end of its log.
        last: String,
    },
    /// A component did not answer in time.
    #[error("the container of {of} does not take assignments after {seconds} s")]
    Silent {
        /// Its names.
        of: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// The daemon did not answer in time.
    #[error("the Docker daemon did not answer within {0} s: is it overloaded?")]
    Slow(u64),
    /// What the daemon says where nothing better is known.
    #[error("Docker: {0}")]
    Other(String),
}

impl From<Docker> for EngineError {
    fn from(error: Docker) -> Self {
        let text = innermost(&error);
        let lower = text.to_lowercase();
        let says = |part: &str| lower.contains(part);
        if says("no space left on device") || says("disk quota exceeded") {
            Self::DiskFull(text)
        } else if says("permission denied") {
            Self::NoPermission(text)
        } else if says("port is already allocated") || says("address already in use") {
            Self::PortTaken(text)
        } else if says("could not find an available") || says("address pools have been fully subnetted") {
            Self::NoAddresses(text)
        } else if matches!(error, Docker::RequestTimeoutError) {
            Self::Slow(super::engine::PATIENCE.as_secs())
        } else if matches!(error, Docker::DockerResponseServerError { .. }) {
            Self::Other(text)
        } else if matches!(error, Docker::IOError { .. } | Docker::SocketNotFoundError(_)) || says("connect")
        {
            Self::NoDaemon(text)
        } else {
            Self::Other(text)
        }
    }
}

impl From<EngineError> for TargetError {
    fn from(error: EngineError) -> Self {
        Self::Environment(error.to_string())
    }
}

/// The whole chain of reasons without repetitions, on one line.
pub(super) fn innermost(error: &dyn std::error::Error) -> String {
    let mut said = vec![error.to_string()];
    let mut next = error.source();
    while let Some(error) = next {
        let text = error.to_string();
        if !said.iter().any(|before| before.contains(&text)) {
            said.push(text);
        }
        next = error.source();
    }
    said.join(": ").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(message: &str) -> EngineError {
        Docker::DockerResponseServerError { status_code: 500, message: message.into() }.into()
    }

    #[test]
    fn each_failure_says_what_to_do() {
        let cases = [
            ("write /x: no space left on device", "Docker's disk is full"),
            (
                "driver failed: Bind for 127.0.0.1:1 failed: port is already allocated",
                "no free port could be found",
            ),
            (
                "could not find an available, non-overlapping IPv4 address pool among the defaults",
                "Docker has no addresses left",
            ),
            ("no such thing", "Docker: "),
        ];
        for (said, shown) in cases {
            let error = server(said).to_string();
            assert!(error.starts_with(shown) && error.contains(said), "{error}");
        }
        let io = |kind| EngineError::from(Docker::IOError { err: std::io::Error::from(kind) }).to_string();
        assert!(io(std::io::ErrorKind::PermissionDenied).starts_with("no permission to use Docker"));
        assert!(io(std::io::ErrorKind::ConnectionRefused).starts_with("no Docker daemon answers"));
        assert!(io(std::io::ErrorKind::NotFound).contains("DOCKER_HOST"));
    }
}

//! What a component calls its public paths: the names that the journal shows and that a fault is set on.

use std::sync::Arc;

/// The name of every path that is no endpoint.
const UNKNOWN: &str = "unknown";

/// The public paths of a component. Clones share their content.
#[derive(Clone, Debug)]
pub(super) struct Paths(Arc<[(Path, &'static str)]>);

/// Segments, between slashes; none stands for any one that is not empty.
#[derive(Debug)]
struct Path(Vec<Option<String>>);

impl Paths {
    /// Paths and their names; each `{}` of a path stands for any one segment.
    pub(super) fn new(paths: impl IntoIterator<Item = (String, &'static str)>) -> Self {
        let segment = |segment: &str| (segment != "{}").then(|| segment.to_owned());
        let path = |written: String| Path(written.split('/').map(segment).collect());
        Self(paths.into_iter().map(|(written, name)| (path(written), name)).collect())
    }

    /// The name of a request's path.
    pub(super) fn name(&self, path: &str) -> &'static str {
        self.0.iter().find(|(known, _)| known.is(path)).map_or(UNKNOWN, |(_, name)| *name)
    }

    /// Every name once.
    pub(super) fn names(&self) -> Vec<&'static str> {
        let mut names = Vec::new();
        for name in self.0.iter().map(|(_, name)| *name).chain([UNKNOWN]) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}

impl Path {
    fn is(&self, path: &str) -> bool {
        let mut segments = path.split('/');
        let fits = self.0.iter().all(|known| match (known, segments.next()) {
            (Some(known), Some(segment)) => known == segment,
            (None, Some(segment)) => !segment.is_empty(),
            (_, None) => false,
        });
        fits && segments.next().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_paths_items_and_the_rest() {
        let paths = Paths::new([
            ("/healthz".to_owned(), "healthz"),
            ("/em/healthz".to_owned(), "healthz"),
            ("/servers/{}/latest".to_owned(), "server"),
            ("/servers/{}/{}".to_owned(), "version"),
        ]);
        for (path, name) in [
            ("/healthz", "healthz"),
            ("/em/healthz", "healthz"),
            ("/healthz/", "unknown"),
            ("/servers/a%2Fb/latest", "server"),
            ("/servers/a/b/latest", "unknown"),
            ("/servers//latest", "unknown"),
            ("/servers/latest", "unknown"),
            ("/servers/a/b", "version"),
            ("/servers/a/", "unknown"),
        ] {
            assert_eq!(paths.name(path), name, "{path}");
        }
        assert_eq!(paths.names(), ["healthz", "server", "version", "unknown"]);
    }
}

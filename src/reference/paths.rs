//! What a component calls its public paths: the names that the journal shows and that a fault is set on.

use std::sync::Arc;

/// The name of every path that is no endpoint.
const UNKNOWN: &str = "unknown";

/// The public paths of a component. Clones share their content.
#[derive(Clone, Debug)]
pub(super) struct Paths(Arc<[(Path, &'static str)]>);

#[derive(Debug)]
enum Path {
    Exact(String),
    /// One segment between a beginning and an end.
    Item(String, String),
}

impl Paths {
    /// Paths and their names; a path with `{}` stands for each that has one segment there.
    pub(super) fn new(paths: impl IntoIterator<Item = (String, &'static str)>) -> Self {
        let path = |path: String| match path.split_once("{}") {
            Some((before, after)) => Path::Item(before.to_owned(), after.to_owned()),
            None => Path::Exact(path),
        };
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
        match self {
            Self::Exact(known) => known == path,
            Self::Item(before, after) => path
                .strip_prefix(before.as_str())
                .and_then(|rest| rest.strip_suffix(after.as_str()))
                .is_some_and(|item| !item.is_empty() && !item.contains('/')),
        }
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
        ]);
        for (path, name) in [
            ("/healthz", "healthz"),
            ("/em/healthz", "healthz"),
            ("/healthz/", "unknown"),
            ("/servers/a%2Fb/latest", "server"),
            ("/servers/a/b/latest", "unknown"),
            ("/servers//latest", "unknown"),
            ("/servers/latest", "unknown"),
        ] {
            assert_eq!(paths.name(path), name, "{path}");
        }
        assert_eq!(paths.names(), ["healthz", "server", "unknown"]);
    }
}

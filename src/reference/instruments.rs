//! What a test sees and turns at every component: its requests, its faults, its clock. A component has one set of them,
//! puts them around its public face, and gives them to its control wire.

use std::{io, sync::Arc};

use axum::Router;
use jiff::Timestamp;

use super::{
    control::{self, Controls},
    faults::Faults,
    journal::Journal,
    paths::Paths,
};
use crate::{
    clock::{Clock, ManualClock},
    net,
};

/// A component's instruments. Clones share their content.
#[derive(Clone, Debug)]
pub(super) struct Instruments {
    clock: Arc<dyn Clock>,
    /// Where a reset puts the clock.
    pub(super) start: Timestamp,
    /// The component's requests.
    pub(super) journal: Journal,
    /// What is wrong with it on purpose.
    pub(super) faults: Faults,
}

impl Instruments {
    /// Those of a component with these paths, which starts now.
    pub(super) fn new(clock: &Arc<dyn Clock>, paths: Paths) -> Self {
        let faults = Faults::new(paths.clone());
        Self::with(clock, paths, faults)
    }

    /// Those of a component that signs envelopes.
    pub(super) fn of_signer(clock: &Arc<dyn Clock>, paths: Paths) -> Self {
        let faults = Faults::of_signer(paths.clone());
        Self::with(clock, paths, faults)
    }

    fn with(clock: &Arc<dyn Clock>, paths: Paths, faults: Faults) -> Self {
        let journal = Journal::new(Arc::clone(clock), paths);
        Self { clock: Arc::clone(clock), start: clock.now(), journal, faults }
    }

    /// The time on the component's clock.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The public face with its faults before it, and every request written down.
    pub(super) fn around(&self, router: Router) -> Router {
        self.journal.keep(self.faults.before(router))
    }

    /// The switch below HTTP, for the listener of the public face.
    pub(super) fn connections(&self) -> net::Faults {
        self.faults.connections()
    }

    /// The control wire. `own` has the requests that not every component takes; `forget` drops every cache of the
    /// component, and what else changed since its start.
    pub(super) fn control_router(
        &self,
        secret: &str,
        movable: Option<ManualClock>,
        own: Router,
        forget: impl Fn() -> io::Result<()> + Send + Sync + 'static,
    ) -> Router {
        control::router(
            Controls { instruments: self.clone(), movable, forget: Box::new(forget) },
            own,
            secret,
        )
    }
}

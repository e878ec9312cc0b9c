//! Ctrl-C, and the SIGTERM of a service manager or of a CI system that cancels a job.

use std::io;

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
#[cfg(windows)]
use tokio::signal::windows::{CtrlC, ctrl_c};

/// The signals are caught from the creation on, not from the first wait.
pub(super) struct Signals {
    #[cfg(unix)]
    interrupt: Signal,
    #[cfg(unix)]
    terminate: Signal,
    #[cfg(windows)]
    interrupt: CtrlC,
}

impl Signals {
    /// Must be called inside a runtime.
    #[cfg(unix)]
    pub(super) fn catch() -> io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Must be called inside a runtime.
    #[cfg(windows)]
    pub(super) fn catch() -> io::Result<Self> {
        Ok(Self { interrupt: ctrl_c()? })
    }

    /// Until one comes.
    #[cfg(unix)]
    pub(super) async fn wait(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// Until one comes.
    #[cfg(windows)]
    pub(super) async fn wait(&mut self) {
        self.interrupt.recv().await;
    }
}
